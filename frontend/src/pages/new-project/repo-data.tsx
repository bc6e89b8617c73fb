import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { branchesQuery, fileAddress, folderQuery, type RepoFile, reposQuery } from '../../api/repos';
import type { Workspace } from '../../api/types';
import { bytes, count, counted } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Failure, Field, Notice, Skeleton } from '../../ui/parts';
import { useSettled } from '../../ui/use-settled';
import type { Sample } from '../import/sources';
import { kindOfPath } from '../repos/content-kind';
import { qualified, usualBranch } from '../repos/names';
import { sketch } from './template-art';

/** A repo, a branch of it and a folder, as a source names them. */
export interface RepoChoice {
  repo: number;
  branch: string;
  folder: string;
}

/** The first files of what was chosen, and what to make the project's source of; nothing until a repo is chosen. */
export function useRepoData(workspace: Workspace | undefined, choice: RepoChoice | undefined) {
  const repos = useQuery({ ...reposQuery(workspace?.id), enabled: workspace !== undefined && choice !== undefined });
  const repo = repos.data?.find(({ id }) => id === choice?.repo);
  const branches = useQuery({ ...branchesQuery(repo?.id ?? 0), enabled: repo !== undefined });
  const branch = choice?.branch || usualBranch(branches.data ?? []);
  const folder = useSettled(choice?.folder.trim().replace(/^\//, '') ?? '');
  const files = useInfiniteQuery({ ...folderQuery(repo?.id ?? 0, branch, folder), enabled: repo !== undefined && repo.head !== null && branches.isSuccess });
  const found = useMemo(() => files.data?.pages.flatMap((page) => page.results).filter((each): each is RepoFile => each.type === 'file'), [files.data]);
  const first = found?.find(({ path }) => kindOfPath(path) === 'picture');
  const sample = useMemo((): Sample | undefined => (repo && first ? { data: {}, keys: [], plain: { kind: 'picture', value: fileAddress(repo.id, branch, first.path) } } : undefined), [repo, branch, first]);
  const source = repo && { repo: `${qualified(repo)}@${branch}`, prefix: choice?.folder.trim() ?? '' };
  return { repos, repo, branches: branches.data ?? [], branch, files, found, sample, source };
}

interface DataProps {
  choice: RepoChoice;
  onChoice: (choice: RepoChoice) => void;
  data: ReturnType<typeof useRepoData>;
  config: string;
}

/** Chooses the repo whose files become the tasks, and shows what lies there. */
export function RepoData({ choice, onChoice, data, config }: DataProps) {
  const { repos, repo, branches, branch, files, found } = data;
  if (repos.isError) return <Failure error={repos.error} retry={() => void repos.refetch()} what="The list of repos" />;
  if (repos.isPending) return <Skeleton width="60%" height={30} />;
  if (repos.data.length === 0) return <p className="two">No repo is in this workspace yet. <Link className="link" to="/repos" search={{ do: 'new-repo' }}>Make one</Link>, or drop files here instead.</p>;
  return (
    <div className="col repo-data">
      <div className="repo-fields">
        <Field label="Repo">{(wiring) => <select {...wiring} className="input" autoFocus value={repo?.id ?? ''} onChange={(event) => onChoice({ repo: Number(event.target.value), branch: '', folder: '' })}><option value="" disabled>Choose a repo</option>{repos.data.map((each) => <option key={each.id} value={each.id}>{each.name}</option>)}</select>}</Field>
        <Field label="Branch">{(wiring) => <select {...wiring} className="input" value={branch} disabled={branches.length === 0} onChange={(event) => onChoice({ ...choice, branch: event.target.value })}>{branches.map(({ name }) => <option key={name}>{name}</option>)}</select>}</Field>
        <Field label={<>Folder <span className="muted">optional</span></>}>{(wiring) => <input {...wiring} className="input mono-input" spellCheck={false} value={choice.folder} placeholder="cats/" disabled={!repo} onChange={(event) => onChoice({ ...choice, folder: event.target.value })} />}</Field>
      </div>
      {repo && repo.head === null && <Notice tone="warn">{repo.name} holds no files yet. The project can be made; tasks come once files are committed and the source is synced.</Notice>}
      {files.isError && <Failure error={files.error} retry={() => void files.refetch()} what={`The files of ${repo?.name ?? 'the repo'}`} />}
      {repo && found && <Found files={found} isMore={files.hasNextPage} folder={choice.folder} config={config} />}
    </div>
  );
}

const MOST_LISTED = 4;

function Found({ files, isMore, folder, config }: { files: readonly RepoFile[]; isMore: boolean; folder: string; config: string }) {
  const strange = files.filter(({ path }) => !canBecomeTask(path, config));
  if (files.length === 0) return <Notice tone="warn">{folder ? `No file begins with ${folder}.` : 'No files are there yet.'}</Notice>;
  return (
    <>
      <div className="files">
        <p><b className="b">{isMore ? `More than ${counted(files.length, 'file')}` : counted(files.length, 'file')}</b></p>
        <ul>{files.slice(0, MOST_LISTED).map((file) => <li key={file.path} className="row"><Icon name={kindOfPath(file.path) === 'picture' ? 'picture' : 'file'} /><span className="cut grow" title={file.path}>{file.path}</span><span className="muted small">{bytes(file.size_bytes)}</span></li>)}</ul>
        {files.length > MOST_LISTED && <p className="muted small">and more</p>}
      </div>
      {strange.length > 0 && <Notice tone="warn">{strange.length === files.length ? 'None of them becomes a task' : `${count(strange.length)} of them ${strange.length === 1 ? 'becomes no task' : 'become no tasks'}`}, since nothing in the label config shows such files: {strange.slice(0, MOST_LISTED).map(({ path }) => path).join(', ')}{strange.length > MOST_LISTED ? ', …' : ''}. {strange.length === files.length ? 'Choose another folder or template.' : 'They are passed over.'}</Notice>}
    </>
  );
}

const SHOWN_BY: Partial<Record<ReturnType<typeof sketch>['object'], ReadonlyArray<ReturnType<typeof kindOfPath>>>> = { image: ['picture'], text: ['text'], table: ['table'] };

/** Whether a file is a list of tasks, or something that the config shows, as far as its name tells. */
export function canBecomeTask(path: string, config: string): boolean {
  const kind = kindOfPath(path);
  const shown = SHOWN_BY[sketch(config).object];
  return kind === 'json' || kind === 'lines' || shown === undefined || shown.includes(kind);
}
