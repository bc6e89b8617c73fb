import { useId, useRef, type CSSProperties, type PointerEvent } from 'react';
import type { TaskRow } from '../../api/types';
import { Icon } from '../../ui/icon';
import { Skeleton } from '../../ui/parts';
import type { TableColumn } from './columns';
import { countSelected, EVERYTHING, isSelected, NOTHING } from './selection';
import { type GridActs, useGridKeys } from './use-grid-keys';
import { usePhone } from './use-phone';
import { HEAD_PX, useRowWindow } from './use-row-window';

interface GridProps extends GridActs {
  subject: 'picture' | 'text' | 'other';
  columns: readonly TableColumn[];
  useRange: (from: number, to: number) => (index: number) => TaskRow | undefined;
  sort: string | undefined;
  onSort: (sort: string | undefined) => void;
  /** Sets how wide a column is, px; undefined: as usual. */
  onWidth: (column: TableColumn, width: number | undefined) => void;
}

const ROW_PX = 52;
const PHONE_ROW_PX = 76;
const CHECK_PX = 36;
const END_PX = 10;

/** Tasks as a real grid: one tab stop, arrows move, X selects, Space looks beside, Enter opens. Draws only the rows in sight. */
export function TaskGrid({ subject, columns, useRange, sort, onSort, onWidth, ...acts }: GridProps) {
  const { total, selection, onSelect, preview } = acts;
  const scroller = useRef<HTMLDivElement>(null);
  const rowHeight = usePhone() ? PHONE_ROW_PX : ROW_PX;
  const rows = useRowWindow(scroller, total, rowHeight);
  const taskAt = useRange(rows.from, rows.to);
  const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 600) / rowHeight) - 2);
  const { active, onKey, onCheck, onLook } = useGridKeys(acts, { across: 1, page, taskAt, show: rows.show });
  const id = useId();
  const selected = countSelected(selection, total);

  return (
    <div className="grid-scroll" ref={scroller} role="grid" tabIndex={0} aria-label="Tasks" aria-rowcount={total + 1} aria-colcount={columns.length + 1} aria-multiselectable="true" aria-activedescendant={`${id}-${active}`} onKeyDown={onKey} data-subject={subject} style={layoutOf(columns)}>
      <div role="rowgroup" className="grid-head">
        <div role="row" aria-rowindex={1} className="grid-row head" style={{ height: HEAD_PX }}>
          <span role="columnheader" className="check-cell">
            <input type="checkbox" tabIndex={-1} aria-label="Select all tasks" checked={selected > 0 && selected === total} ref={(box) => { if (box) box.indeterminate = selected > 0 && selected < total; }} onChange={() => onSelect(selected === total ? NOTHING : EVERYTHING)} />
          </span>
          {columns.map((column) => <Head key={column.id} column={column} sort={sort} onSort={onSort} onWidth={onWidth} />)}
        </div>
      </div>
      <div role="rowgroup" className="grid-body" style={{ height: rows.height }}>
        {Array.from({ length: rows.to - rows.from }, (_, offset) => {
          const index = rows.from + offset;
          const task = taskAt(index);
          const on = task !== undefined && isSelected(selection, task.id);
          return (
            <div
              key={index} id={`${id}-${index}`} role="row" aria-rowindex={index + 2} aria-selected={on} aria-current={task !== undefined && task.id === preview ? 'true' : undefined} data-task={task?.id}
              className={`grid-row${on ? ' on' : ''}${index === active ? ' at' : ''}${task !== undefined && task.id === preview ? ' looked' : ''}`} style={{ height: rowHeight, transform: `translateY(${rows.offset + index * rowHeight}px)` }}
            >
              <span role="gridcell" className="check-cell" onClick={(event) => { if (event.target === event.currentTarget) onCheck(event, index); }}>
                <input type="checkbox" tabIndex={-1} aria-label={`Select task ${task?.id ?? ''}`} checked={on} readOnly onClick={(event) => onCheck(event, index)} onChange={() => undefined} disabled={!task} />
              </span>
              {columns.map((column) => (
                <span key={column.id} role="gridcell" className={`cell c-${column.id.replace('.', '-')}${column.number ? ' num' : ''}`}>
                  {task ? column.cell(task) : <Skeleton {...(column.id === 'subject' && subject === 'picture' ? { width: 60, height: 40 } : { width: '60%', height: 10 })} />}
                  {task && column.id === 'id' && <button type="button" className="eye" tabIndex={-1} aria-label={`Look at task ${task.id}`} title="Look at it beside the table (Space)" onClick={(event) => onLook(event, index)}><Icon name="eye" /></button>}
                </span>
              ))}
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** Every row lays out its own cells, so the columns must not depend on what stands in them. */
function layoutOf(columns: readonly TableColumn[]): CSSProperties {
  const least = columns.reduce((sum, { width }) => sum + Number(/(\d+)px/.exec(width)?.[1] ?? 100), CHECK_PX + END_PX);
  return { '--cols': `${CHECK_PX}px ${columns.map((column) => column.width).join(' ')}`, '--least': `${least}px` } as CSSProperties;
}

function Head({ column, sort, onSort, onWidth }: { column: TableColumn; sort: string | undefined; onSort: GridProps['onSort']; onWidth: GridProps['onWidth'] }) {
  const direction = column.sort === undefined ? undefined : sort === column.sort ? 'ascending' : sort === `-${column.sort}` ? 'descending' : 'none';
  const next = direction === 'ascending' ? `-${column.sort}` : direction === 'descending' ? undefined : column.sort;
  return (
    <span role="columnheader" aria-sort={direction} className={`cell${column.number ? ' num' : ''}`}>
      {column.sort
        ? <button type="button" tabIndex={-1} onClick={() => onSort(next)}>{column.title}{direction === 'ascending' && <Icon name="up" size={11} />}{direction === 'descending' && <Icon name="down" size={11} />}</button>
        : column.title}
      <Edge column={column} onWidth={onWidth} />
    </span>
  );
}

/** The right edge of a head: pulling it makes the column wider, two presses make it as usual. With keys: Columns. */
function Edge({ column, onWidth }: { column: TableColumn; onWidth: GridProps['onWidth'] }) {
  const onDown = (event: PointerEvent<HTMLSpanElement>) => {
    event.preventDefault();
    const edge = event.currentTarget;
    const start = event.clientX - (edge.parentElement?.offsetWidth ?? 0);
    const move = (now: globalThis.PointerEvent) => onWidth(column, now.clientX - start);
    edge.setPointerCapture(event.pointerId);
    edge.addEventListener('pointermove', move);
    edge.addEventListener('lostpointercapture', () => edge.removeEventListener('pointermove', move), { once: true });
  };
  return <span className="edge" aria-hidden="true" onPointerDown={onDown} onDoubleClick={() => onWidth(column, undefined)} />;
}
