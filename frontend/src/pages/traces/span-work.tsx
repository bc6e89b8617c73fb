import { useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { TraceInfo } from '../../api/traces';
import { useKeys } from '../../app/keys';
import { Dialog } from '../../ui/dialog';
import { counted } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Empty } from '../../ui/parts';
import { usePhone } from '../tasks/use-phone';
import { SpanPane } from './span-pane';
import { SpanRows } from './span-rows';
import { over, rowsInSight, type SpanTree, type TreeRow } from './span-tree';
import { kindWords, type Span } from './spans';

/** The address follows once the arrows rest. */
const FOLLOW_MS = 200;

/** The spans of a trace beside what one of them did. */
export function SpanWork({ trace, tree }: { trace: TraceInfo; tree: SpanTree }) {
  const { span } = useSearch({ from: '/inside/traces/$traceId' });
  const navigate = useNavigate();
  const [active, setActive] = useState(span);
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [typed, setTyped] = useState('');
  const [isSheet, setSheet] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const [list, pane] = [useRef<HTMLDivElement>(null), useRef<HTMLElement>(null)];
  const isPhone = usePhone();
  const places = useMemo(() => new Map(tree.rows.map((row, at) => [row.span.id, at])), [tree]);
  const at = (active === undefined ? undefined : places.get(active)) ?? 0;
  const row = tree.rows[at] as TreeRow;
  const wanted = typed.trim().toLowerCase();
  const inSight = useMemo(() => rowsInSight(tree, closed, wanted === '' ? undefined : (each) => fits(each, wanted)), [tree, closed, wanted]);
  useEffect(() => setActive(span), [span]);
  useEffect(() => {
    if (active === undefined || active === span) return undefined;
    const timer = setTimeout(() => void navigate({ to: '.', search: ((before: object) => ({ ...before, span: active })) as never, replace: true }), FOLLOW_MS);
    return () => clearTimeout(timer);
  }, [active, span, navigate]);
  const go = (to: number) => {
    setActive(tree.rows[to]?.span.id);
    setClosed((before) => without(before, over(tree, to)));
  };
  const errors = useMemo(() => tree.rows.flatMap(({ span: each }, index) => (each.status === 'ERROR' ? [index] : [])), [tree]);
  const nextError = () => {
    setTyped('');
    go(errors.find((each) => each > at) ?? (errors[0] as number));
    list.current?.focus();
  };
  useKeys({ '/': () => field.current?.focus(), ...(errors.length > 0 ? { e: nextError } : {}) });
  const toggle = (id: string) => setClosed((before) => (before.has(id) ? without(before, [id]) : new Set([...before, id])));
  const parents = useMemo(() => tree.rows.filter(({ below }) => below > 0), [tree]);
  const closeAll = () => { setClosed(new Set(parents.map(({ span: each }) => each.id))); setActive(tree.rows[at - distanceToTop(tree, at)]?.span.id); };
  const look = () => (isPhone ? setSheet(true) : pane.current?.focus());
  const shown = <SpanPane key={row.span.id} row={row} tree={tree} trace={trace} place={pane} isSheet={isPhone} onLeave={() => list.current?.focus()} />;
  return (
    <div className="span-work">
      <div className="span-side">
        <div className="tools span-tools">
          <label className="search span-finder"><span className="unseen">Find a span</span><Icon name="search" /><input ref={field} className="input" type="search" placeholder="Find a span" value={typed} onChange={(event) => setTyped(event.target.value)} onKeyDown={(event) => { if (event.key === 'Enter' || event.key === 'ArrowDown') { event.preventDefault(); const first = inSight.find((each) => fits((tree.rows[each] as TreeRow).span, wanted)); if (first !== undefined) go(first); list.current?.focus(); } }} /></label>
          {wanted !== '' && <span className="muted" role="status">{counted(inSight.filter((each) => fits((tree.rows[each] as TreeRow).span, wanted)).length, 'span')}</span>}
          <span className="grow" />
          {errors.length > 0 && <button type="button" className="btn ghost error-count" title="To the next error (E)" onClick={nextError}><Icon name="warn" />{counted(errors.length, 'error')}</button>}
          {parents.length > 0 && (closed.size > 0
            ? <button type="button" className="btn ghost wide" onClick={() => setClosed(new Set())}>Open all</button>
            : <button type="button" className="btn ghost wide" onClick={closeAll}>Close all</button>)}
        </div>
        {inSight.length === 0
          ? <Empty art={<Icon name="search" size={28} />} title={`No span is called “${typed.trim()}”`} acts={<button type="button" className="btn" onClick={() => setTyped('')}>Show all</button>} />
          : <SpanRows tree={tree} inSight={inSight} closed={wanted === '' ? closed : NONE} isNarrowed={wanted !== ''} active={at} onActive={go} onToggle={toggle} onOpenAll={() => setClosed(new Set())} onEnter={look} onPress={() => { if (isPhone) setSheet(true); }} list={list} />}
      </div>
      {!isPhone && shown}
      {isPhone && isSheet && <Dialog title={row.span.name} onClose={() => setSheet(false)}>{shown}</Dialog>}
    </div>
  );
}

const NONE: ReadonlySet<string> = new Set();

const fits = ({ name, kind }: Span, wanted: string): boolean => name.toLowerCase().includes(wanted) || kindWords(kind).toLowerCase() === wanted;

function without(closed: ReadonlySet<string>, ids: readonly string[]): ReadonlySet<string> {
  if (!ids.some((id) => closed.has(id))) return closed;
  const next = new Set(closed);
  for (const id of ids) next.delete(id);
  return next;
}

/** How many rows above a row its topmost ancestor stands. */
function distanceToTop({ rows }: SpanTree, at: number): number {
  let top = at;
  for (let parent = rows[at]?.parent ?? -1; parent >= 0; parent = rows[parent]?.parent ?? -1) top = parent;
  return at - top;
}
