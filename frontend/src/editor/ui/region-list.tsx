import { memo, useEffect, useLayoutEffect, useRef, useState, type CSSProperties, type KeyboardEvent, type RefObject } from 'react';
import { t } from '../../i18n/words.ts';
import { Icon } from '../../ui/icon.tsx';
import type { Editor } from '../model/editor.ts';
import type { Region, RegionId } from '../model/types.ts';
import { keepFocus } from './keep-focus.ts';
import { promptName, regionColour, regionMeasure, regionName, regionSentence, scoreTone } from './region-text.ts';
import { useEditor } from './use-editor.ts';

/**
 * Names and measures up to this long stand in their places uncut. Whatever can be cut is clipped, and every clip on the
 * page costs a little in each frame in which something moves (measured: 0.4 ms for 26 rows).
 */
const FITS = { name: 16, measure: 14 };
/** Rows drawn beyond what is seen, so that a quick scroll shows no gap. */
const SPARE = 6;

interface RegionListProps {
  readonly editor: Editor;
  /** Brings a region into view on the picture. */
  readonly onReveal: (region: Region) => void;
}

/** Every region as a row; only the rows in sight are drawn, however many there are. */
export function RegionList({ editor, onReveal }: RegionListProps) {
  const regions = useEditor(editor, (it) => it.store.all());
  const selected = useEditor(editor, (it) => it.selection.ids());
  const hovered = useEditor(editor, (it) => it.selection.hovered);
  const box = useRef<HTMLDivElement>(null);
  const { rowPx, from, to } = useWindow(box, regions.length);
  const lead = leadIndex(regions, selected);
  useReveal(box, lead, rowPx);
  if (regions.length === 0) return <p className="none muted">{emptyText(editor)}</p>;
  return (
    <div
      className="regions"
      ref={box}
      role="grid"
      aria-label={t('Regions')}
      aria-rowcount={regions.length}
      aria-multiselectable="true"
      data-testid="regions"
      onKeyDown={(event) => walk(event, editor, regions, lead, onReveal)}
      onMouseLeave={() => editor.selection.setHovered(null)}
    >
      <div role="presentation" style={{ height: from * rowPx }} />
      {regions.slice(from, to).map((region, index) => (
        <Row
          key={region.id}
          editor={editor}
          region={region}
          index={from + index}
          isSelected={selected.has(region.id)}
          isHovered={hovered === region.id}
          hasTabStop={lead < 0 ? from + index === 0 : from + index === lead}
          onReveal={onReveal}
        />
      ))}
      <div role="presentation" style={{ height: (regions.length - to) * rowPx }} />
    </div>
  );
}

interface RowProps {
  readonly editor: Editor;
  readonly region: Region;
  readonly index: number;
  readonly isSelected: boolean;
  readonly isHovered: boolean;
  readonly hasTabStop: boolean;
  readonly onReveal: (region: Region) => void;
}

const Row = memo(function Row({ editor, region, index, isSelected, isHovered, hasTabStop, onReveal }: RowProps) {
  const select = (isAdding: boolean): void => {
    if (isAdding) editor.selection.toggle(region.id);
    else editor.selection.set([region.id]);
    onReveal(region);
  };
  const name = regionName(editor, region);
  const measure = promptName(region) ?? regionMeasure(editor, region);
  return (
    <div
      className={`reg ${isSelected ? 'on' : ''} ${isHovered ? 'over' : ''} ${region.hidden ? 'unseen-region' : ''}`}
      role="row"
      aria-rowindex={index + 1}
      aria-selected={isSelected}
      aria-label={regionSentence(editor, region)}
      tabIndex={hasTabStop ? 0 : -1}
      data-testid="region-row"
      data-region={region.id}
      data-suggested={region.suggested || undefined}
      style={{ '--c': regionColour(editor, region) } as CSSProperties}
      onClick={(event) => select(event.ctrlKey || event.metaKey || event.shiftKey)}
      onMouseEnter={() => editor.selection.setHovered(region.id)}
    >
      <span className="name" role="gridcell">
        <span className={`sq ${region.shape.kind} ${region.suggested ? 'hollow' : ''}`} />
        <span className={`${name.length > FITS.name ? 'cut' : 'nowrap'} ${isSelected ? 'b' : ''}`}>{name}</span>
        <span className={measure.length > FITS.measure ? 's cut' : 's'}>
          {region.suggested && region.score !== undefined
            ? <span className={`pill ${scoreTone(region.score)}`}>{region.score.toFixed(2)}</span>
            : measure}
        </span>
      </span>
      <span className="acts" role="gridcell">
        {(isSelected || isHovered || region.hidden || region.locked) && <RowActs editor={editor} region={region} />}
      </span>
    </div>
  );
});

