import { lazy, Suspense, useEffect, useMemo, useState } from 'react';
import type { EditorConfig, ObjectTag } from '../../editor/model/config/config';
import { Icon } from '../../ui/icon';
import { Notice } from '../../ui/parts';
import './config.css';

const Live = lazy(() => import('./live'));

type Parse = (xml: string) => EditorConfig;

interface PreviewProps {
  config: string;
  /** Data of the task to show; undefined while there is none. */
  data: Readonly<Record<string, unknown>> | undefined;
}

/** The first task as the label page shows it: try the labels on it; nothing is kept. */
export function Preview({ config, data }: PreviewProps) {
  const parse = useParser();
  const parsed = useMemo(() => parse?.(config), [parse, config]);
  if (!parsed) return <div className="preview"><div className="preview-stage" aria-busy="true" /></div>;
  return (
    <div className="preview">
      {data && parsed.objects.length > 0
        ? <Suspense fallback={<div className="preview-stage" aria-busy="true" />}><Live config={parsed} data={data} /></Suspense>
        : <Waiting config={parsed} object={parsed.objects[0]} />}
      {data && parsed.controls.some((control) => control.makes !== 'answer') && <p className="muted small">Try it: choose a label and draw. Nothing here is saved.</p>}
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

/** What will be shown here, and with which labels, before there is a task. */
function Waiting({ config, object }: { config: EditorConfig; object: ObjectTag | undefined }) {
  const labels = config.controls.filter((control) => control.makes !== 'answer').flatMap((control) => control.labels);
  const words = object === undefined ? 'Nothing to show yet: the config names no picture and no text.' : object.kind === 'image' ? 'Drop pictures to see the first one here' : 'Drop texts to see the first one here';
  return (
    <div className="preview-stage">
      <div className="none"><Icon name={object?.kind === 'text' ? 'text' : 'picture'} size={22} /><p className="two">{words}</p></div>
      {labels.length > 0 && <ul className="preview-palette" aria-label="Labels">{labels.map((label, index) => <li key={index} style={{ ['--c' as string]: label.colour }}><span className="sq" />{label.shown}</li>)}</ul>}
    </div>
  );
}

const listOf = (names: readonly string[]): string => [...new Set(names)].map((name) => `<${name}>`).join(', ');
