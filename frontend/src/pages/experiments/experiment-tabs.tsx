import { Link } from '@tanstack/react-router';

/** What an experiment holds: its runs and its traces. */
export function ExperimentTabs({ workspace, experiments, open }: { workspace: number; experiments: string; open: 'runs' | 'traces' }) {
  const tabs = [['runs', 'Runs', '/experiments/$experimentIds'], ['traces', 'Traces', '/experiments/$experimentIds/traces']] as const;
  return (
    <nav className="tabs" aria-label="Experiment">
      {tabs.map(([tab, words, to]) => <Link key={tab} to={to} params={{ experimentIds: experiments }} search={{ w: workspace }} className={tab === open ? 'on' : ''} aria-current={tab === open ? 'page' : undefined} activeOptions={{ exact: true }} activeProps={{}}>{words}</Link>)}
    </nav>
  );
}
