import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { modelsQuery, type RegisteredModel } from '../../api/mlflow';
import { useKeys } from '../../app/keys';
import { Top } from '../../app/top';
import { may } from '../../app/workspace';
import { Icon } from '../../ui/icon';
import { Empty, Failure, Pill, Skeleton } from '../../ui/parts';
import { Tip } from '../../ui/tip';
import { useTrackedWorkspace } from '../experiments/use-tracked-workspace';
import { agoOf, momentOf } from '../experiments/when';
import { NewModel } from './new-model';
import './models.css';

/** Which models are there, and which version of each is in use? */
export function Models() {
  const workspace = useTrackedWorkspace();
  const { search = '' } = useSearch({ from: '/inside/models' });
  const navigate = useNavigate();
  const models = useInfiniteQuery(modelsQuery(workspace?.id, search));
  const [isMaking, setMaking] = useState(false);
  const makes = may(workspace, 'edit');
  useKeys(makes ? { m: () => setMaking(true) } : {});
  const found = models.data?.pages.flatMap((page) => page.registered_models ?? []) ?? [];
  const find = (text: string) => void navigate({ to: '/models', search: (before) => ({ ...before, search: text || undefined }), replace: true });
  const isFirst = models.isSuccess && found.length === 0 && !search;
  return (
    <>
      <Top title="Models">
        <span className="grow" />
        {makes && <Tip text="New model" keys="M"><button type="button" className={isFirst ? 'btn' : 'btn primary'} onClick={() => setMaking(true)}><Icon name="plus" />New model</button></Tip>}
      </Top>
      {!isFirst && <div className="tools"><label className="search experiment-finder"><span className="unseen">Find a model</span><Icon name="search" /><input className="input" type="search" placeholder="Find a model" value={search} onChange={(event) => find(event.target.value)} /></label></div>}
      <div className="table-scroll">
        {models.isPending && workspace && <div className="scroll col" aria-busy="true" style={{ gap: 22 }}>{[0, 1, 2].map((each) => <Skeleton key={each} width="60%" height={18} />)}</div>}
        {models.isError && <Failure error={models.error} retry={() => void models.refetch()} what="The list of models" />}
        {isFirst && <Empty art={<Icon name="model" size={28} />} title="No models yet" acts={<Link to="/experiments" className="btn">To the experiments</Link>}>{makes ? 'Open a run that logged a model and press Register: its versions, and which of them is in use, stand here.' : 'Whoever may edit here can register the model of a run.'}</Empty>}
        {models.isSuccess && found.length === 0 && search && <Empty art={<Icon name="search" size={28} />} title={`No model is called “${search}”`} acts={<button type="button" className="btn" onClick={() => find('')}>Show all</button>} />}
        {found.length > 0 && workspace && <ModelTable workspace={workspace.id} models={found} />}
        {models.hasNextPage && <div className="more"><button type="button" className="btn" disabled={models.isFetchingNextPage} onClick={() => void models.fetchNextPage()}>Show more</button></div>}
      </div>
      {isMaking && workspace && <NewModel workspace={workspace.id} onClose={() => setMaking(false)} />}
    </>
  );
}

const newestOf = (model: RegisteredModel): string | undefined => (model.latest_versions ?? []).map(({ version }) => version).sort((a, b) => Number(b) - Number(a))[0];

const ModelTable = ({ workspace, models }: { workspace: number; models: readonly RegisteredModel[] }) => (
  <table className="table model-table">
    <thead><tr><th>Model</th><th>In use</th><th className="num wide">Newest</th><th className="num wide">Changed</th></tr></thead>
    <tbody>
      {models.map((model) => (
        <tr key={model.name}>
          <td className="main"><Link className="b cut experiment-open" to="/models/$name" params={{ name: model.name }} search={{ w: workspace }}>{model.name}</Link>{model.description && <span className="muted small cut" style={{ display: 'block' }}>{model.description}</span>}</td>
          <td><span className="row wrap alias-row">{(model.aliases ?? []).map(({ alias, version }) => <Pill key={alias} tone="accent">{alias} is {version}</Pill>)}{(model.aliases ?? []).length === 0 && <span className="muted">no alias</span>}</span></td>
          <td className="num wide">{newestOf(model) ?? <span className="muted">none</span>}</td>
          <td className="num muted wide" title={momentOf(model.last_updated_timestamp)}>{agoOf(model.last_updated_timestamp)}</td>
        </tr>
      ))}
    </tbody>
  </table>
);
