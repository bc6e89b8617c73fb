import type { PointerEvent } from 'react';
import { Icon } from '../../ui/icon';

interface HeadProps {
  column: { title: string; number?: boolean };
  /** What the table's order is called when it ascends and when it descends by this column; absent: it does neither. */
  orders: readonly [string, string] | undefined;
  sort: string | undefined;
  onSort: (sort: string | undefined) => void;
  /** Sets how wide the column is, px; undefined: as usual. */
  onWidth: (width_px: number | undefined) => void;
}

/** The head of a grid's column: pressed, it orders by it up, down and no more; its right edge is pulled. */
export function ColumnHead({ column, orders, sort, onSort, onWidth }: HeadProps) {
  const [up, down] = orders ?? [];
  const direction = orders && (sort === up ? 'ascending' : sort === down ? 'descending' : 'none');
  const next = direction === 'ascending' ? down : direction === 'descending' ? undefined : up;
  return (
    <span role="columnheader" aria-sort={direction} className={`cell${column.number ? ' num' : ''}`} title={column.title}>
      {orders
        ? <button type="button" tabIndex={-1} onClick={() => onSort(next)}><span className="cut">{column.title}</span>{direction === 'ascending' && <Icon name="up" size={11} />}{direction === 'descending' && <Icon name="down" size={11} />}</button>
        : column.title}
      <Edge onWidth={onWidth} />
    </span>
  );
}

/** The right edge of a head: pulling it makes the column wider, two presses make it as usual. With keys: Columns. */
function Edge({ onWidth }: Pick<HeadProps, 'onWidth'>) {
  const onDown = (event: PointerEvent<HTMLSpanElement>) => {
    event.preventDefault();
    const edge = event.currentTarget;
    const start = event.clientX - (edge.parentElement?.offsetWidth ?? 0);
    const move = (now: globalThis.PointerEvent) => onWidth(now.clientX - start);
    edge.setPointerCapture(event.pointerId);
    edge.addEventListener('pointermove', move);
    edge.addEventListener('lostpointercapture', () => edge.removeEventListener('pointermove', move), { once: true });
  };
  return <span className="edge" aria-hidden="true" onPointerDown={onDown} onDoubleClick={() => onWidth(undefined)} />;
}
