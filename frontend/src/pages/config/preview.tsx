import { useEffect, useMemo, useState } from 'react';
import { mediaAddress } from '../../api/base';
import type { ControlTag, EditorConfig, ObjectTag } from '../../editor/model/config/config';
import { Icon } from '../../ui/icon';
import { Notice } from '../../ui/parts';
import { Stage } from './stage';
import './config.css';

type Parse = (xml: string) => EditorConfig;

interface PreviewProps {
  config: string;
  /** Data of the task to show; undefined while there is none. */
  data: Readonly<Record<string, unknown>> | undefined;
}

/** The first task as the label page will show it: try the labels on it; nothing is kept. */
export function Preview({ config, data }: PreviewProps) {
  const parse = useParser();
  const parsed = useMemo(() => parse?.(config), [parse, config]);
  if (!parsed) return <div className="preview"><div className="preview-stage" /></div>;
  const answers = parsed.controls.filter((control) => control.makes === 'answer');
  return (
    <div className="preview">
      {parsed.objects.map((object) => <Stage key={`${object.kind} ${object.name}`} config={parsed} object={object} value={valueOf(object, data)} />)}
      {parsed.objects.length === 0 && <div className="preview-stage none"><Icon name="eye" size={22} /><p className="two">Nothing to show yet: the config names no picture and no text.</p></div>}
      {answers.map((control) => <Answers key={control.name} control={control} />)}
      {parsed.unsupported.length > 0 && <Notice tone="warn">The label page cannot draw {listOf(parsed.unsupported.map((each) => each.tag))} yet. Results that come with the data are kept untouched.</Notice>}
    </div>
  );
}

function useParser(): Parse | undefined {
  const [parse, setParse] = useState<Parse>();
  useEffect(() => {
    void import('../../editor/model/config/parse').then((module) => setParse(() => module.parseConfig));
  }, []);
  return parse;
}

/** What an object shows of the data: a text, or the address of a picture. */
function valueOf(object: ObjectTag, data: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const value = object.value.startsWith('$') ? data?.[object.value.slice(1)] : object.value;
  if (value === undefined || value === null) return undefined;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return object.kind === 'image' && !text.startsWith('blob:') ? mediaAddress(text) : text;
}

function Answers({ control }: { control: ControlTag }) {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const choose = (value: string) => {
    const next = new Set(control.multiple ? chosen : []);
    if (chosen.has(value)) next.delete(value);
    else next.add(value);
    setChosen(next);
  };
  return (
    <div className="preview-answers">
      <span className="two">{control.name}</span>
      <span className="row wrap">{control.labels.map((label) => <button key={label.value} type="button" className={chosen.has(label.value) ? 'chip on' : 'chip'} aria-pressed={chosen.has(label.value)} onClick={() => choose(label.value)}>{label.shown}</button>)}</span>
    </div>
  );
}

const listOf = (names: readonly string[]): string => [...new Set(names)].map((name) => `<${name}>`).join(', ');
