import { useEffect, useLayoutEffect, useReducer, type ReactNode } from 'react';
import { useStore } from 'zustand';
import { namesPrompts, isSmart } from '../../../editor/model/exchange.ts';
import type { EditorConfig } from '../../../editor/model/config/config.ts';
import type { Editor } from '../../../editor/model/editor.ts';
import { isPrompt } from '../../../editor/model/suggestions.ts';
import type { KeyMap } from '../../../editor/model/tools/keymap.ts';
import { showKey } from '../../../editor/model/tools/keys.ts';
import { keepFocus } from '../../../editor/ui/keep-focus.ts';
import type { StageSurfaces } from '../../../editor/ui/stage-surfaces.ts';
import { tip } from '../../../editor/ui/tool-strip.tsx';
import { useEditor } from '../../../editor/ui/use-editor.ts';
import { rich } from '../../../i18n/rich.tsx';
import { listed, plural, t } from '../../../i18n/words.ts';
import { Icon } from '../../../ui/icon.tsx';
import type { Asking, Phase } from './asking.ts';
import './asking.css';

export interface AskBarProps {
  readonly asking: Asking;
  readonly editor: Editor;
  readonly keyMap: KeyMap;
  readonly surfaces: StageSurfaces;
}

/** Over the picture while auto-annotate is on: what to draw, how the question stands, and what to do with the answer. */
export function AskBar(props: AskBarProps) {
  const isOn = useStore(props.asking.state, (state) => state.isOn);
  return isOn && <OpenBar {...props} />;
}

/** The switch among the tools. */
export function AskButton({ asking, keyMap }: Pick<AskBarProps, 'asking' | 'keyMap'>) {
  const isOn = useStore(asking.state, (state) => state.isOn);
  return (
    <button type="button" className={isOn ? 'on' : ''} aria-pressed={isOn} aria-label={t('Auto-annotate')} title={tip(t('Auto-annotate'), keyMap, 'suggestions.ask')} {...keepFocus} onClick={() => asking.toggle()}>
      <Icon name="wand" />
    </button>
  );
}

/** Esc is for the answer before the picture or text hears it, but for what is being drawn; a press with Alt is noted. */
function useFirstWord({ asking, keyMap, surfaces }: AskBarProps): void {
  useLayoutEffect(() => {
    const heard = new AbortController();
    const options = { capture: true, signal: heard.signal };
    const hear = (event: KeyboardEvent): void => {
      asking.noteAlt(false);
      const binding = keyMap.lookup(event);
      if (binding?.kind !== 'command' || binding.id !== 'page.cancel') return;
      if (surfaces.isDrawing() || document.querySelector('dialog[open]') || !asking.refuse()) return;
      event.preventDefault();
      event.stopPropagation();
    };
    addEventListener('keydown', hear, options);
    addEventListener('pointerup', (event) => asking.noteAlt(event.altKey), options);
    return () => heard.abort();
  }, [asking, keyMap, surfaces]);
}

function OpenBar(props: AskBarProps) {
  const { asking, editor, keyMap } = props;
  useFirstWord(props);
  const { model, acceptsByItself, isCounter, phase } = useStore(asking.state);
  const count = useEditor(editor, countPending);
  const hasPrompts = useEditor(editor, (it) => it.store.all().some(isPrompt));
  const shown = phase.kind === 'answered' && count === 0 ? 'ready' : phase.kind;
  const name = <b>{model.title}</b>;
  return (
    <div className="corner asking" role="group" aria-label={t('Auto-annotate')} data-testid="asking" data-phase={shown}>
      <div className="asking-line" role="status">
        <Icon name={shown === 'failed' ? 'warn' : 'wand'} />
        <Words phase={shown === 'ready' ? { kind: 'ready' } : phase} count={count} config={editor.config} name={name} />
      </div>
      <span className="asking-acts">
        {shown === 'asking' && <Act words={t('Stop')} command="page.cancel" keyMap={keyMap} run={() => asking.refuse()} />}
        {count > 0 && <Act words={t('Accept')} command="task.submit" keyMap={keyMap} run={() => asking.accept()} />}
        {count > 0 && shown !== 'asking' && <Act words={t('Refuse')} command="page.cancel" keyMap={keyMap} run={() => asking.refuse()} isQuiet />}
        {shown === 'failed' && <Act words={t('Try again')} keyMap={keyMap} run={() => asking.again()} />}
        {(shown === 'failed' || shown === 'nothing') && count === 0 && hasPrompts && <Act words={t('Keep what I drew')} keyMap={keyMap} run={() => asking.keepDrawn()} isQuiet />}
      </span>
      <span className="asking-switches">
        {asking.models.length > 1 && (
          <select className="input small" aria-label={t('Model to ask')} value={model.id} onChange={(event) => asking.choose(Number(event.target.value))}>
            {asking.models.map(({ id, title }) => <option key={id} value={id}>{title}</option>)}
          </select>
        )}
        {asksWithPoints(editor.config) && <Switch words={t('Not this')} title={t('The next points say what is not meant, as a press with Alt does')} isOn={isCounter} onPress={(is) => asking.setCounter(is)} />}
        <Switch className={shown === 'ready' ? '' : 'wide'} words={t('Accept by itself')} title={t('Take over what it answers without asking you')} isOn={acceptsByItself} onPress={(is) => asking.setAcceptsByItself(is)} />
        <button type="button" className="btn ghost icon small" title={tip(t('End auto-annotate'), keyMap, 'suggestions.ask')} aria-label={t('End auto-annotate')} {...keepFocus} onClick={() => asking.toggle()}><Icon name="close" /></button>
      </span>
    </div>
  );
}

