import { useState } from 'react';
import type { CurveX } from '../api/tracking';
import { Dialog } from '../ui/dialog';
import { count } from '../ui/format';
import { writeFigure } from './figure';
import type { Line } from './line-chart';
import { nearest } from './sorted';

const MOST_ROWS = 200;

/** The button that shows a chart's values as a table. */
export function LineTable({ name, lines, places, kind }: { name: string; lines: readonly Line[]; places: readonly number[]; kind: CurveX }) {
  const [open, setOpen] = useState(false);
  if (places.length === 0) return null;
  return (
    <>
      <button type="button" className="btn ghost small" aria-label={`${name} as a table`} onClick={() => setOpen(true)}>As a table</button>
      {open && (
        <Dialog title={name} wide onClose={() => setOpen(false)}>
          <Values lines={lines} places={places} kind={kind} />
        </Dialog>
      )}
    </>
  );
}

function Values({ lines, places, kind }: { lines: readonly Line[]; places: readonly number[]; kind: CurveX }) {
  const every = Math.ceil(places.length / MOST_ROWS);
  const rows = places.filter((_, index) => index % every === 0);
  const only = lines.length === 1 ? lines[0] : undefined;
  const at = (line: Line, place: number) => { const index = nearest(line.x, place); return line.x[index] === place ? index : undefined; };
  return (
    <>
      {every > 1 && <p className="muted small">Every {count(every)}th of {count(places.length)} places. Look closer in the chart to see all of a stretch.</p>}
      <div className="table-scroll chart-table" tabIndex={0} role="region" aria-label="Values">
        <table className="table">
          <thead><tr><th>{kind === 'time' ? 'Time' : 'Step'}</th>{only ? <><th className="num">Least</th><th className="num">Mean</th><th className="num">Greatest</th></> : lines.map((line) => <th key={line.id} className="num">{line.name}</th>)}</tr></thead>
          <tbody>
            {rows.map((place) => (
              <tr key={place}>
                <td className="mono">{kind === 'time' ? new Date(place).toLocaleString('en-GB') : place.toLocaleString('en')}</td>
                {only
                  ? [only.low, only.mean, only.high].map((values, index) => <td key={index} className="num">{writeFigure(values[at(only, place) ?? -1])}</td>)
                  : lines.map((line) => { const index = at(line, place); return <td key={line.id} className="num">{index === undefined ? '–' : writeFigure(line.mean[index])}</td>; })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
