import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { deleteModel, deleteVersion, describeModel, modelQuery, type ModelVersion, type RegisteredModel, tagModel, untagModel, versionsQuery } from '../../api/mlflow';
import type { Workspace } from '../../api/types';
import { Top } from '../../app/top';
import { may } from '../../app/workspace';
import { Confirm } from '../../ui/dialog';
import { counted } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Empty, Failure, Pill, Skeleton } from '../../ui/parts';
import { say } from '../../ui/toast';
import { useTrackedWorkspace } from '../experiments/use-tracked-workspace';
import { agoOf, momentOf } from '../experiments/when';
import { NotesCard } from '../run/notes';
import { TagsCard } from '../run/tags';
import { AliasDialog } from './alias-dialog';
import { History } from './history';
import { VersionDialog } from './version-dialog';
import '../run/run.css';
import './models.css';

/** Which version is in use, and who put it there? */
export function ModelPage() {
  const workspace = useTrackedWorkspace();
  const { name } = useParams({ from: '/inside/models/$name' });
  const crumb = <Link to="/models" className="crumb">Models</Link>;
  if (!workspace) return <Top crumb={crumb} title={name} />;
  return <Page key={`${workspace.id} ${name}`} workspace={workspace} name={name} />;
}

function Page({ workspace, name }: { workspace: Workspace; name: string }) {
  const model = useQuery(modelQuery(workspace.id, name));
  const [isDeleting, setDeleting] = useState(false);
  const client = useQueryClient();
  const navigate = useNavigate();
  const crumb = <Link to="/models" className="crumb">Models</Link>;
  const refresh = () => client.invalidateQueries({ queryKey: ['models'] });
  const remove = async () => {
    await deleteModel(workspace.id, name);
    await navigate({ to: '/models' });
    await refresh();
    say(`The model “${name}” is deleted.`);
  };
  if (model.isError) return <><Top crumb={crumb} title={name} /><Failure error={model.error} retry={() => void model.refetch()} what="The model" acts={<Link to="/models" className="btn">To the models</Link>} /></>;
  if (!model.data) return <><Top crumb={crumb} title={name} /><div className="scroll"><Skeleton width="40%" height={20} /></div></>;
  const [edits, manages] = [may(workspace, 'edit'), may(workspace, 'manage')];
  return (
    <>
      <Top crumb={crumb} title={name} tab={[name, 'Model']}>
        <span className="alias-row row wide">{(model.data.aliases ?? []).map(({ alias, version }) => <Pill key={alias} tone="accent">{alias} is {version}</Pill>)}</span>
        <span className="grow" />
        {manages && <button type="button" className="btn danger-ghost" onClick={() => setDeleting(true)}>Delete…</button>}
      </Top>
      <div className="scroll">
        <div className="model-page">
          <Versions workspace={workspace} model={model.data} />
          <div className="col model-side">
            <NotesCard title="Description" empty="Nothing says what it does." kept={model.data.description ?? ''} writes={edits} save={async (text) => { await describeModel(workspace.id, name, text); await refresh(); }} />
            <History workspace={workspace.id} name={name} />
            <TagsCard tags={model.data.tags ?? []} writes={edits} onTag={async (key, value) => { await tagModel(workspace.id, name, key, value); await refresh(); }} onUntag={async (key) => { await untagModel(workspace.id, name, key); await refresh(); }} />
          </div>
        </div>
      </div>
      {isDeleting && (
        <Confirm title={`Delete “${name}”?`} action="Delete model" typed={name} onConfirm={remove} onClose={() => setDeleting(false)}>
          <p>All its versions and aliases go. Whatever loads it by this name fails from then on. It cannot be brought back; the runs and their files stay.</p>
        </Confirm>
      )}
    </>
  );
}

type Doing = { kind: 'alias' | 'open' | 'delete'; version: ModelVersion } | null;

