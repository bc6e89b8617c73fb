import { useState } from 'react';
import { writeFigure } from '../../charts/figure';
import { ParallelChart } from '../../charts/parallel';
import { Swatch } from '../../charts/swatch';
import { Icon } from '../../ui/icon';
import { Empty } from '../../ui/parts';
import type { CompareProps } from './compare';
import { differs, keysOf, titleOfKey } from './keys';

const USUAL_PARAMS = 5;
const USUAL_METRICS = 2;

/** A line for each run over the parameters it was given and the metrics it reached. */
export function Parallel({ rows }: Pick<CompareProps, 'runs' | 'rows'>) {
  const [params, metrics] = [keysOf(rows, 'params'), keysOf(rows, 'metrics')];
  const [keys, setKeys] = useState<readonly string[]>(() => [...params.filter((key) => differs(rows, key)).slice(0, USUAL_PARAMS), ...metrics.filter((key) => differs(rows, key)).slice(0, USUAL_METRICS)]);
  const [lit, setLit] = useState<string | undefined>(undefined);
  const toggle = (key: string) => setKeys(keys.includes(key) ? keys.filter((each) => each !== key) : [...keys, key]);
  return (
    <div className="scroll compare-one">
      <details className="axis-choice"><summary>Axes <span className="muted">{keys.length}</span></summary>
        <div className="picks-across" role="group" aria-label="Axes">{[...params, ...metrics].map((key) => <label key={key} className="check"><input type="checkbox" checked={keys.includes(key)} onChange={() => toggle(key)} /><span>{titleOfKey(key)} <span className="muted">{key.startsWith('params.') ? 'parameter' : 'metric'}</span></span></label>)}</div>
      </details>
      {keys.length < 2 ? <Empty art={<Icon name="chart" size={28} />} title="Choose two axes or more">Parameters that are the same in all runs are left out until you choose them.</Empty> : (
        <section className="card">
          <ParallelChart rows={rows} keys={keys} titleOf={titleOfKey} name={`Runs across ${keys.map(titleOfKey).join(', ')}`} lit={lit} onLit={setLit} />
          <div className="table-scroll parallel-table" role="region" aria-label="The same as a table" tabIndex={0}>
            <table className="table">
              <thead><tr><th>Run</th>{keys.map((key) => <th key={key} className="num">{titleOfKey(key)}</th>)}</tr></thead>
              <tbody>{rows.map((row) => <tr key={row.id} className={row.id === lit ? 'lit' : ''} onPointerEnter={() => setLit(row.id)} onPointerLeave={() => setLit(undefined)}><td><span className="row"><Swatch index={row.style} />{row.name}</span></td>{keys.map((key) => { const value = row.values[key]; return <td key={key} className="num">{typeof value === 'number' ? writeFigure(value) : (value ?? '–')}</td>; })}</tr>)}</tbody>
            </table>
          </div>
        </section>
      )}
    </div>
  );
}