function RowActs({ editor, region }: { editor: Editor; region: Region }) {
  const ids = [region.id];
  const name = regionName(editor, region);
  return (
    <>
      {region.suggested && (
        <Act title={t('Accept {name}', { name })} icon="check" onPress={() => editor.accept(ids)} />
      )}
      <Act
        title={region.hidden ? t('Show {name}', { name }) : t('Hide {name}', { name })}
        icon={region.hidden ? 'eyeoff' : 'eye'}
        isOn={region.hidden === true}
        onPress={() => editor.setHidden(ids, !region.hidden)}
      />
      <Act
        title={region.locked ? t('Unlock {name}', { name }) : t('Lock {name}', { name })}
        icon="lock"
        isOn={region.locked === true}
        onPress={() => editor.setLocked(ids, !region.locked)}
      />
      <Act title={t('Delete {name}', { name })} icon="trash" isOff={region.locked === true} onPress={() => editor.remove(ids)} />
    </>
  );
}

interface ActProps {
  readonly title: string;
  readonly icon: 'check' | 'eye' | 'eyeoff' | 'lock' | 'trash';
  readonly isOn?: boolean;
  readonly isOff?: boolean;
  readonly onPress: () => void;
}

function Act({ title, icon, isOn = false, isOff = false, onPress }: ActProps) {
  return (
    <button
      type="button"
      className={isOn ? 'act on' : 'act'}
      title={title}
      aria-label={title}
      aria-pressed={icon === 'eye' || icon === 'eyeoff' || icon === 'lock' ? isOn : undefined}
      disabled={isOff}
      tabIndex={-1}
      {...keepFocus}
      onClick={(event) => (event.stopPropagation(), onPress())}
    >
      <Icon name={icon} />
    </button>
  );
}

function emptyText(editor: Editor): string {
  const isText = editor.config.objects.every((object) => object.kind === 'text');
  return isText ? t('Nothing is marked yet. Pick a label, then select words.') : t('Nothing is marked yet. Pick a label, then draw.');
}

/** Which rows are in sight. The row's height comes from the style sheet, which makes it larger for fingers. */
function useWindow(box: RefObject<HTMLDivElement | null>, count: number): { rowPx: number; from: number; to: number } {
  const [view, setView] = useState({ top: 0, height: 600, rowPx: 32 });
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const measure = (): void => {
      const rowPx = parseFloat(getComputedStyle(element).getPropertyValue('--row')) || 32;
      setView((old) => {
        const isSame = old.top === element.scrollTop && old.height === element.clientHeight && old.rowPx === rowPx;
        return isSame ? old : { top: element.scrollTop, height: element.clientHeight, rowPx };
      });
    };
    measure();
    const resized = new ResizeObserver(measure);
    resized.observe(element);
    element.addEventListener('scroll', measure, { passive: true });
    return () => {
      resized.disconnect();
      element.removeEventListener('scroll', measure);
    };
  }, [box, count === 0]);
  const from = Math.max(0, Math.min(Math.floor(view.top / view.rowPx) - SPARE, count));
  const to = Math.min(count, Math.ceil((view.top + view.height) / view.rowPx) + SPARE);
  return { rowPx: view.rowPx, from: Math.min(from, to), to };
}

/** Scrolls to what was selected on the picture. */
function useReveal(box: RefObject<HTMLDivElement | null>, index: number, rowPx: number): void {
  useEffect(() => {
    const element = box.current;
    if (!element || index < 0) return;
    const [top, bottom] = [index * rowPx, (index + 1) * rowPx];
    if (top < element.scrollTop) element.scrollTop = top;
    else if (bottom > element.scrollTop + element.clientHeight) element.scrollTop = bottom - element.clientHeight;
  }, [box, index, rowPx]);
}

function leadIndex(regions: readonly Region[], selected: ReadonlySet<RegionId>): number {
  if (selected.size === 0) return -1;
  const last = [...selected].at(-1);
  return regions.findIndex((region) => region.id === last);
}

/** Up and down walk through the rows, right and left through the buttons of a row. */
function walk(
  event: KeyboardEvent<HTMLDivElement>,
  editor: Editor,
  regions: readonly Region[],
  lead: number,
  onReveal: (region: Region) => void,
): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const sideways = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (step !== undefined && !event.altKey) {
    const region = regions[Math.min(Math.max(lead + step, 0), regions.length - 1)];
    if (!region) return;
    editor.selection.set([region.id]);
    onReveal(region);
    const grid = event.currentTarget;
    requestAnimationFrame(() => requestAnimationFrame(() => focusRow(grid, region.id)));
  } else if (sideways !== undefined) focusBeside(event.target as HTMLElement, sideways);
  else return;
  event.preventDefault();
}

function focusRow(grid: HTMLElement, id: RegionId): void {
  grid.querySelector<HTMLElement>(`[data-region="${CSS.escape(id)}"]`)?.focus({ preventScroll: true });
}

function focusBeside(target: HTMLElement, step: number): void {
  const row = target.closest<HTMLElement>('[role=row]');
  if (!row) return;
  const stops = [row, ...row.querySelectorAll<HTMLElement>('button:not(:disabled)')];
  stops[stops.indexOf(target) + step]?.focus();
}