function Versions({ workspace, model }: { workspace: Workspace; model: RegisteredModel }) {
  const { name } = model;
  const versions = useInfiniteQuery(versionsQuery(workspace.id, name));
  const client = useQueryClient();
  const [doing, setDoing] = useState<Doing>(null);
  const found = versions.data?.pages.flatMap((page) => page.model_versions ?? []) ?? [];
  const aliasesOf = (version: string) => (model.aliases ?? []).filter((each) => each.version === version).map(({ alias }) => alias);
  const remove = async ({ version }: ModelVersion) => {
    await deleteVersion(workspace.id, name, version);
    await Promise.all([client.invalidateQueries({ queryKey: ['models'] }), client.invalidateQueries({ queryKey: ['model-versions'] }), client.invalidateQueries({ queryKey: ['promotions'] })]);
    say(`Version ${version} is deleted.`);
  };
  const close = () => setDoing(null);
  return (
    <section className="card" aria-labelledby="versions">
      <div className="row card-head"><h2 id="versions">Versions</h2>{found.length > 0 && <span className="muted">{counted(found.length, 'version')}{versions.hasNextPage ? ' and more' : ''}</span>}</div>
      {versions.isPending && <Skeleton width="60%" />}
      {versions.isError && <Failure error={versions.error} retry={() => void versions.refetch()} what="The list of versions" />}
      {versions.isSuccess && found.length === 0 && <Empty title="No versions yet" acts={<Link to="/experiments" className="btn">To the experiments</Link>}>Open a run that logged a model and press Register.</Empty>}
      <ul className="lines versions">
        {found.map((each) => (
          <li key={each.version} className="row wrap">
            <button type="button" className="version-open b" onClick={() => setDoing({ kind: 'open', version: each })} aria-label={`Version ${each.version}`}>{each.version}</button>
            <span className="row wrap alias-row">{aliasesOf(each.version).map((alias) => <Pill key={alias} tone="accent">{alias}</Pill>)}{each.status === 'FAILED_REGISTRATION' && <Pill tone="bad">failed</Pill>}{each.status === 'PENDING_REGISTRATION' && <Pill>coming</Pill>}</span>
            <span className="grow two cut" title={each.description}>{each.description}</span>
            {each.run_id && <Link className="link mono" to="/runs/$runId" params={{ runId: each.run_id }} search={{ w: workspace.id }}>run {each.run_id.slice(0, 6)}</Link>}
            <span className="muted wide" title={momentOf(each.creation_timestamp)}>{agoOf(each.creation_timestamp)}</span>
            {may(workspace, 'manage') && <button type="button" className="btn" aria-label={`Aliases of version ${each.version}`} onClick={() => setDoing({ kind: 'alias', version: each })}>Aliases…</button>}
            {may(workspace, 'manage') && <button type="button" className="btn ghost icon" aria-label={`Delete version ${each.version}`} onClick={() => setDoing({ kind: 'delete', version: each })}><Icon name="trash" /></button>}
          </li>
        ))}
      </ul>
      {versions.hasNextPage && <div className="more"><button type="button" className="btn" disabled={versions.isFetchingNextPage} onClick={() => void versions.fetchNextPage()}>Show older ones</button></div>}
      {doing?.kind === 'alias' && <AliasDialog workspace={workspace.id} model={model} version={doing.version.version} onClose={close} />}
      {doing?.kind === 'open' && <VersionDialog workspace={workspace} version={doing.version} aliases={aliasesOf(doing.version.version)} onClose={close} />}
      {doing?.kind === 'delete' && (
        <Confirm title={`Delete version ${doing.version.version} of “${name}”?`} action="Delete version" onConfirm={() => remove(doing.version)} onClose={close}>
          <p>{aliasesOf(doing.version.version).length > 0 ? <>Its {aliasesOf(doing.version.version).length === 1 ? 'alias' : 'aliases'} <b className="b">{aliasesOf(doing.version.version).join(', ')}</b> go with it: whatever loads the model by {aliasesOf(doing.version.version).length === 1 ? 'it' : 'them'} fails from then on. </> : ''}It cannot be brought back; its run and its files stay.</p>
        </Confirm>
      )}
    </section>
  );
}
