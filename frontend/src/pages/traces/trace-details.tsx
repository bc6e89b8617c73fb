import { useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { quoted } from '../../api/mlflow';
import type { Experiment } from '../../api/tracking';
import { experimentOf, metadataOf, tagTrace, tokensOfTrace, type TraceInfo, untagTrace } from '../../api/traces';
import type { Workspace } from '../../api/types';
import { may } from '../../app/workspace';
import { CopyLine } from '../../ui/copy-line';
import { count } from '../../ui/format';
import { momentOf } from '../experiments/when';
import { TagsCard } from '../run/tags';
import { LoggedModelLink } from './logged-model-link';
import { msOf, traceTime } from './trace-columns';
import { ValueView } from './value-view';
import '../run/run.css';

const SHORT = 12;
/** Metadata that stand among the facts. */
const TOLD = new Set(['mlflow.trace.session', 'mlflow.trace.user', 'mlflow.sourceRun', 'mlflow.modelId', 'mlflow.trace.tokenUsage', 'mlflow.traceInputs', 'mlflow.traceOutputs', 'mlflow.trace.sizeStats', 'mlflow.trace.sizeBytes', 'mlflow.trace_schema.version', 'mlflow.trace.infoFinalized', 'mlflow.source.name', 'mlflow.source.git.commit']);

/** What is known of a trace besides its spans: where it came from, its tags, its metadata. */
export function TraceDetails({ workspace, trace, experiment }: { workspace: Workspace; trace: TraceInfo; experiment?: Experiment }) {
  const client = useQueryClient();
  const id = trace.trace_id;
  const refresh = () => Promise.all([client.invalidateQueries({ queryKey: ['trace', workspace.id, id], exact: true }), client.invalidateQueries({ queryKey: ['traces'] })]);
  const others = Object.entries(trace.trace_metadata ?? {}).filter(([key]) => !TOLD.has(key));
  return (
    <div className="scroll">
      <div className="run-overview">
        <div className="col">
          <Facts workspace={workspace} trace={trace} {...(experiment ? { experiment } : {})} />
          <TagsCard tags={Object.entries(trace.tags ?? {}).map(([key, value]) => ({ key, value }))} writes={may(workspace, 'edit')} onTag={async (key, value) => { await tagTrace(workspace.id, id, key, value); await refresh(); }} onUntag={async (key) => { await untagTrace(workspace.id, id, key); await refresh(); }} />
          {others.length > 0 && (
            <section className="card" aria-labelledby="trace-metadata">
              <h2 id="trace-metadata">Metadata</h2>
              <dl className="facts wide-facts">{others.map(([key, value]) => <div key={key}><dt className="cut" title={key}>{key}</dt><dd>{value}</dd></div>)}</dl>
            </section>
          )}
        </div>
        <div className="col">
          {([['Request', trace.request_preview], ['Response', trace.response_preview]] as const).map(([title, text]) => (
            <section key={title} className="card" aria-label={title}><h2>{title}</h2>{text ? <ValueView value={text} name={title} /> : <p className="muted">Nothing is kept of it here; its spans may tell.</p>}</section>
          ))}
        </div>
      </div>
    </div>
  );
}

function Facts({ workspace, trace, experiment }: { workspace: Workspace; trace: TraceInfo; experiment?: Experiment }) {
  const [session, user, run, model, source, commit] = ['mlflow.trace.session', 'mlflow.trace.user', 'mlflow.sourceRun', 'mlflow.modelId', 'mlflow.source.name', 'mlflow.source.git.commit'].map((key) => metadataOf(trace, key));
  const tokens = tokensOfTrace(trace);
  const within = experiment?.id ?? experimentOf(trace);
  const fact = (name: string, value: ReactNode) => (value ? [[name, value] as const] : []);
  const facts = [
    ...fact('Asked', momentOf(msOf(trace)) ?? '–'), ...fact('Took', traceTime(trace)),
    ...fact('Tokens', tokens && `${count(tokens.total)} (${count(tokens.input)} in, ${count(tokens.output)} out)`),
    ...fact('Session', session && within && <Link className="link" to="/experiments/$experimentIds/traces" params={{ experimentIds: within }} search={{ w: workspace.id, filter: `metadata.\`mlflow.trace.session\` = ${quoted(session)}` }}>{session}</Link>),
    ...fact('User', user),
    ...fact('Run', run && <Link className="link mono" to="/runs/$runId" params={{ runId: run }} search={{ w: workspace.id }}>{run.slice(0, SHORT)}</Link>),
    ...fact('Model', model && <LoggedModelLink workspace={workspace.id} model={model} />),
    ...fact('Source', source && <span className="mono">{source}</span>), ...fact('Git commit', commit && <span className="mono" title={commit}>{commit.slice(0, SHORT)}</span>),
    ...fact('Its own id', trace.client_request_id && <span className="mono">{trace.client_request_id}</span>),
    ...fact('Id', <CopyLine text={trace.trace_id} />),
  ];
  return (
    <section className="card" aria-labelledby="trace-facts">
      <h2 id="trace-facts">This trace</h2>
      <dl className="facts">{facts.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>
    </section>
  );
}
