import { useMemo, useState } from 'react';
import type { Run } from '../../api/mlflow';
import { ChartTools } from '../../charts/chart-tools';
import { ALONE } from '../../charts/line-style';
import { type ChartLook, MetricChart } from '../../charts/metric-chart';
import { Icon } from '../../ui/icon';
import { Empty } from '../../ui/parts';

/** The curves of a run's metrics; while it runs they grow. */
export function RunMetrics({ workspace, run, metrics, isTime = false }: { workspace: number; run: Run; metrics: readonly string[]; isTime?: boolean }) {
  const [look, setLook] = useState<ChartLook>({ x: isTime ? 'time' : 'step', isLog: false, smoothing: 0 });
  const [search, setSearch] = useState('');
  const { run_id: id, run_name: name = id, status } = run.info;
  const runs = useMemo(() => [{ id, name, style: ALONE }], [id, name]);
  const found = metrics.filter((key) => key.toLowerCase().includes(search.toLowerCase()));
  if (metrics.length === 0) return <Empty art={<Icon name="chart" size={28} />} title="No metrics yet">{status === 'RUNNING' ? 'The curves begin with the first value that the run logs.' : 'The run ended without logging one.'}</Empty>;
  return (
    <>
      <ChartTools look={look} onLook={setLook} search={search} onSearch={setSearch} />
      <div className="table-scroll">
        {found.length === 0 && <Empty art={<Icon name="search" size={28} />} title={`No metric is called “${search}”`} />}
        <div className="metric-grid">{found.map((metric) => <MetricChart key={metric} workspace={workspace} metric={metric} runs={runs} look={look} isLive={status === 'RUNNING'} />)}</div>
      </div>
    </>
  );
}