function countPending(editor: Editor): number {
  let count = 0;
  for (const { exchange } of editor.store.all()) if (exchange === 'answer') count += 1;
  for (const { exchange } of editor.store.answers().values()) if (exchange === 'answer') count += 1;
  return count;
}

interface WordsProps {
  readonly phase: Phase;
  readonly count: number;
  readonly config: EditorConfig;
  readonly name: ReactNode;
}

function Words({ phase, count, config, name }: WordsProps) {
  switch (phase.kind) {
    case 'ready':
      return <span>{rich('{what}: {name} answers.', { what: invitation(config), name })}</span>;
    case 'asking':
      return <Waited since={phase.since} name={name} />;
    case 'nothing':
      return <span>{rich('{name} found nothing there.', { name })}{leftOut(phase.leftOutCount)}</span>;
    case 'failed':
      return <span>{rich('{name} gave no answer. {message}', { name, message: phase.message })}</span>;
    case 'answered':
      return (
        <span>
          {rich('{suggestions} from {name}.', { suggestions: plural(count, '{n} suggestion', '{n} suggestions'), name })}
          {phase.unlabelledCount > 0 && ` ${plural(phase.unlabelledCount, 'One has no label: press a label’s key.', '{n} have no label: press a label’s key.')}`}
          {leftOut(phase.leftOutCount)}
        </span>
      );
  }
}

const leftOut = (count: number): string => (count === 0 ? '' : ` ${plural(count, '{n} result of a kind that this page cannot draw was left out.', '{n} results of a kind that this page cannot draw were left out.')}`);

const SHAPES = { rectangle: t('draw a rectangle'), ellipse: t('draw an ellipse'), polygon: t('draw a polygon'), keypoint: t('set a point'), span: t('mark some words') } as const;

/** "Draw a rectangle or set a point". */
function invitation(config: EditorConfig): string {
  const named = namesPrompts(config);
  const makes = new Set(config.controls.filter(({ attributes }) => !named || isSmart(attributes)).map((control) => control.makes));
  const ways = Object.entries(SHAPES).flatMap(([kind, words]) => (makes.has(kind as keyof typeof SHAPES) ? [words] : []));
  const said = ways.length > 0 ? listed(ways, 'disjunction') : t('draw');
  return said.charAt(0).toUpperCase() + said.slice(1);
}

const asksWithPoints = (config: EditorConfig): boolean => config.controls.some(({ makes, attributes }) => makes === 'keypoint' && isSmart(attributes));

/** How long it has been asked, once that takes a second. */
function Waited({ since, name }: { since: number; name: ReactNode }) {
  const [, draw] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    const timer = setInterval(draw, 1000);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.floor((performance.now() - since) / 1000);
  return (
    <>
      <span>{rich('{name} is asked…', { name })} <span className="muted" aria-hidden="true">{seconds > 0 && t('{n} s@@seconds', { n: seconds })}</span></span>
      <span className="meter asking-meter" aria-hidden="true"><i className="unknown" style={{ width: '40%' }} /></span>
    </>
  );
}

interface ActProps {
  readonly words: string;
  readonly command?: string;
  readonly keyMap: KeyMap;
  readonly run: () => void;
  readonly isQuiet?: boolean;
}

function Act({ words, command, keyMap, run, isQuiet = false }: ActProps) {
  const [key] = command === undefined ? [] : keyMap.keysOf(command);
  return (
    <button type="button" className={isQuiet ? 'btn ghost' : 'btn'} {...keepFocus} onClick={run}>
      {words} {key !== undefined && <kbd className="wide">{showKey(key)}</kbd>}
    </button>
  );
}

interface SwitchProps {
  readonly words: string;
  readonly title: string;
  readonly isOn: boolean;
  readonly onPress: (isOn: boolean) => void;
  readonly className?: string;
}

function Switch({ words, title, isOn, onPress, className = '' }: SwitchProps) {
  return (
    <label className={`check ${className}`} title={title} {...keepFocus}>
      <input type="checkbox" checked={isOn} onChange={(event) => onPress(event.target.checked)} />
      <span className="nowrap">{words}</span>
    </label>
  );
}
