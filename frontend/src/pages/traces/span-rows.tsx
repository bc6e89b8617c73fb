import { type CSSProperties, type KeyboardEvent, type RefObject, useEffect, useId, useMemo, useRef } from 'react';
import { Icon } from '../../ui/icon';
import { usePhone } from '../tasks/use-phone';
import { HEAD_PX, useRowWindow } from '../tasks/use-row-window';
import { barOf, spanTime, type SpanTree, ticksOf, type TreeRow } from './span-tree';
import { kindColour, kindWords } from './spans';

interface RowsProps {
  tree: SpanTree;
  /** Which rows of the tree are drawn, in order. */
  inSight: readonly number[];
  closed: ReadonlySet<string>;
  /** Whether only what was searched for is drawn: then nothing opens or closes. */
  isNarrowed: boolean;
  /** The row of the tree that has the keys. */
  active: number;
  onActive: (row: number) => void;
  onToggle: (span: string) => void;
  onOpenAll: () => void;
  /** Goes on into what the span did. */
  onEnter: () => void;
  onPress: () => void;
  list: RefObject<HTMLDivElement | null>;
}

const ROW_PX = 32;
const PHONE_ROW_PX = 52;
const STEP_PX = 14;
/** Rows deeper than this begin at the same place: they say how deep they are. */
const DEEPEST = 14;
const MOST_TICKS = 5;

/** The spans as a tree with their bars in time: one tab stop, arrows move, right opens, left closes, Enter looks into it. Draws only the rows in sight. */
export function SpanRows({ tree, inSight, closed, isNarrowed, active, onActive, onToggle, onOpenAll, onEnter, onPress, list }: RowsProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const isPhone = usePhone();
  const height = isPhone ? PHONE_ROW_PX : ROW_PX;
  const rows = useRowWindow(scroller, inSight.length, height, isPhone ? 0 : HEAD_PX);
  const placeOf = useMemo(() => new Map(inSight.map((row, place) => [row, place])), [inSight]);
  const place = placeOf.get(active) ?? 0;
  const id = useId();
  const { show } = rows;
  useEffect(() => show(place), [place, show, inSight]);
  const whole = tree.end_ns - tree.start_ns;
  const ticks = ticksOf(whole, MOST_TICKS);
  const step = whole > 0 && ticks.length > 1 ? (((ticks[1] as number) / whole) * 100) : 100;
  const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 600) / height) - 2);
  const to = (next: number) => onActive(inSight[Math.max(0, Math.min(inSight.length - 1, next))] as number);
  const row = tree.rows[active] as TreeRow;
  const isOpen = row.below > 0 && !closed.has(row.span.id);
  const acts: Record<string, () => void> = {
    ArrowDown: () => to(place + 1), ArrowUp: () => to(place - 1), PageDown: () => to(place + page), PageUp: () => to(place - page), Home: () => to(0), End: () => to(inSight.length - 1),
    ArrowRight: () => { if (row.below > 0 && !isOpen) onToggle(row.span.id); else if (row.below > 0) to(place + 1); },
    ArrowLeft: () => { if (isOpen && !isNarrowed) onToggle(row.span.id); else if (row.parent >= 0) onActive(row.parent); },
    ' ': () => { if (row.below > 0 && !isNarrowed) onToggle(row.span.id); }, '*': onOpenAll, Enter: onEnter,
  };
  const onKey = (event: KeyboardEvent) => {
    const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };
  return (
    <div className="span-scroll" ref={scroller} style={{ '--step': `${step}%` } as CSSProperties}>
      <div className="span-head" aria-hidden="true" style={{ height: HEAD_PX }}>
        <span>Span</span>
        <span className="span-ruler">{ticks.map((tick) => <span key={tick} style={{ left: `${(tick / Math.max(1, whole)) * 100}%` }}>{tick === 0 ? '0' : spanTime(tick)}</span>)}</span>
        <span className="num">Took</span>
      </div>
      <div role="tree" tabIndex={0} aria-label="Spans" ref={list} aria-activedescendant={`${id}-${inSight[place] ?? active}`} onKeyDown={onKey} className="span-rows" style={{ height: rows.height }}>
        {rows.drawn(place).flatMap((line) => inSight[line] ?? []).map((at) => (
          <Row key={at} id={`${id}-${at}`} row={tree.rows[at] as TreeRow} tree={tree} isNarrowed={isNarrowed} isClosed={closed.has((tree.rows[at] as TreeRow).span.id)} isActive={at === active} style={rows.styleOf(placeOf.get(at) ?? 0)} onPress={() => { onActive(at); list.current?.focus({ preventScroll: true }); onPress(); }} onToggle={onToggle} />
        ))}
      </div>
    </div>
  );
}

interface RowProps {
  id: string;
  row: TreeRow;
  tree: SpanTree;
  isNarrowed: boolean;
  isClosed: boolean;
  isActive: boolean;
  style: CSSProperties;
  onPress: () => void;
  onToggle: (span: string) => void;
}

function Row({ id, row, tree, isNarrowed, isClosed, isActive, style, onPress, onToggle }: RowProps) {
  const { span, depth, below } = row;
  const [from, length] = barOf(span, tree);
  const colour = { '--c': kindColour(span.kind) } as CSSProperties;
  const isHidingErrors = isClosed && row.errors > (span.status === 'ERROR' ? 1 : 0);
  return (
    <div id={id} role="treeitem" aria-level={depth + 1} aria-setsize={row.siblings} aria-posinset={row.place} aria-selected={isActive} {...(below > 0 && !isNarrowed ? { 'aria-expanded': !isClosed } : {})} className={`span-row${isActive ? ' at' : ''}${span.status === 'ERROR' ? ' failed' : ''}`} style={style} onClick={onPress}>
      <span className="span-name" style={{ paddingLeft: Math.min(depth, DEEPEST) * STEP_PX }}>
        {below > 0 && !isNarrowed
          ? <span className="twisty" aria-hidden="true" onClick={(event) => { event.stopPropagation(); onToggle(span.id); }}><Icon name={isClosed ? 'right' : 'down'} size={12} /></span>
          : <span className="twisty" />}
        <span className="sq" style={colour} />
        {depth > DEEPEST && <span className="muted small">{depth}</span>}
        <span className="cut" title={span.name}>{span.name}</span>
        {(span.status === 'ERROR' || isHidingErrors) && <span className={span.status === 'ERROR' ? 'bad' : 'bad hides'} title={span.status === 'ERROR' ? 'It failed' : 'Below it something failed'}><Icon name="warn" size={14} /><span className="unseen">{span.status === 'ERROR' ? 'failed' : 'something below failed'}</span></span>}
        <span className="muted small span-kind">{kindWords(span.kind)}</span>
        {isClosed && <span className="muted small span-below">+{below}</span>}
      </span>
      <span className="span-lane" aria-hidden="true"><i className={`span-bar${span.end_ns === undefined ? ' unended' : ''}`} style={{ ...colour, left: `${from * 100}%`, width: `${length * 100}%` }} /></span>
      <span className="num span-took">{span.end_ns === undefined ? '–' : spanTime(span.end_ns - span.start_ns)}</span>
    </div>
  );
}
