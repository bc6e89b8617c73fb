import { useSuspenseQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { base } from '../../api/addresses';
import { sessionQuery } from '../../api/session';
import type { Workspace } from '../../api/types';
import { CopyLine } from '../../ui/copy-line';
import { Dialog } from '../../ui/dialog';
import { Icon } from '../../ui/icon';
import { NewToken } from '../account/new-token';
import './experiments.css';

/** The address that MLflow's client is given: without a slash at its end. */
export const trackingAddress = (): string => base.href.replace(/\/$/, '');

/** What a notebook runs to log its first run. */
export const firstLines = (experiment: string): string => [
  'import mlflow',
  `mlflow.set_experiment(${JSON.stringify(experiment)})`,
  'with mlflow.start_run(): mlflow.log_metric("loss", 0.5)',
].join('\n');

/** How to log from a notebook: address, token, three lines of Python. */
export function Connect({ workspace, experiment = 'first' }: { workspace: Workspace; experiment?: string }) {
  const [making, setMaking] = useState(false);
  const hasSeveral = useSuspenseQuery(sessionQuery).data.workspaces.length > 1;
  return (
    <ol className="connect">
      <li>
        <b className="b">Make a token</b>
        <span className="two">The notebook signs in with it. Keep it out of the notebook itself.</span>
        <span><button type="button" className="btn" onClick={() => setMaking(true)}><Icon name="key" />New token</button></span>
      </li>
      <li>
        <b className="b">Tell MLflow where to log</b>
        <CopyLine text={`export MLFLOW_TRACKING_URI=${trackingAddress()}`} />
        <CopyLine text="export MLFLOW_TRACKING_TOKEN=…" />
        {hasSeveral && <CopyLine text={`export MLFLOW_WORKSPACE=${workspace.name}`} />}
      </li>
      <li>
        <b className="b">Log a run</b>
        <CopyLine text={firstLines(experiment)} />
      </li>
      {making && <NewToken onClose={() => setMaking(false)} />}
    </ol>
  );
}

export const ConnectDialog = ({ workspace, experiment, onClose }: { workspace: Workspace; experiment?: string; onClose: () => void }) => (
  <Dialog title="Connect a notebook" wide onClose={onClose}><Connect workspace={workspace} {...(experiment ? { experiment } : {})} /></Dialog>
);
