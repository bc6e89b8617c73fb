import { useId, useRef, type CSSProperties, type ReactNode } from 'react';
import type { RunRow } from '../../api/tracking';
import { Icon } from '../../ui/icon';
import { Skeleton } from '../../ui/parts';
import { ColumnHead } from '../tasks/column-head';
import { countSelected, EVERYTHING, isSelected, NOTHING } from '../tasks/selection';
import { type GridActs, useActive, useGridKeys } from '../tasks/use-grid-keys';
import { usePhone } from '../tasks/use-phone';
import { HEAD_PX, useRowWindow } from '../tasks/use-row-window';
import type { RunColumn } from './run-columns';

/** A column of a grid of rows, whatever they are. */
export interface RowColumn<Row> {
  id: string;
  title: string;
  key: string;
  width_px: number;
  number?: boolean;
  /** What the order of a search calls it; absent where rows cannot be put in its order. */
  sort?: string;
  cell: (row: Row) => ReactNode;
}

interface Words<Row> {
  /** What the rows are: "run", "runs". */
  one: string;
  many: string;
  nameOf: (row: Row) => string;
}

interface GridProps<Row extends { id: string }, Column extends RowColumn<Row>> extends GridActs<Row> {
  words: Words<Row>;
  columns: readonly Column[];
  /** What a phone shows under a row's name, as far as there is room. */
  inPhones: (column: Column) => boolean;
  /** What stands at a place, for those in sight and for the one that has the keys. */
  useRange: (from: number, to: number, active: number) => (index: number) => Row | undefined;
  /** Such as "metrics.loss ASC". */
  sort: string | undefined;
  onSort: (sort: string | undefined) => void;
  onWidth: (column: Column, width_px: number | undefined) => void;
}

const ROW_PX = 40;
const PHONE_ROW_PX = 68;
const CHECK_PX = 36;
const END_PX = 10;
/** What a phone has room for under a run's name. */
const PHONE_VALUES = 3;

const RUNS: Words<RunRow> = { one: 'run', many: 'runs', nameOf: ({ name }) => name };

export const RunGrid = (grid: Omit<GridProps<RunRow, RunColumn>, 'words' | 'inPhones'>) => <RowGrid words={RUNS} inPhones={({ kind, key }) => kind === 'metrics' || key === 'start_time'} {...grid} />;

/** Rows as a real grid: one tab stop, arrows move, X selects, Space looks beside, Enter opens. Draws only the rows in sight. */
export function RowGrid<Row extends { id: string }, Column extends RowColumn<Row>>({ words, columns, inPhones, useRange, sort, onSort, onWidth, ...acts }: GridProps<Row, Column>) {
  const { total, selection, onSelect, preview } = acts;
  const scroller = useRef<HTMLDivElement>(null);
  const isPhone = usePhone();
  const rowHeight = isPhone ? PHONE_ROW_PX : ROW_PX;
  const rows = useRowWindow(scroller, total, rowHeight);
  const { active, setActive } = useActive(total);
  const rowAt = useRange(rows.from, rows.to, active);
  const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 600) / rowHeight) - 2);
  const { onKey, onCheck, onLook } = useGridKeys<Row>(acts, { across: 1, page, taskAt: rowAt, active, setActive, show: rows.show });
  const id = useId();
  const selected = countSelected(selection, total);
  return (
    <div className="grid-scroll run-grid" ref={scroller} role="grid" tabIndex={0} aria-label={capital(words.many)} aria-rowcount={total + 1} aria-colcount={columns.length + 1} aria-multiselectable="true" {...(total > 0 ? { 'aria-activedescendant': `${id}-${active}` } : {})} onKeyDown={onKey} style={layoutOf(columns)}>
      <div role="rowgroup" className="grid-head">
        <div role="row" aria-rowindex={1} className="grid-row head" style={{ height: HEAD_PX }}>
          <span role="columnheader" className="check-cell">
            <input type="checkbox" tabIndex={-1} aria-label={`Select all ${words.many}`} checked={selected > 0 && selected === total} ref={(box) => { if (box) box.indeterminate = selected > 0 && selected < total; }} onChange={() => onSelect(selected === total ? NOTHING : EVERYTHING)} />
          </span>
          {columns.map((column) => <ColumnHead key={column.id} column={column} orders={column.sort === undefined ? undefined : [`${column.sort} ASC`, `${column.sort} DESC`]} sort={sort} onSort={onSort} onWidth={(width) => onWidth(column, width)} />)}
        </div>
      </div>
      <div role="rowgroup" className="grid-body" style={{ height: rows.height }}>
        {rows.drawn(active).map((index) => {
          const row = rowAt(index);
          const on = row !== undefined && isSelected(selection, row.id);
          const isLooked = row !== undefined && row.id === preview;
          return (
            <div
              key={index} id={`${id}-${index}`} role="row" aria-rowindex={index + 2} aria-selected={on} aria-current={isLooked ? 'true' : undefined} data-row={row?.id}
              className={`grid-row${on ? ' on' : ''}${index === active ? ' at' : ''}${isLooked ? ' looked' : ''}`} style={rows.styleOf(index)}
            >
              <span role="gridcell" className="check-cell" onClick={(event) => { if (event.target === event.currentTarget) onCheck(event, index); }}>
                <input type="checkbox" tabIndex={-1} aria-label={`Select ${words.one} ${row ? words.nameOf(row) : ''}`} checked={on} readOnly onClick={(event) => onCheck(event, index)} onChange={() => undefined} disabled={!row} />
              </span>
              {columns.map((column, at) => (
                <span key={column.id} role="gridcell" className={`cell${at === 0 ? ' c-run' : ''}${column.key === 'status' ? ' c-state' : ''}${column.number ? ' num' : ''}`}>
                  {row ? column.cell(row) : <Skeleton width="60%" height={10} />}
                  {row && at === 0 && <button type="button" className="eye" tabIndex={-1} aria-label={`Look at ${words.one} ${words.nameOf(row)}`} title="Look at it beside the table (Space)" onClick={(event) => onLook(event, index)}><Icon name="eye" /></button>}
                </span>
              ))}
              {isPhone && row && <span role="gridcell" className="cell c-values">{columns.filter(inPhones).slice(0, PHONE_VALUES).map((column) => <span key={column.id}><span className="muted">{column.title}</span> {column.cell(row)}</span>)}</span>}
            </div>
          );
        })}
      </div>
    </div>
  );
}

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

/** Every row lays out its own cells, so the columns must not depend on what stands in them. */
function layoutOf(columns: ReadonlyArray<{ width_px: number }>): CSSProperties {
  const least = columns.reduce((sum, { width_px }) => sum + width_px, CHECK_PX + END_PX);
  return { '--cols': `${CHECK_PX}px ${columns.map(({ width_px }, index) => (index === 0 ? `minmax(${width_px}px, 2fr)` : `minmax(${width_px}px, 1fr)`)).join(' ')}`, '--least': `${least}px` } as CSSProperties;
}
