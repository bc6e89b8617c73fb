import { useQueries } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { type Run, runQuery } from '../../api/mlflow';
import { Top } from '../../app/top';
import { numberOf } from '../../charts/figure';
import type { Row } from '../../charts/axes';
import { ChartTools } from '../../charts/chart-tools';
import { type ChartLook, MetricChart } from '../../charts/metric-chart';
import { Swatch } from '../../charts/swatch';
import { Icon } from '../../ui/icon';
import { Empty, Failure, Notice, Skeleton } from '../../ui/parts';
import { useTrackedWorkspace } from '../experiments/use-tracked-workspace';
import { RunState } from '../runs/run-columns';
import { MOST_COMPARED } from '../runs/run-selection-bar';
import { Differences } from './differences';
import { Parallel } from './parallel';
import { Scatter } from './scatter';
import './compare.css';

const TABS = [['curves', 'Curves'], ['differences', 'Differences'], ['parallel', 'Parallel'], ['scatter', 'Scatter']] as const;

/** Which of these runs is best, and what did it do otherwise? */
export function Compare() {
  const workspace = useTrackedWorkspace();
  const { runs: wanted = '', tab = 'curves', w } = useSearch({ from: '/inside/compare' });
  const ids = useMemo(() => [...new Set(wanted.split(',').filter(Boolean))].slice(0, MOST_COMPARED), [wanted]);
  const answers = useQueries({ queries: ids.map((id) => ({ ...runQuery(workspace?.id ?? 0, id), enabled: workspace !== undefined })) });
  const found = answers.flatMap(({ data }) => data ?? []);
  const key = found.map(({ info, data }) => `${info.run_id} ${info.status} ${data.metrics?.length}`).join();
  const runs = useMemo(() => found, [key]); // the same runs as before are not drawn anew
  const rows = useMemo(() => rowsOf(runs, ids), [runs, ids]);
  const failed = answers.find(({ isError }) => isError);
  const crumb = <Link to="/experiments" className="crumb">Experiments</Link>;
  if (ids.length < 2) return <><Top crumb={crumb} title="Compare runs" /><Empty art={<Icon name="chart" size={28} />} title="Which runs?" acts={<Link to="/experiments" className="btn">To the experiments</Link>}>Select from 2 to {MOST_COMPARED} runs in a table of runs, and press Compare.</Empty></>;
  if (failed && found.length < 2) return <><Top crumb={crumb} title="Compare runs" /><Failure error={failed.error} retry={() => void failed.refetch()} what="The runs" /></>;
  return (
    <>
      <Top crumb={crumb} title={`Compare ${ids.length} runs`} tab="Compare" />
      <nav className="tabs" aria-label="Compare">
        {TABS.map(([each, words]) => <Link key={each} to="/compare" search={{ runs: wanted, ...(w ? { w } : {}), ...(each === 'curves' ? {} : { tab: each }) }} className={each === tab ? 'on' : ''} aria-current={each === tab ? 'page' : undefined} activeOptions={{ exact: true, includeSearch: true }} activeProps={{}}>{words}</Link>)}
      </nav>
      {failed && <p className="page-notice"><Notice tone="warn">{ids.length - found.length} of these runs {ids.length - found.length === 1 ? 'is' : 'are'} not here any more.</Notice></p>}
      {runs.length < 2 || !workspace ? <div className="scroll"><Skeleton width="50%" height={20} /></div> : (
        <>
          <Legend workspace={workspace.id} runs={runs} rows={rows} />
          {tab === 'curves' && <Curves workspace={workspace.id} runs={runs} rows={rows} />}
          {tab === 'differences' && <Differences workspace={workspace.id} runs={runs} rows={rows} />}
          {tab === 'parallel' && <Parallel runs={runs} rows={rows} />}
          {tab === 'scatter' && <Scatter workspace={workspace.id} runs={runs} rows={rows} />}
        </>
      )}
    </>
  );
}

export interface CompareProps {
  workspace: number;
  runs: readonly Run[];
  rows: readonly Row[];
}

/** Runs with all their values by name; a run keeps its colour whichever others are there. */
function rowsOf(runs: readonly Run[], ids: readonly string[]): Row[] {
  return runs.map(({ info, data }) => ({
    id: info.run_id, name: info.run_name || info.run_id, style: ids.indexOf(info.run_id),
    values: Object.fromEntries([...(data.params ?? []).map(({ key, value }) => [`params.${key}`, value] as const), ...(data.metrics ?? []).map(({ key, value }) => [`metrics.${key}`, numberOf(value)] as const)]),
  }));
}

function Legend({ workspace, runs, rows }: CompareProps) {
  const navigate = useNavigate();
  const search = useSearch({ from: '/inside/compare' });
  const drop = (id: string) => void navigate({ to: '/compare', search: { ...search, runs: rows.filter((row) => row.id !== id).map((row) => row.id).join(',') } });
  return (
    <ul className="compare-legend" aria-label="Runs">
      {rows.map((row, index) => (
        <li key={row.id} className="chip">
          <Swatch index={row.style} /><Link className="cut" to="/runs/$runId" params={{ runId: row.id }} search={{ w: workspace }}>{row.name}</Link>
          {runs[index]?.info.status !== 'FINISHED' && runs[index] && <RunState status={runs[index].info.status} />}
          {rows.length > 2 && <button type="button" className="x" aria-label={`Leave out ${row.name}`} onClick={() => drop(row.id)}><Icon name="close" /></button>}
        </li>
      ))}
    </ul>
  );
}

function Curves({ workspace, runs, rows }: CompareProps) {
  const [look, setLook] = useState<ChartLook>({ x: 'step', isLog: false, smoothing: 0 });
  const [search, setSearch] = useState('');
  const metrics = useMemo(() => metricsOf(runs), [runs]);
  const isLive = runs.some(({ info }) => info.status === 'RUNNING');
  const found = metrics.filter(({ key }) => key.toLowerCase().includes(search.toLowerCase()));
  if (metrics.length === 0) return <Empty art={<Icon name="chart" size={28} />} title="None of them logged a metric" />;
  return (
    <>
      <ChartTools look={look} onLook={setLook} search={search} onSearch={setSearch} />
      <div className="table-scroll"><div className="metric-grid compare-grid">{found.map(({ key, runs: of }) => <MetricChart key={key} workspace={workspace} metric={key} runs={rows.filter(({ id }) => of.has(id))} look={look} isLive={isLive} height={280} />)}</div></div>
    </>
  );
}

/** The metrics of the runs with who has them, those that most have first. */
function metricsOf(runs: readonly Run[]): Array<{ key: string; runs: Set<string> }> {
  const found = new Map<string, Set<string>>();
  for (const { info, data } of runs) for (const { key } of data.metrics ?? []) found.set(key, (found.get(key) ?? new Set()).add(info.run_id));
  const isSystem = (key: string) => Number(key.startsWith('system/'));
  return [...found].map(([key, of]) => ({ key, runs: of })).sort((a, b) => isSystem(a.key) - isSystem(b.key) || b.runs.size - a.runs.size || a.key.localeCompare(b.key));
}
