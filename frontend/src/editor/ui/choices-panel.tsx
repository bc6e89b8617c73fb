import { useId, useRef, type KeyboardEvent } from 'react';
import { t } from '../../i18n/words.ts';
import type { ControlTag, LabelSpec } from '../model/config/config.ts';
import type { Editor } from '../model/editor.ts';
import type { KeyMap } from '../model/tools/keymap.ts';
import { showKey } from '../model/tools/keys.ts';
import type { Answer } from '../model/types.ts';
import { keepFocus } from './keep-focus.ts';
import { useEditor } from './use-editor.ts';

export interface ChoicesPanelProps {
  readonly editor: Editor;
  readonly keyMap: KeyMap;
  readonly control: ControlTag;
  /** The header that stands before it in the config, else its name. */
  readonly title: string;
  /** Why it stopped a submit. */
  readonly missing: string | null;
}

/** As many letters stand in half the width of a phone. */
const BRIEF = 12;
const MANY = 5;

/** A question about the whole picture or text. */
export function ChoicesPanel({ editor, keyMap, control, title, missing }: ChoicesPanelProps) {
  const answer = useEditor(editor, (it) => it.store.answers().get(control.name));
  const id = useId();
  const isBrief = control.labels.every((label) => label.shown.length <= BRIEF);
  const isShort = control.labels.length <= 3 && isBrief && !control.multiple;
  return (
    <div className={`question ${isShort ? 'short' : isBrief && control.labels.length > MANY ? 'brief' : ''}`} data-testid="choices" data-control={control.name}>
      <div className="question-head">
        <span id={id}>{title}</span>
        {control.required && <span className="muted small">{t('required')}</span>}
        {answer?.suggested && <Suggested editor={editor} control={control} answer={answer} />}
      </div>
      <Options editor={editor} keyMap={keyMap} control={control} answer={answer} titleId={id} isShort={isShort} />
      {missing !== null && <p className="wrong" role="alert" data-testid="obstacle">{missing}</p>}
    </div>
  );
}

function Suggested({ editor, control, answer }: { editor: Editor; control: ControlTag; answer: Answer }) {
  const [only, ...more] = answer.values;
  const name = more.length > 0 ? undefined : control.labels.find(({ value }) => value === only)?.shown;
  return (
    <button type="button" className="btn small" title={t('Accept the suggested answer')} onClick={() => editor.setAnswer(control.name, answer.values)}>
      {name !== undefined && name.length <= BRIEF ? t('Accept {name}', { name }) : t('Accept suggestion')}
    </button>
  );
}

interface OptionsProps {
  readonly editor: Editor;
  readonly keyMap: KeyMap;
  readonly control: ControlTag;
  readonly answer: Answer | undefined;
  readonly titleId: string;
  readonly isShort: boolean;
}

function Options(props: OptionsProps) {
  if (props.control.attributes.layout === 'select' && !props.control.multiple) return <SelectOptions {...props} />;
  return <ListOptions {...props} />;
}

function SelectOptions({ editor, control, answer, titleId }: OptionsProps) {
  const value = answer?.values[0] ?? '';
  return (
    <select className="input" aria-labelledby={titleId} value={value} onChange={(event) => editor.setAnswer(control.name, event.target.value === '' ? [] : [event.target.value])}>
      <option value="">{t('Choose…')}</option>
      {control.labels.map((label) => <option key={label.value} value={label.value}>{label.shown}</option>)}
    </select>
  );
}

/** Buttons: one of them (a second press takes a single choice back, a radio one stays), or several. */
function ListOptions({ editor, keyMap, control, answer, titleId, isShort }: OptionsProps) {
  const box = useRef<HTMLDivElement>(null);
  const role = control.multiple ? 'checkbox' : 'radio';
  const chosen = new Set(answer?.values);
  const stop = control.labels.findIndex((label) => chosen.has(label.value));
  return (
    <div
      ref={box}
      className={`${isShort ? 'seg' : 'options'} ${answer?.suggested ? 'hollow' : ''}`}
      role={control.multiple ? 'group' : 'radiogroup'}
      aria-labelledby={titleId}
      onKeyDown={(event) => walk(event, box.current)}
    >
      {control.labels.map((label, index) => (
        <Option
          key={label.value}
          label={label}
          role={role}
          isOn={chosen.has(label.value)}
          hotkey={keyMap.hotkeyOf(control.name, label.value)}
          isShort={isShort}
          hasTabStop={control.multiple || index === Math.max(stop, 0)}
          onPress={() => press(editor, control, label, chosen.has(label.value))}
        />
      ))}
    </div>
  );
}

interface OptionProps {
  readonly label: LabelSpec;
  readonly role: 'checkbox' | 'radio';
  readonly isOn: boolean;
  readonly hotkey: string | undefined;
  readonly isShort: boolean;
  readonly hasTabStop: boolean;
  readonly onPress: () => void;
}

function Option({ label, role, isOn, hotkey, isShort, hasTabStop, onPress }: OptionProps) {
  return (
    <button
      type="button"
      role={role}
      aria-checked={isOn}
      className={isOn ? 'on' : ''}
      title={[label.hint ?? label.shown, hotkey && showKey(hotkey)].filter(Boolean).join('  ')}
      tabIndex={hasTabStop ? 0 : -1}
      data-testid="choice"
      data-choice={label.value}
      {...keepFocus}
      onClick={onPress}
    >
      {!isShort && <span className={`tick ${role}`} aria-hidden="true" />}
      <span className={isShort ? '' : 'grow'}>{label.shown}</span>
      {hotkey && !isShort && <kbd className="wide">{showKey(hotkey)}</kbd>}
    </button>
  );
}

/** What a press, or the choice's key, does. */
export function press(editor: Editor, control: ControlTag, label: LabelSpec, isOn: boolean): void {
  const staysOn = control.attributes.choice === 'single-radio' && isOn && !editor.store.answers().get(control.name)?.suggested;
  if (!staysOn) editor.toggleAnswer(control.name, label.value);
}

function walk(event: KeyboardEvent, box: HTMLElement | null): void {
  const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  if (step === undefined || !box) return;
  const options = [...box.querySelectorAll<HTMLElement>('button')];
  const at = options.indexOf(event.target as HTMLElement);
  options[(at + step + options.length) % options.length]?.focus();
  event.preventDefault();
}
