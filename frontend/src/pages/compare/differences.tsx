import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { writeFigure } from '../../charts/figure';
import { Swatch } from '../../charts/swatch';
import { counted } from '../../ui/format';
import { agoOf, lasted } from '../experiments/when';
import type { CompareProps } from './compare';
import { differs, keysOf, titleOfKey } from './keys';

/** Parameters and last metrics side by side; what is the same in all can be left out. */
export function Differences({ workspace, runs, rows }: CompareProps) {
  const [isAll, setAll] = useState(false);
  const [params, metrics] = [keysOf(rows, 'params'), keysOf(rows, 'metrics')];
  const hidden = isAll ? 0 : [...params, ...metrics].filter((key) => !differs(rows, key)).length;
  const shown = (keys: readonly string[]) => keys.filter((key) => isAll || differs(rows, key));
  return (
    <>
      <div className="tools">
        <span className="seg" role="group" aria-label="Which values">
          <button type="button" className={isAll ? '' : 'on'} aria-pressed={!isAll} onClick={() => setAll(false)}>What differs</button>
          <button type="button" className={isAll ? 'on' : ''} aria-pressed={isAll} onClick={() => setAll(true)}>Everything</button>
        </span>
        {hidden > 0 && <span className="muted">{counted(hidden, 'value')} the same in all of them</span>}
      </div>
      <div className="table-scroll" role="region" aria-label="Values of the runs" tabIndex={0}>
        <table className="table difference-table">
          <thead><tr><th className="value-name"><span className="unseen">Value</span></th>{rows.map((row) => <th key={row.id}><span className="row"><Swatch index={row.style} /><Link className="cut" to="/runs/$runId" params={{ runId: row.id }} search={{ w: workspace }}>{row.name}</Link></span></th>)}</tr></thead>
          <tbody>
            <tr><th scope="row" className="value-name">Started</th>{runs.map(({ info }) => <td key={info.run_id} className="two">{agoOf(info.start_time)}</td>)}</tr>
            <tr><th scope="row" className="value-name">Took</th>{runs.map(({ info }) => <td key={info.run_id} className="two">{lasted(info.start_time, info.end_time)}</td>)}</tr>
            <Section title="Parameters" keys={shown(params)} rows={rows} />
            <Section title="Metrics" keys={shown(metrics)} rows={rows} />
          </tbody>
        </table>
      </div>
    </>
  );
}

function Section({ title, keys, rows }: Pick<CompareProps, 'rows'> & { title: string; keys: readonly string[] }) {
  if (keys.length === 0) return null;
  return (
    <>
      <tr className="difference-head"><th scope="rowgroup" colSpan={rows.length + 1}>{title}</th></tr>
      {keys.map((key) => {
        const isOdd = oddOnes(rows, key);
        return (
          <tr key={key}>
            <th scope="row" className="value-name" title={titleOfKey(key)}>{titleOfKey(key)}</th>
            {rows.map((row) => { const value = row.values[key]; return <td key={row.id} className={isOdd(value) ? 'odd' : ''}>{value === undefined ? <span className="muted">–</span> : typeof value === 'number' ? writeFigure(value) : value}</td>; })}
          </tr>
        );
      })}
    </>
  );
}

/** Marks the values of a parameter that are not what most of the runs have. Of metrics nearly every one differs: none is marked. */
function oddOnes(rows: CompareProps['rows'], key: string): (value: string | number | undefined) => boolean {
  if (key.startsWith('metrics.') || rows.length < 3) return () => false;
  const counts = new Map<string, number>();
  for (const { values } of rows) counts.set(String(values[key]), (counts.get(String(values[key])) ?? 0) + 1);
  const most = Math.max(...counts.values());
  const usual = [...counts].filter(([, times]) => times === most);
  if (usual.length > 1 || most * 2 <= rows.length) return () => false;
  return (value) => String(value) !== usual[0]?.[0];
}
