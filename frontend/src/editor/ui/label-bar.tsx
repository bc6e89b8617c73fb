import { useEffect, useRef, useState, type CSSProperties, type KeyboardEvent } from 'react';
import { t } from '../../i18n/words.ts';
import { Icon, type IconName } from '../../ui/icon.tsx';
import type { ControlTag, LabelSpec } from '../model/config/config.ts';
import type { Editor } from '../model/editor.ts';
import type { KeyMap } from '../model/tools/keymap.ts';
import { showKey } from '../model/tools/keys.ts';
import { keepFocus } from './keep-focus.ts';
import { useEditor } from './use-editor.ts';

/** More than this many labels are found by name. */
export const MOST_SHOWN = 9;

/** Names up to this long need no cutting, which costs a little in every frame. */
const FITS = 14;

interface Shown {
  readonly control: ControlTag;
  readonly label: LabelSpec;
}

export interface LabelBarProps {
  readonly editor: Editor;
  readonly keyMap: KeyMap;
  readonly isFinding: boolean;
  readonly onFinding: (isFinding: boolean) => void;
}

/** The labels, within reach: a press takes one up, or gives it to what is selected. */
export function LabelBar({ editor, keyMap, isFinding, onFinding }: LabelBarProps) {
  const controls = editor.config.controls.filter((control) => control.makes !== 'answer' && control.labels.length > 0);
  const { tool, active } = useEditor(editor, (it) => it.labelState);
  if (controls.length === 0) return null;
  const all = controls.flatMap((control) => control.labels.map((label) => ({ control, label })));
  const isLong = all.length > MOST_SHOWN;
  const current = controls.find((control) => active.some((item) => item.fromName === control.name))
    ?? controls.find((control) => control.makes === tool) ?? controls[0]!;
  const groups = isLong ? controls.map((control) => (control === current ? control : null)) : controls;
  return (
    <div className="palette" role="toolbar" aria-label={t('Labels')} ref={tellHeight}>
      {controls.map((control, index) => (
        <div className="group" role="group" aria-label={control.name} key={control.name}>
          {isLong && controls.length > 1 && <GroupHead control={control} isOpen={groups[index] !== null} editor={editor} />}
          {groups[index] && shownOf(control, isLong, active).map((label) => (
            <LabelButton key={label.value} editor={editor} keyMap={keyMap} control={control} label={label} />
          ))}
        </div>
      ))}
      {(isLong || isFinding) && <Finder all={all} editor={editor} keyMap={keyMap} isFinding={isFinding} onFinding={onFinding} />}
    </div>
  );
}

/** The stage leaves room for the bar, however many rows it has. */
function tellHeight(bar: HTMLDivElement | null): (() => void) | undefined {
  if (!bar) return undefined;
  const tell = (): void => bar.parentElement?.style.setProperty('--bar', `${bar.offsetHeight}px`);
  tell();
  const resized = new ResizeObserver(tell);
  resized.observe(bar);
  return () => resized.disconnect();
}

/** The first nine, and those taken up. */
function shownOf(control: ControlTag, isLong: boolean, active: readonly { fromName: string; value: string }[]): readonly LabelSpec[] {
  if (!isLong) return control.labels;
  const taken = new Set(active.filter((item) => item.fromName === control.name).map((item) => item.value));
  return control.labels.filter((label, index) => index < MOST_SHOWN || taken.has(label.value));
}

/** Of many labels only one control's are shown; the others wait behind their icon. */
function GroupHead({ control, isOpen, editor }: { control: ControlTag; isOpen: boolean; editor: Editor }) {
  return (
    <button
      type="button"
      className={`kind ${isOpen ? 'open' : ''}`}
      aria-expanded={isOpen}
      aria-label={t('Labels of {name}', { name: control.name })}
      title={control.name}
      {...keepFocus}
      onClick={() => editor.setTool(control.makes as never)}
    >
      <Icon name={control.makes as IconName} />
    </button>
  );
}

interface LabelButtonProps extends Shown {
  readonly editor: Editor;
  readonly keyMap: KeyMap;
}

function LabelButton({ editor, keyMap, control, label }: LabelButtonProps) {
  const isOn = useEditor(editor, (it) => isInHand(it, control, label));
  const key = keyMap.hotkeyOf(control.name, label.value);
  return (
    <button
      type="button"
      className={isOn ? 'on' : ''}
      style={{ '--c': label.colour } as CSSProperties}
      aria-pressed={isOn}
      title={[label.hint ?? label.shown, key && showKey(key)].filter(Boolean).join('  ')}
      data-testid="label"
      data-label={label.value}
      {...keepFocus}
      onClick={(event) => press(editor, control, label, event.ctrlKey || event.metaKey)}
    >
      <span className={`sq ${control.makes}`} />
      <span className={label.shown.length > FITS ? 'cut' : 'nowrap'}>{label.shown}</span>
      {key && <kbd className="wide">{showKey(key)}</kbd>}
    </button>
  );
}

