import { useId, useState } from 'react';
import { figure, t } from '../../i18n/words.ts';
import { Icon } from '../../ui/icon.tsx';
import type { Editor } from '../model/editor.ts';
import type { Region, RegionId, Shape } from '../model/types.ts';
import { moveShape, shapeBounds, validateShape } from '../tags/registry.ts';
import { clampShape } from './clamp-shape.ts';
import { keepFocus } from './keep-focus.ts';
import { excerpt, regionName } from './region-text.ts';
import { useEditor } from './use-editor.ts';

/** What is selected, in numbers that can be typed: the way to place a shape without a pointer. */
export function SelectedSection({ editor }: { editor: Editor }) {
  const selected = useEditor(editor, (it) => it.selection.ids());
  useEditor(editor, (it) => it.store.version);
  const regions = [...selected].flatMap((id) => editor.store.get(id) ?? []);
  const [first] = regions;
  if (!first) return null;
  return (
    <section className="sec" aria-label={t('Selected')} data-testid="selected">
      <div className="sec-head">
        <h2>{regions.length === 1 ? t('Selected') : t('{n} selected', { n: figure(regions.length) })}</h2>
        <span className="grow" />
        <SelectionActs editor={editor} regions={regions} />
      </div>
      <div className="kv">
        <LabelRow editor={editor} regions={regions} />
        {regions.length === 1 && <Numbers editor={editor} region={first} />}
        {regions.length === 1 && <><span>{t('Drawn by')}</span><span>{drawnBy(first)}</span></>}
      </div>
    </section>
  );
}

function SelectionActs({ editor, regions }: { editor: Editor; regions: readonly Region[] }) {
  const ids = regions.map((region) => region.id);
  const isLocked = regions.every((region) => region.locked);
  const isHidden = regions.every((region) => region.hidden);
  const canCopy = regions.some((region) => region.shape.kind !== 'span');
  return (
    <span className="row tight">
      {regions.some((region) => region.suggested) && (
        <SmallButton title={t('Accept')} icon="check" onPress={() => editor.accept(ids)} />
      )}
      {canCopy && <SmallButton title={t('Duplicate')} keys="Ctrl D" icon="copy" onPress={() => editor.duplicate(ids)} />}
      <SmallButton title={isHidden ? t('Show') : t('Hide')} keys="Shift H" icon={isHidden ? 'eyeoff' : 'eye'} onPress={() => editor.setHidden(ids, !isHidden)} />
      <SmallButton title={isLocked ? t('Unlock') : t('Lock')} keys="Shift L" icon="lock" isOn={isLocked} onPress={() => editor.setLocked(ids, !isLocked)} />
      <SmallButton title={t('Delete')} keys="Del" icon="trash" isOff={isLocked} onPress={() => editor.remove(ids)} />
    </span>
  );
}

interface SmallButtonProps {
  readonly title: string;
  readonly keys?: string;
  readonly icon: 'check' | 'copy' | 'eye' | 'eyeoff' | 'lock' | 'trash';
  readonly isOn?: boolean;
  readonly isOff?: boolean;
  readonly onPress: () => void;
}

function SmallButton({ title, keys, icon, isOn = false, isOff = false, onPress }: SmallButtonProps) {
  return (
    <button type="button" className={`btn ghost icon small ${isOn ? 'on' : ''}`} title={keys ? `${title}  ${keys}` : title} aria-label={title} disabled={isOff} {...keepFocus} onClick={onPress}>
      <Icon name={icon} />
    </button>
  );
}

function LabelRow({ editor, regions }: { editor: Editor; regions: readonly Region[] }) {
  const id = useId();
  const first = regions[0]!;
  const fitting = editor.config.controls.filter(
    (control) => regions.every((region) => control.makes === region.shape.kind && control.toName === region.toName),
  );
  if (fitting.every((control) => control.labels.length === 0)) return null;
  const same = regions.every((region) => region.labels.join('\n') === first.labels.join('\n') && region.fromName === first.fromName);
  const value = same && first.labels.length === 1 ? JSON.stringify([first.fromName, first.labels[0]]) : '';
  const change = (chosen: string): void => {
    const [fromName, label] = JSON.parse(chosen) as [string, string];
    editor.relabel(regions.map((region) => region.id), label, fromName);
  };
  return (
    <>
      <label htmlFor={id}>{t('Label')}</label>
      <select id={id} className="input small" value={value} data-testid="relabel" onChange={(event) => change(event.target.value)}>
        {value === '' && <option value="" disabled>{same ? regionName(editor, first) : t('several')}</option>}
        {fitting.map((control) => {
          const options = control.labels.map((label) => (
            <option key={label.value} value={JSON.stringify([control.name, label.value])}>{label.shown}</option>
          ));
          return fitting.length === 1 ? options : <optgroup key={control.name} label={control.name}>{options}</optgroup>;
        })}
      </select>
    </>
  );
}

interface NumberField {
  readonly id: string;
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly set: (value: number) => Shape;
}

interface NumberRow {
  readonly title: string;
  readonly fields: readonly NumberField[];
}

