import { useId, useRef, type CSSProperties } from 'react';
import type { TaskRow } from '../../api/types';
import { t } from '../../i18n/words';
import { Icon } from '../../ui/icon';
import { Skeleton } from '../../ui/parts';
import { ColumnHead } from './column-head';
import type { TableColumn } from './columns';
import { countSelected, EVERYTHING, isSelected, NOTHING } from './selection';
import { type GridActs, useActive, useGridKeys } from './use-grid-keys';
import { usePhone } from './use-phone';
import { HEAD_PX, useRowWindow } from './use-row-window';

interface GridProps extends GridActs {
  subject: 'picture' | 'text' | 'other';
  columns: readonly TableColumn[];
  /** What stands at a place, for those in sight and for the one that has the keys. */
  useRange: (from: number, to: number, active: number) => (index: number) => TaskRow | undefined;
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
  const { active, setActive } = useActive(total);
  const taskAt = useRange(rows.from, rows.to, active);
  const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 600) / rowHeight) - 2);
  const { onKey, onCheck, onLook } = useGridKeys(acts, { across: 1, page, taskAt, active, setActive, show: rows.show });
  const id = useId();
  const selected = countSelected(selection, total);

  return (
    <div className="grid-scroll" ref={scroller} role="grid" tabIndex={0} aria-label={t('Tasks')} aria-rowcount={total + 1} aria-colcount={columns.length + 1} aria-multiselectable="true" {...(total > 0 ? { 'aria-activedescendant': `${id}-${active}` } : {})} onKeyDown={onKey} data-subject={subject} style={layoutOf(columns)}>
      <div role="rowgroup" className="grid-head">
        <div role="row" aria-rowindex={1} className="grid-row head" style={{ height: HEAD_PX }}>
          <span role="columnheader" className="check-cell">
            <input type="checkbox" tabIndex={-1} aria-label={t('Select all tasks')} checked={selected > 0 && selected === total} ref={(box) => { if (box) box.indeterminate = selected > 0 && selected < total; }} onChange={() => onSelect(selected === total ? NOTHING : EVERYTHING)} />
          </span>
          {columns.map((column) => <ColumnHead key={column.id} column={column} orders={column.sort === undefined ? undefined : [column.sort, `-${column.sort}`]} sort={sort} onSort={onSort} onWidth={(width) => onWidth(column, width)} />)}
        </div>
      </div>
      <div role="rowgroup" className="grid-body" style={{ height: rows.height }}>
        {rows.drawn(active).map((index) => {
          const task = taskAt(index);
          const on = task !== undefined && isSelected(selection, task.id);
          return (
            <div
              key={index} id={`${id}-${index}`} role="row" aria-rowindex={index + 2} aria-selected={on} aria-current={task !== undefined && task.id === preview ? 'true' : undefined} data-task={task?.id}
              className={`grid-row${on ? ' on' : ''}${index === active ? ' at' : ''}${task !== undefined && task.id === preview ? ' looked' : ''}`} style={rows.styleOf(index)}
            >
              <span role="gridcell" className="check-cell" onClick={(event) => { if (event.target === event.currentTarget) onCheck(event, index); }}>
                <input type="checkbox" tabIndex={-1} aria-label={t('Select task {id}', { id: task?.id })} checked={on} readOnly onClick={(event) => onCheck(event, index)} onChange={() => undefined} disabled={!task} />
              </span>
              {columns.map((column) => (
                <span key={column.id} role="gridcell" className={`cell c-${column.id.replace('.', '-')}${column.number ? ' num' : ''}`}>
                  {task ? column.cell(task) : <Skeleton {...(column.id === 'subject' && subject === 'picture' ? { width: 60, height: 40 } : { width: '60%', height: 10 })} />}
                  {task && column.id === 'id' && <button type="button" className="eye" tabIndex={-1} aria-label={t('Look at task {id}', { id: task.id })} title={t('Look at it beside the table (Space)')} onClick={(event) => onLook(event, index)}><Icon name="eye" /></button>}
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
