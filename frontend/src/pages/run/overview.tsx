import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { type DatasetInput, loggedModelQuery, type ModelVersion, type Run, versionsOfRunQuery } from '../../api/mlflow';
import type { Workspace } from '../../api/types';
import { may } from '../../app/workspace';
import { writeFigure } from '../../charts/figure';
import { counted } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Pill } from '../../ui/parts';
import { momentOf, lasted } from '../experiments/when';
import { RegisterModel } from '../models/register-model';
import { Notes } from './notes';
import { Tags } from './tags';

const SHORT = 12;
const FEW = 14;

/** What a run is: its facts, notes, parameters, last metrics, data, models and tags. */
export function Overview({ workspace, run }: { workspace: Workspace; run: Run }) {
  const { params = [], metrics = [] } = run.data;
  return (
    <div className="scroll">
      <div className="run-overview">
        <div className="col">
          <Facts workspace={workspace} run={run} />
          <Pairs title="Parameters" one="parameter" empty="The run logged none." pairs={params.map(({ key, value }) => [key, value])} />
          <Datasets inputs={run.inputs?.dataset_inputs ?? []} />
          <Tags workspace={workspace} run={run} />
        </div>
        <div className="col">
          <Notes workspace={workspace} run={run} />
          <Pairs title="Metrics" one="metric" empty="The run logged none." isNumber pairs={metrics.filter(({ key }) => !key.startsWith('system/')).map(({ key, value, step }) => [key, writeFigure(value), Number(step) > 0 ? `at step ${Number(step).toLocaleString('en')}` : undefined])}
            more={metrics.length > 0 && <Link className="link" to="/runs/$runId" params={{ runId: run.info.run_id }} search={{ w: workspace.id, tab: 'metrics' }}>See the curves</Link>} />
          <Models workspace={workspace} run={run} />
        </div>
      </div>
    </div>
  );
}

const tagOf = (run: Run, key: string): string | undefined => run.data.tags?.find((tag) => tag.key === key)?.value;