function Numbers({ editor, region }: { editor: Editor; region: Region }) {
  const { shape } = region;
  if (shape.kind === 'span') {
    return (
      <>
        <span>{t('Text')}</span><span className="cut" title={excerpt(editor, region, 500)}>{excerpt(editor, region, 60)}</span>
        <span>{t('Position')}</span><span>{t('{start} to {end}', { start: figure(shape.start), end: figure(shape.end) })}</span>
      </>
    );
  }
  return rowsOf(shape).map((row) => (
    <NumberLine key={row.title} row={row} of={region.id} isOff={region.locked === true} onSet={(next) => place(editor, region, next)} />
  ));
}

function NumberLine({ row, of, isOff, onSet }: { row: NumberRow; of: RegionId; isOff: boolean; onSet: (shape: Shape) => void }) {
  return (
    <>
      <span>{row.title}</span>
      <span className="numbers">
        {row.fields.map((field) => <NumberInput key={field.id} field={field} of={of} isOff={isOff} onSet={onSet} />)}
        <span className="muted">{row.fields[0]!.unit}</span>
      </span>
    </>
  );
}

interface NumberInputProps {
  readonly field: NumberField;
  /** Whose number it is: what was typed for another region counts no more. */
  readonly of: RegionId;
  readonly isOff: boolean;
  readonly onSet: (shape: Shape) => void;
}

/** Follows the shape until one types; takes effect with Enter or on leaving, Esc takes it back. */
function NumberInput({ field, of, isOff, onSet }: NumberInputProps) {
  const [typing, setTyping] = useState<{ readonly of: RegionId; readonly text: string } | null>(null);
  const typed = typing?.of === of ? typing.text : null;
  const setTyped = (text: string | null): void => setTyping(text === null ? null : { of, text });
  const shown = String(Math.round(field.value * 10) / 10);
  const commit = (): void => {
    const value = Number(typed);
    if (typed !== null && typed.trim() !== '' && Number.isFinite(value) && typed !== shown) onSet(field.set(value));
    setTyped(null);
  };
  return (
    <input
      className="input small"
      type="number"
      step="any"
      aria-label={field.name}
      data-testid={`number-${field.id}`}
      disabled={isOff}
      value={typed ?? shown}
      onChange={(event) => setTyped(event.target.value)}
      onBlur={commit}
      onKeyDown={(event) => {
        if (event.key === 'Enter') commit();
        else if (event.key === 'Escape') setTyped(null);
        else if (event.key === 'ArrowUp' || event.key === 'ArrowDown') {
          onSet(field.set(Number(typed ?? shown) + (event.key === 'ArrowUp' ? 1 : -1) * (event.shiftKey ? 10 : 1)));
          setTyped(null);
        } else return;
        event.preventDefault();
      }}
    />
  );
}

/** The numbers of a shape, in picture pixels and degrees. */
function rowsOf(shape: Exclude<Shape, { kind: 'span' }>): readonly NumberRow[] {
  const px = (id: string, name: string, value: number, set: (value: number) => Shape): NumberField => ({ id, name, value, unit: 'px', set });
  const turn = (value: number, set: (value: number) => Shape): NumberRow => ({
    title: t('Rotation'),
    fields: [{ id: 'rotation', name: t('Rotation'), value, unit: '°', set }],
  });
  switch (shape.kind) {
    case 'rectangle':
      return [
        { title: t('Position'), fields: [px('x', 'X', shape.x, (x) => ({ ...shape, x })), px('y', 'Y', shape.y, (y) => ({ ...shape, y }))] },
        { title: t('Size'), fields: [px('width', t('Width'), shape.width, (width) => ({ ...shape, width })), px('height', t('Height'), shape.height, (height) => ({ ...shape, height }))] },
        turn(shape.rotation, (rotation) => ({ ...shape, rotation })),
      ];
    case 'ellipse':
      return [
        { title: t('Centre'), fields: [px('x', 'X', shape.x, (x) => ({ ...shape, x })), px('y', 'Y', shape.y, (y) => ({ ...shape, y }))] },
        { title: t('Size'), fields: [px('width', t('Width'), shape.radiusX * 2, (width) => ({ ...shape, radiusX: width / 2 })), px('height', t('Height'), shape.radiusY * 2, (height) => ({ ...shape, radiusY: height / 2 }))] },
        turn(shape.rotation, (rotation) => ({ ...shape, rotation })),
      ];
    case 'keypoint':
      return [{ title: t('Position'), fields: [px('x', 'X', shape.x, (x) => ({ ...shape, x })), px('y', 'Y', shape.y, (y) => ({ ...shape, y }))] }];
    case 'polygon': {
      const { minX, minY } = shapeBounds(shape);
      const move = (dx: number, dy: number): Shape => moveShape(shape, dx, dy);
      return [{ title: t('Position'), fields: [px('x', 'X', minX, (x) => move(x - minX, 0)), px('y', 'Y', minY, (y) => move(0, y - minY))] }];
    }
  }
}

function place(editor: Editor, region: Region, shape: Shape): void {
  const size = editor.pictureSize(region.toName);
  const fitting = size ? clampShape(shape, size) : shape;
  if (validateShape(fitting) !== null) return;
  editor.history.mark('type a number');
  editor.reshape([[region.id, fitting]]);
}

function drawnBy(region: Region): string {
  if (region.origin === 'manual') return findOwner(region);
  const who = region.origin === 'prediction' ? t('a model') : t('a model, changed by hand');
  return region.score === undefined ? who : `${who}, ${region.score.toFixed(2)}`;
}

function findOwner(region: Region): string {
  return region.source ? t('a person') : t('you@@who drew it');
}

