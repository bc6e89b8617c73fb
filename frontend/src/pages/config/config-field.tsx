import { lazy, Suspense } from 'react';
import type { ConfigCheck } from './use-config-check';
import { Skeleton } from '../../ui/parts';

const ConfigEditor = lazy(() => import('./config-editor').then((module) => ({ default: module.ConfigEditor })));

/** The config as XML, with its mistakes named under it and marked at their lines. */
export function ConfigField({ config, onChange, check }: { config: string; onChange: (config: string) => void; check: ConfigCheck }) {
  return (
    <div className="col" style={{ gap: 8 }}>
      <Suspense fallback={<div className="config-editor"><Skeleton width="100%" height={340} /></div>}>
        <ConfigEditor value={config} onChange={onChange} problems={check.problems} label="Label config" />
      </Suspense>
      <ul className="problems" aria-live="polite">
        {check.problems.map((problem) => <li key={`${problem.line} ${problem.message}`}><span className="mono">line {problem.line}</span><span>{problem.message}</span></li>)}
      </ul>
    </div>
  );
}
