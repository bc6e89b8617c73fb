import { useState } from 'react';
import { Button, Dialog, DialogTrigger, Popover } from 'react-aria-components';
import { count } from '../../ui/format';
import { Icon } from '../../ui/icon';
/** As much of a column as the menu needs. */
export interface Choosable {
  id: string;
  title: string;
  kind: string;
  width_px: number;
  isFixed?: boolean;
}

interface MenuProps<Column extends Choosable> {
  all: readonly Column[];
  shown: readonly Column[];
  /** Under which words the columns of a kind are offered, in this order. */
  kinds?: ReadonlyArray<readonly [kind: string, words: string]>;
  /** Sets which columns are shown, in order; undefined: as usual. */
  onColumns: (ids: string[] | undefined) => void;
  onWidth: (column: Column, width_px: number | undefined) => void;
}

const KINDS: ReadonlyArray<readonly [string, string]> = [['attributes', 'Of the run'], ['metrics', 'Metrics'], ['params', 'Parameters'], ['tags', 'Tags']];
const MOST_LISTED = 200;
const STEP_PX = 24;

/** Which columns are shown, in which order and how wide. */
export function ColumnsMenu<Column extends Choosable>(props: MenuProps<Column>) {
  return (
    <DialogTrigger>
      <Button className="btn ghost wide">Columns</Button>
      <Popover placement="bottom end" className="popover run-columns">
        <Dialog aria-label="Columns" style={{ outline: 'none' }}><Lists {...props} /></Dialog>
      </Popover>
    </DialogTrigger>
  );
}

function Lists<Column extends Choosable>({ all, shown, kinds = KINDS, onColumns, onWidth }: MenuProps<Column>) {
  const [typed, setTyped] = useState('');
  const ids = shown.map(({ id }) => id);
  const others = all.filter(({ id, title }) => !ids.includes(id) && title.toLowerCase().includes(typed.toLowerCase()));
  const moved = (index: number, by: -1 | 1) => {
    const order = [...ids];
    order.splice(index + by, 0, ...order.splice(index, 1));
    onColumns(order);
  };
  return (
    <>
      <ul className="column-list" aria-label="Shown">
        {shown.map((column, index) => (
          <li key={column.id} onKeyDown={(event) => {
            const act = event.altKey ? ({ ArrowUp: () => { if (index > 1) moved(index, -1); }, ArrowDown: () => { if (index > 0 && index < ids.length - 1) moved(index, 1); }, ArrowLeft: () => onWidth(column, column.width_px - STEP_PX), ArrowRight: () => onWidth(column, column.width_px + STEP_PX) } as Record<string, () => void>)[event.key] : undefined;
            if (!act) return;
            event.preventDefault();
            act();
          }}>
            <label className="check"><input type="checkbox" checked disabled={column.isFixed} onChange={() => onColumns(ids.filter((id) => id !== column.id))} /><span className="cut">{column.title}</span></label>
            <button type="button" className="btn ghost icon small" aria-label={`Move ${column.title} up`} disabled={index < 2} onClick={() => moved(index, -1)}><Icon name="up" /></button>
            <button type="button" className="btn ghost icon small" aria-label={`Move ${column.title} down`} disabled={index === 0 || index === ids.length - 1} onClick={() => moved(index, 1)}><Icon name="down" /></button>
          </li>
        ))}
      </ul>
      <label className="search column-finder"><span className="unseen">Find a column to add</span><Icon name="search" /><input className="input" type="search" placeholder="Add a column" value={typed} onChange={(event) => setTyped(event.target.value)} /></label>
      <div className="column-list" role="group" aria-label="More columns">
        {kinds.map(([kind, words]) => {
          const found = others.filter((column) => column.kind === kind);
          if (found.length === 0) return null;
          return (
            <section key={kind}>
              <h3 className="muted small">{words}</h3>
              <ul>{found.slice(0, MOST_LISTED).map((column) => <li key={column.id}><label className="check"><input type="checkbox" checked={false} onChange={() => onColumns([...ids, column.id])} /><span className="cut">{column.title}</span></label></li>)}</ul>
              {found.length > MOST_LISTED && <p className="muted small">and {count(found.length - MOST_LISTED)} more: type a part of the name</p>}
            </section>
          );
        })}
      </div>
      <p className="muted small column-hint"><kbd>Alt ↑ ↓</kbd> moves, <kbd>Alt ← →</kbd> narrows and widens. <button type="button" className="link" onClick={() => onColumns(undefined)}>As usual</button></p>
    </>
  );
}
