import { useId, useRef, type CSSProperties } from 'react';
import type { RunRow } from '../../api/tracking';
import { Icon } from '../../ui/icon';
import { Skeleton } from '../../ui/parts';
import { ColumnHead } from '../tasks/column-head';
import { countSelected, EVERYTHING, isSelected, NOTHING } from '../tasks/selection';
import { type GridActs, useGridKeys } from '../tasks/use-grid-keys';
import { usePhone } from '../tasks/use-phone';
import { HEAD_PX, useRowWindow } from '../tasks/use-row-window';
import type { RunColumn } from './run-columns';

interface GridProps extends GridActs<RunRow> {
  columns: readonly RunColumn[];
  useRange: (from: number, to: number) => (index: number) => RunRow | undefined;
  /** Such as "metrics.loss ASC". */
  sort: string | undefined;
  onSort: (sort: string | undefined) => void;
  onWidth: (column: RunColumn, width_px: number | undefined) => void;
}

const ROW_PX = 40;
const PHONE_ROW_PX = 68;
const CHECK_PX = 36;
const END_PX = 10;
/** What a phone has room for under a run's name. */
const PHONE_VALUES = 3;

/** Runs as a real grid: one tab stop, arrows move, X selects, Space looks beside, Enter opens. Draws only the rows in sight. */
export function RunGrid({ columns, useRange, sort, onSort, onWidth, ...acts }: GridProps) {
  const { total, selection, onSelect, preview } = acts;
  const scroller = useRef<HTMLDivElement>(null);
  const isPhone = usePhone();
  const rowHeight = isPhone ? PHONE_ROW_PX : ROW_PX;
  const rows = useRowWindow(scroller, total, rowHeight);
  const runAt = useRange(rows.from, rows.to);
  const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 600) / rowHeight) - 2);
  const { active, onKey, onCheck, onLook } = useGridKeys<RunRow>(acts, { across: 1, page, taskAt: runAt, show: rows.show });
  const id = useId();
  const selected = countSelected(selection, total);
  return (
    <div className="grid-scroll run-grid" ref={scroller} role="grid" tabIndex={0} aria-label="Runs" aria-rowcount={total + 1} aria-colcount={columns.length + 1} aria-multiselectable="true" aria-activedescendant={`${id}-${active}`} onKeyDown={onKey} style={layoutOf(columns)}>
      <div role="rowgroup" className="grid-head">
        <div role="row" aria-rowindex={1} className="grid-row head" style={{ height: HEAD_PX }}>
          <span role="columnheader" className="check-cell">
            <input type="checkbox" tabIndex={-1} aria-label="Select all runs" checked={selected > 0 && selected === total} ref={(box) => { if (box) box.indeterminate = selected > 0 && selected < total; }} onChange={() => onSelect(selected === total ? NOTHING : EVERYTHING)} />
          </span>
          {columns.map((column) => <ColumnHead key={column.id} column={column} orders={column.sort === undefined ? undefined : [`${column.sort} ASC`, `${column.sort} DESC`]} sort={sort} onSort={onSort} onWidth={(width) => onWidth(column, width)} />)}
        </div>
      </div>
      <div role="rowgroup" className="grid-body" style={{ height: rows.height }}>
        {Array.from({ length: rows.to - rows.from }, (_, offset) => {
          const index = rows.from + offset;
          const run = runAt(index);
          const on = run !== undefined && isSelected(selection, run.id);
          const isLooked = run !== undefined && run.id === preview;
          return (
            <div
              key={index} id={`${id}-${index}`} role="row" aria-rowindex={index + 2} aria-selected={on} aria-current={isLooked ? 'true' : undefined} data-run={run?.id}
              className={`grid-row${on ? ' on' : ''}${index === active ? ' at' : ''}${isLooked ? ' looked' : ''}`} style={{ height: rowHeight, transform: `translateY(${rows.offset + index * rowHeight}px)` }}
            >
              <span role="gridcell" className="check-cell" onClick={(event) => { if (event.target === event.currentTarget) onCheck(event, index); }}>
                <input type="checkbox" tabIndex={-1} aria-label={`Select run ${run?.name ?? ''}`} checked={on} readOnly onClick={(event) => onCheck(event, index)} onChange={() => undefined} disabled={!run} />
              </span>
              {columns.map((column, at) => (
                <span key={column.id} role="gridcell" className={`cell${at === 0 ? ' c-run' : ''}${column.key === 'status' ? ' c-state' : ''}${column.number ? ' num' : ''}`}>
                  {run ? column.cell(run) : <Skeleton width="60%" height={10} />}
                  {run && at === 0 && <button type="button" className="eye" tabIndex={-1} aria-label={`Look at run ${run.name}`} title="Look at it beside the table (Space)" onClick={(event) => onLook(event, index)}><Icon name="eye" /></button>}
                </span>
              ))}
              {isPhone && run && <span role="gridcell" className="cell c-values">{columns.filter(({ kind, key }) => kind === 'metrics' || key === 'start_time').slice(0, PHONE_VALUES).map((column) => <span key={column.id}><span className="muted">{column.title}</span> {column.cell(run)}</span>)}</span>}
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** Every row lays out its own cells, so the columns must not depend on what stands in them. */
function layoutOf(columns: readonly RunColumn[]): CSSProperties {
  const least = columns.reduce((sum, { width_px }) => sum + width_px, CHECK_PX + END_PX);
  return { '--cols': `${CHECK_PX}px ${columns.map(({ width_px }, index) => (index === 0 ? `minmax(${width_px}px, 2fr)` : `minmax(${width_px}px, 1fr)`)).join(' ')}`, '--least': `${least}px` } as CSSProperties;
}