/** Of what is selected, where something is; else taken up for the next shape. */
function isInHand(editor: Editor, control: ControlTag, label: LabelSpec): boolean {
  const selected = editor.selection.ids();
  if (selected.size > 0) {
    const [first] = selected;
    const region = editor.store.get(first!);
    return region?.fromName === control.name && region.labels.includes(label.value);
  }
  const isTaken = editor.labelState.active.some((item) => item.fromName === control.name && item.value === label.value);
  return isTaken && editor.tool === control.makes;
}

function press(editor: Editor, control: ControlTag, label: LabelSpec, isAdding: boolean): void {
  const isTaken = editor.labelState.active.some((item) => item.fromName === control.name && item.value === label.value);
  if (isAdding && editor.selection.ids().size > 0) editor.toggleLabel(editor.selection.ids(), label.value);
  else if (isAdding) editor.toggleActiveLabel(control.name, label.value);
  else if (isTaken && editor.selection.ids().size === 0) letGo(editor, control);
  else editor.chooseLabel(control.name, label.value);
}

function letGo(editor: Editor, control: ControlTag): void {
  editor.setActiveLabel(control.name, null);
  editor.setTool('select');
}

interface FinderProps {
  readonly all: readonly Shown[];
  readonly editor: Editor;
  readonly keyMap: KeyMap;
  readonly isFinding: boolean;
  readonly onFinding: (isFinding: boolean) => void;
}

function Finder({ all, editor, keyMap, isFinding, onFinding }: FinderProps) {
  return (
    <div className="finder">
      <button
        type="button"
        className="two"
        aria-expanded={isFinding}
        aria-haspopup="listbox"
        data-testid="find-label"
        title={t('Find one of {n} labels', { n: all.length })}
        {...keepFocus}
        onClick={() => onFinding(!isFinding)}
      >
        <kbd className="wide">{showKey(keyMap.keysOf('label.find')[0] ?? '/')}</kbd> {t('find')}
      </button>
      {isFinding && <FinderList all={all} editor={editor} onDone={() => onFinding(false)} />}
    </div>
  );
}

function takeFocus(input: HTMLInputElement | null): void {
  input?.focus();
}

function FinderList({ all, editor, onDone }: { all: readonly Shown[]; editor: Editor; onDone: () => void }) {
  const [query, setQuery] = useState('');
  const [at, setAt] = useState(0);
  const list = useRef<HTMLUListElement>(null);
  const found = search(all, query);
  const back = useRef(document.activeElement);
  useEffect(() => () => (back.current as HTMLElement | null)?.focus?.({ preventScroll: true }), []);
  useEffect(() => void list.current?.children[at]?.scrollIntoView({ block: 'nearest' }), [at]);
  const choose = (item: Shown | undefined): void => {
    if (item) editor.chooseLabel(item.control.name, item.label.value);
    onDone();
  };
  const move = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) setAt((at + step + found.length) % Math.max(found.length, 1));
    else if (event.key === 'Enter') choose(found[at]);
    else if (event.key === 'Escape') onDone();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div className="find-pop" onKeyDown={move}>
      <input
        className="input"
        role="combobox"
        aria-expanded="true"
        aria-controls="found-labels"
        aria-activedescendant={found[at] ? `found-${at}` : undefined}
        aria-label={t('Find a label')}
        placeholder={t('Find a label')}
        ref={takeFocus}
        value={query}
        onChange={(event) => (setQuery(event.target.value), setAt(0))}
        onBlur={(event) => event.relatedTarget === null && setTimeout(onDone, 150)}
      />
      <ul role="listbox" id="found-labels" aria-label={t('Labels')} ref={list}>
        {found.map((item, index) => (
          <li
            key={`${item.control.name} ${item.label.value}`}
            id={`found-${index}`}
            role="option"
            aria-selected={index === at}
            style={{ '--c': item.label.colour } as CSSProperties}
            {...keepFocus}
            onClick={() => choose(item)}
          >
            <span className={`sq ${item.control.makes}`} />
            <span className="cut grow">{item.label.shown}</span>
            <span className="muted"><Icon name={item.control.makes as IconName} /></span>
          </li>
        ))}
      </ul>
      {found.length === 0 && <p className="muted none">{t('No label has “{query}” in it.', { query })}</p>}
    </div>
  );
}

/** Those that begin with it first, then those that contain it. */
export function search(all: readonly Shown[], query: string): readonly Shown[] {
  const wanted = query.trim().toLowerCase();
  if (wanted === '') return all;
  const place = (item: Shown): number => item.label.shown.toLowerCase().indexOf(wanted);
  return all.filter((item) => place(item) >= 0).sort((a, b) => Number(place(a) > 0) - Number(place(b) > 0));
}
