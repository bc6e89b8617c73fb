import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { ScatterChart } from '../../charts/scatter';
import { Icon } from '../../ui/icon';
import { Empty } from '../../ui/parts';
import type { CompareProps } from './compare';
import { differs, keysOf, titleOfKey } from './keys';

/** One value of the runs against another. */
export function Scatter({ workspace, rows }: CompareProps) {
  const navigate = useNavigate();
  const [params, metrics] = [keysOf(rows, 'params'), keysOf(rows, 'metrics')];
  const all = [...params, ...metrics];
  const [x, setX] = useState(() => params.find((key) => differs(rows, key)) ?? metrics[1] ?? all[0] ?? '');
  const [y, setY] = useState(() => metrics.find((key) => differs(rows, key)) ?? all[1] ?? '');
  if (all.length < 2) return <Empty art={<Icon name="chart" size={28} />} title="Two values are needed">These runs logged fewer than two parameters or metrics.</Empty>;
  return (
    <div className="scroll compare-one">
      <div className="row wrap axis-selects">
        <AxisSelect name="Across" value={x} params={params} metrics={metrics} onChange={setX} />
        <AxisSelect name="Up" value={y} params={params} metrics={metrics} onChange={setY} />
      </div>
      <section className="card"><ScatterChart rows={rows} x={x} y={y} titleOf={titleOfKey} height={420} onOpen={(id) => void navigate({ to: '/runs/$runId', params: { runId: id }, search: { w: workspace } })} /></section>
    </div>
  );
}

function AxisSelect({ name, value, params, metrics, onChange }: { name: string; value: string; params: readonly string[]; metrics: readonly string[]; onChange: (key: string) => void }) {
  return (
    <label className="row"><span className="muted">{name}</span>
      <select className="input" value={value} onChange={(event) => onChange(event.target.value)}>
        {([['Parameters', params], ['Metrics', metrics]] as const).map(([group, keys]) => keys.length > 0 && <optgroup key={group} label={group}>{keys.map((key) => <option key={key} value={key}>{titleOfKey(key)}</option>)}</optgroup>)}
      </select>
    </label>
  );
}
