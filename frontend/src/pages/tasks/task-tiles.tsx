import { useId, useLayoutEffect, useRef, useState } from 'react';
import type { TaskRow } from '../../api/types';
import { Pill, Skeleton } from '../../ui/parts';
import { Thumb } from './columns';
import { isSelected } from './selection';
import { fileNameOf, pictureFor, statusOf, type Subject, wordsFor } from './task-kind';
import { type GridActs, useGridKeys } from './use-grid-keys';
import { useRowWindow } from './use-row-window';

interface TilesProps extends GridActs {
  subject: Subject;
  useRange: (from: number, to: number) => (index: number) => TaskRow | undefined;
  openAddress: (task: TaskRow) => string;
}

const TILE_PX = 176;
const TILE_HEIGHT_PX = 178;
const EDGE_PX = 20;

/** Tasks as pictures side by side, with the keys of the table. */
export function TaskTiles({ subject, useRange, openAddress, ...acts }: TilesProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const across = useAcross(scroller);
  const lines = Math.ceil(acts.total / across);
  const rows = useRowWindow(scroller, lines, TILE_HEIGHT_PX, 0);
  const taskAt = useRange(rows.from * across, rows.to * across);
  const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 600) / TILE_HEIGHT_PX));
  const { active, onKey, onCheck } = useGridKeys(acts, { across, page, taskAt, show: (index) => rows.show(Math.floor(index / across)) });
  const id = useId();
  return (
    <div className="grid-scroll tiles" ref={scroller} role="grid" tabIndex={0} aria-label="Tasks" aria-rowcount={lines} aria-colcount={across} aria-multiselectable="true" aria-activedescendant={`${id}-${active}`} onKeyDown={onKey}>
      <div role="rowgroup" className="grid-body" style={{ height: rows.height }}>
        {Array.from({ length: rows.to - rows.from }, (_, offset) => rows.from + offset).map((line) => (
          <div key={line} role="row" aria-rowindex={line + 1} className="tile-row" style={{ height: TILE_HEIGHT_PX, gridTemplateColumns: `repeat(${across}, minmax(0, 1fr))`, transform: `translateY(${rows.offset + line * TILE_HEIGHT_PX}px)` }}>
            {Array.from({ length: Math.min(across, acts.total - line * across) }, (_, column) => {
              const index = line * across + column;
              const task = taskAt(index);
              const on = task !== undefined && isSelected(acts.selection, task.id);
              return (
                <div key={index} id={`${id}-${index}`} role="gridcell" aria-selected={on} data-task={task?.id} className={`tile${on ? ' on' : ''}${index === active ? ' at' : ''}`}>
                  {task ? <Tile task={task} subject={subject} address={openAddress(task)} /> : <Skeleton width="100%" height={118} />}
                  <input type="checkbox" tabIndex={-1} aria-label={`Select task ${task?.id ?? ''}`} checked={on} onChange={() => undefined} onClick={(event) => onCheck(event, index)} disabled={!task} />
                </div>
              );
            })}
          </div>
        ))}
      </div>
    </div>
  );
}

function Tile({ task, subject, address }: { task: TaskRow; subject: Subject; address: string }) {
  const { text, tone } = statusOf(task);
  return (
    <>
      {subject.kind === 'picture' ? <Thumb address={pictureFor(task, subject)} /> : <span className="tile-words">{wordsFor(task, subject).slice(0, 260)}</span>}
      <span className="row tile-foot"><a className="mono open" href={address} tabIndex={-1} title={fileNameOf(task, subject)}>{task.id}</a><span className="grow" /><Pill tone={tone}>{text}</Pill></span>
    </>
  );
}

/** How many tiles fit side by side. */
function useAcross(scroller: React.RefObject<HTMLElement | null>): number {
  const [across, setAcross] = useState(4);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const measure = () => setAcross(Math.max(2, Math.floor((element.clientWidth - 2 * EDGE_PX) / TILE_PX)));
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, [scroller]);
  return across;
}
