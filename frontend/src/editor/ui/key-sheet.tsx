import { useEffect, useReducer, useState } from 'react';
import { t } from '../../i18n/words.ts';
import type { KeyMap } from '../model/tools/keymap.ts';
import { keyOf, showKey } from '../model/tools/keys.ts';

export interface KeySheetProps {
  readonly keyMap: KeyMap;
  /** Commands that this page has; others of the table are left out. */
  readonly known: ReadonlySet<string>;
}

/** Keys that the picture and the text have for themselves while they have the focus; they cannot be changed. */
const FIXED: ReadonlyArray<readonly [keys: string, title: string]> = [
  ['Enter', t('Finish the shape being drawn; on the picture reached by Tab, with a label taken up: put a shape into its middle')],
  [t('Alt + arrows'), t('Resize the selected shape by 1 px (Shift: 10)')],
  [t('Page up, Page down'), t('Rotate by 1° (Shift: 15)')],
  [', .', t('Pick a corner of the selected polygon; arrows move it, Insert adds one, Del takes it away')],
  [t('Space or Shift + drag, wheel'), t('Move the picture')],
  [t('Ctrl + wheel, two fingers'), t('Zoom')],
];

/** Of a model that is asked while one draws. */
const WHILE_ASKING: ReadonlyArray<readonly [keys: string, title: string]> = [
  ['Enter', t('Accept what the model answered, or what of it is selected; then it submits again')],
  ['Esc', t('Refuse it, or wait for it no longer')],
  [t('Alt + click'), t('With a point that asks: this is not meant')],
];

/** What every key does, and the place to change it. */
export function KeySheet({ keyMap, known }: KeySheetProps) {
  const [, draw] = useReducer((count: number) => count + 1, 0);
  const [asking, setAsking] = useState<string | null>(null);
  const [trouble, setTrouble] = useState('');
  useEffect(() => keyMap.subscribe(draw), [keyMap]);
  useEffect(() => {
    if (asking === null) return undefined;
    const hear = (event: KeyboardEvent): void => {
      const key = keyOf(event);
      if (key === null) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      if (key !== 'escape') setTrouble(change(keyMap, asking, key));
      setAsking(null);
    };
    window.addEventListener('keydown', hear, { capture: true });
    return () => window.removeEventListener('keydown', hear, { capture: true });
  }, [asking, keyMap]);
  const commands = keyMap.list().filter((command) => known.has(command.id));
  return (
    <>
      <p className="two">{t('Press a key’s button to give the act another key. Changes go with you to every browser.')}</p>
      {trouble && <p className="notice warn" role="alert">{trouble}</p>}
      <dl className="keys">
        {commands.map(({ id, title, keys }) => (
          <div key={id}>
            <dt>{title}</dt>
            <dd>
              <button type="button" className={`keycap ${asking === id ? 'asking' : ''}`} onClick={() => (setTrouble(''), setAsking(id))}>
                <span className="unseen">{t('Change the key of {title}:', { title })} </span>
                {asking === id ? t('press a key') : keys.length === 0 ? t('none') : keys.map((key) => <kbd key={key}>{showKey(key)}</kbd>)}
              </button>
            </dd>
          </div>
        ))}
      </dl>
      <FixedKeys title={t('On the focused picture')} keys={FIXED} />
      {known.has('suggestions.ask') && <FixedKeys title={t('With auto-annotate on')} keys={WHILE_ASKING} />}
      <div className="row"><button type="button" className="btn" onClick={() => (setTrouble(''), keyMap.reset())}>{t('Give all keys back')}</button></div>
    </>
  );
}

function FixedKeys({ title, keys }: { title: string; keys: typeof FIXED }) {
  return (
    <>
      <h3 className="keys-head">{title}</h3>
      <dl className="keys fixed">
        {keys.map(([key, act]) => <div key={key}><dt>{act}</dt><dd><kbd>{key}</kbd></dd></div>)}
      </dl>
    </>
  );
}

function change(keyMap: KeyMap, id: string, key: string): string {
  const answer = keyMap.remap(id, key);
  if (answer.ok) return '';
  return answer.heldBy ? t('{key} is taken by “{title}”. Change that one first.', { key: showKey(key), title: answer.heldBy.title }) : t('{key} cannot be used.', { key: showKey(key) });
}