function Facts({ workspace, run }: { workspace: Workspace; run: Run }) {
  const { info } = run;
  const [parent, source, commit, entry] = ['mlflow.parentRunId', 'mlflow.source.name', 'mlflow.source.git.commit', 'mlflow.project.entryPoint'].map((key) => tagOf(run, key));
  const user = info.user_id || tagOf(run, 'mlflow.user');
  const facts: ReadonlyArray<readonly [string, ReactNode]> = [
    ['Started', momentOf(info.start_time) ?? '–'], ['Took', lasted(info.start_time, info.end_time)], ['By', user || '–'],
    ...(source ? [['Source', <span key="s" className="mono">{source}</span>] as const] : []), ...(commit ? [['Git commit', <span key="c" className="mono" title={commit}>{commit.slice(0, SHORT)}</span>] as const] : []), ...(entry ? [['Entry point', entry] as const] : []),
    ...(parent ? [['Part of', <Link key="p" className="link mono" to="/runs/$runId" params={{ runId: parent }} search={{ w: workspace.id }}>{parent.slice(0, SHORT)}</Link>] as const] : []),
    ['Id', <span key="i" className="mono">{info.run_id}</span>],
  ];
  return (
    <section className="card" aria-labelledby="run-facts">
      <h2 id="run-facts">This run</h2>
      <dl className="facts">{facts.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>
    </section>
  );
}

interface PairsProps {
  title: string;
  one: string;
  empty: string;
  pairs: ReadonlyArray<readonly [key: string, value: string, note?: string | undefined]>;
  isNumber?: boolean;
  more?: ReactNode;
}

/** Names with values; of many, those that fit what is typed. */
function Pairs({ title, one, empty, pairs, isNumber = false, more }: PairsProps) {
  const [search, setSearch] = useState('');
  const found = pairs.filter(([key, value]) => `${key} ${value}`.toLowerCase().includes(search.toLowerCase()));
  return (
    <section className="card" aria-label={title}>
      <div className="row card-head"><h2>{title}</h2>{pairs.length > 0 && <span className="muted">{counted(pairs.length, one)}</span>}<span className="grow" />{more}</div>
      {pairs.length > FEW && <label className="search pair-finder"><span className="unseen">Find one of the {title.toLowerCase()}</span><Icon name="search" /><input className="input" type="search" placeholder="Find" value={search} onChange={(event) => setSearch(event.target.value)} /></label>}
      {pairs.length === 0 && <p className="muted">{empty}</p>}
      {pairs.length > 0 && (
        <div className="pair-scroll" role="region" aria-label={`${title} with their values`} tabIndex={0}>
          <table className="table pairs"><tbody>{found.map(([key, value, note]) => <tr key={key}><th scope="row" title={key}>{key}</th><td className={isNumber ? 'num' : ''}>{value}{note && <span className="muted small"> {note}</span>}</td></tr>)}</tbody></table>
          {found.length === 0 && <p className="muted">None is like that.</p>}
        </div>
      )}
    </section>
  );
}

const isOf = (version: ModelVersion, id: string): boolean => version.model_id === id || (version.source ?? '').includes(id);

/** The models that the run logged, and which versions of registered models came of them. */
function Models({ workspace, run }: { workspace: Workspace; run: Run }) {
  const outputs = run.outputs?.model_outputs ?? [];
  const ids = [...new Set(outputs.map(({ model_id }) => model_id))];
  const versions = useQuery(versionsOfRunQuery(workspace.id, run.info.run_id)).data ?? [];
  if (ids.length === 0 && versions.length === 0) return null;
  const others = versions.filter((version) => !ids.some((id) => isOf(version, id)));
  return (
    <section className="card" aria-labelledby="run-models">
      <h2 id="run-models">Models</h2>
      <ul className="lines">
        {ids.map((id) => <LoggedModelRow key={id} workspace={workspace} run={run} id={id} versions={versions.filter((version) => isOf(version, id))} />)}
        {others.map(({ name, version }) => <li key={`${name} ${version}`} className="row"><Icon name="model" /><VersionLink workspace={workspace} name={name} version={version} /></li>)}
      </ul>
    </section>
  );
}

const VersionLink = ({ workspace, name, version }: { workspace: Workspace; name: string; version: string }) => <Link className="link" to="/models/$name" params={{ name }} search={{ w: workspace.id }}>{name} {version}</Link>;

function LoggedModelRow({ workspace, run, id, versions }: { workspace: Workspace; run: Run; id: string; versions: ReadonlyArray<{ name: string; version: string }> }) {
  const model = useQuery(loggedModelQuery(workspace.id, id)).data;
  const [isOpen, setOpen] = useState(false);
  return (
    <li className="row wrap">
      <Icon name="model" />
      <span className="grow"><b className="b">{model?.info.name ?? id}</b> {model?.info.model_type && <span className="muted">{model.info.model_type}</span>}</span>
      {versions.map(({ name, version }) => <VersionLink key={`${name} ${version}`} workspace={workspace} name={name} version={version} />)}
      {may(workspace, 'edit') && <button type="button" className="btn" onClick={() => setOpen(true)}>Register…</button>}
      {isOpen && <RegisterModel workspace={workspace} run={run.info.run_id} source={`models:/${id}`} model={id} suggested={model?.info.name ?? ''} onClose={() => setOpen(false)} />}
    </li>
  );
}

function Datasets({ inputs }: { inputs: readonly DatasetInput[] }) {
  if (inputs.length === 0) return null;
  return (
    <section className="card" aria-labelledby="run-data">
      <h2 id="run-data">Data</h2>
      <ul className="lines">
        {inputs.map(({ dataset, tags }, index) => {
          const context = tags?.find(({ key }) => key === 'mlflow.data.context')?.value;
          return (
            <li key={`${dataset.digest} ${index}`} className="row">
              <Icon name="columns" />
              <span className="grow"><b className="b">{dataset.name}</b> <span className="mono muted">{dataset.digest}</span><span className="muted small cut" style={{ display: 'block' }} title={dataset.source}>{dataset.source_type}{profileOf(dataset.profile)}</span></span>
              {context && <Pill>{context}</Pill>}
            </li>
          );
        })}
      </ul>
    </section>
  );
}

/** " · 150 rows" out of what MLflow wrote down of a dataset. */
function profileOf(profile: string | undefined): string {
  try {
    const rows: unknown = (JSON.parse(profile ?? '{}') as Record<string, unknown>)['num_rows'];
    return typeof rows === 'number' ? ` · ${counted(rows, 'row')}` : '';
  } catch {
    return '';
  }
}
