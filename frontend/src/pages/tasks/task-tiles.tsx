import { useId, useLayoutEffect, useRef, useState, type RefObject } from 'react';
import type { Project, TaskRow } from '../../api/types';
import { t } from '../../i18n/words';
import { Icon } from '../../ui/icon';
import { Pill, Skeleton } from '../../ui/parts';
import { isSelected } from './selection';
import { fileNameOf, labelColours, pictureFor, statusOf, subjectOf, type Subject, wordsFor } from './task-kind';
import { TaskPicture, TaskWords } from './task-picture';
import { shownResults, tallyOf } from './task-results';
import { type GridActs, useActive, useGridKeys } from './use-grid-keys';
import { useRowWindow } from './use-row-window';

interface TilesProps extends GridActs {
  project: Project;
  /** How many stand side by side; undefined: as many as usual. */
  across: number | undefined;
  /** What stands at a place, for those in sight and for the one that has the keys. */
  useRange: (from: number, to: number, active: number) => (index: number) => TaskRow | undefined;
  openAddress: (task: TaskRow) => string;
}

const TILE_PX = 190;
const EDGE_PX = 20;
const GAP_PX = 12;
const FOOT_PX = 34;
/** Height of a picture by its width. */
const SHAPE = 0.7;
const MOST_ON_PHONE = 3;
const PHONE_PX = 720;

/** Tasks as pictures side by side, with their regions, and with the keys of the table. */
export function TaskTiles({ project, across: wished, useRange, openAddress, ...acts }: TilesProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const [across, tileWidth] = useTileSize(scroller, wished);
  const tileHeight = Math.round(tileWidth * SHAPE) + FOOT_PX + GAP_PX;
  const lines = Math.ceil(acts.total / across);
  const rows = useRowWindow(scroller, lines, tileHeight, 0);
  const { active, setActive } = useActive(acts.total);
  const taskAt = useRange(rows.from * across, rows.to * across, active);
  const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 600) / tileHeight));
  const { onKey, onCheck, onLook } = useGridKeys(acts, { across, page, taskAt, active, setActive, show: (index) => rows.show(Math.floor(index / across)) });
  const subject = subjectOf(project);
  const colours = labelColours(project);
  const id = useId();
  return (
    <div className="grid-scroll tiles" ref={scroller} role="grid" tabIndex={0} aria-label={t('Tasks')} aria-rowcount={lines} aria-colcount={across} aria-multiselectable="true" {...(acts.total > 0 ? { 'aria-activedescendant': `${id}-${active}` } : {})} onKeyDown={onKey}>
      <div role="rowgroup" className="grid-body" style={{ height: rows.height }}>
        {rows.drawn(Math.floor(active / across)).map((line) => (
          <div key={line} role="row" aria-rowindex={line + 1} className="tile-row" style={{ ...rows.styleOf(line), gridTemplateColumns: `repeat(${across}, minmax(0, 1fr))` }}>
            {Array.from({ length: Math.min(across, acts.total - line * across) }, (_, column) => {
              const index = line * across + column;
              const task = taskAt(index);
              const on = task !== undefined && isSelected(acts.selection, task.id);
              const looked = task !== undefined && task.id === acts.preview;
              return (
                <div key={index} id={`${id}-${index}`} role="gridcell" aria-selected={on} aria-current={looked ? 'true' : undefined} data-task={task?.id} className={`tile${on ? ' on' : ''}${index === active ? ' at' : ''}${looked ? ' looked' : ''}`}>
                  {task ? <Tile task={task} subject={subject} colours={colours} address={openAddress(task)} /> : <Skeleton width="100%" height={tileHeight - FOOT_PX - GAP_PX} />}
                  <input type="checkbox" tabIndex={-1} aria-label={t('Select task {id}', { id: task?.id })} checked={on} onChange={() => undefined} onClick={(event) => onCheck(event, index)} disabled={!task} />
                  {task && <button type="button" className="eye" tabIndex={-1} aria-label={t('Look at task {id}', { id: task.id })} title={t('Look at it beside the grid (Space)')} onClick={(event) => onLook(event, index)}><Icon name="eye" /></button>}
                </div>
              );
            })}
          </div>
        ))}
      </div>
    </div>
  );
}

const MOST_WORDS = 320;

function Tile({ task, subject, colours, address }: { task: TaskRow; subject: Subject; colours: ReadonlyMap<string, string>; address: string }) {
  const { text, tone } = statusOf(task);
  const { results, isPredicted } = shownResults(task);
  const named = Object.keys(tallyOf(results)).join(', ');
  return (
    <>
      {subject.kind === 'picture'
        ? <TaskPicture address={pictureFor(task, subject)} results={results} isPredicted={isPredicted} colours={colours} fit="cover" alt="" />
        : <span className="tile-words"><TaskWords text={wordsFor(task, subject)} results={results} isPredicted={isPredicted} colours={colours} most={MOST_WORDS} /></span>}
      <span className="row tile-foot"><a className="mono open" href={address} tabIndex={-1} title={fileNameOf(task, subject)}>{task.id}</a><span className="muted small cut grow" title={named}>{named}</span><Pill tone={tone}>{text}</Pill></span>
    </>
  );
}

/** How many tiles stand side by side, and how wide each is, px. */
function useTileSize(scroller: RefObject<HTMLElement | null>, wished: number | undefined): [across: number, width: number] {
  const [room, setRoom] = useState(900);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const measure = () => setRoom(element.clientWidth - 2 * EDGE_PX);
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, [scroller]);
  const usual = Math.max(2, Math.floor(room / TILE_PX));
  const across = room < PHONE_PX ? Math.min(wished ?? usual, MOST_ON_PHONE) : (wished ?? usual);
  return [across, (room - (across - 1) * GAP_PX) / across];
}
