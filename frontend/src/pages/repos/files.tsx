import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { branchesQuery, fileQuery, filesQuery, type Repo, type RepoFile, repoQuery } from '../../api/repos';
import type { RepoSearch } from '../../app/router';
import { useKeys } from '../../app/keys';
import { useWish } from '../../app/wish';
import { Icon } from '../../ui/icon';
import { Failure, Skeleton } from '../../ui/parts';
import { Tip } from '../../ui/tip';
import { useSettled } from '../../ui/use-settled';
import { stepsTo } from './content-kind';
import { droppedFiles, sayUnreadable } from './dropped';
import { EmptyRepo, EmptyFolder } from './empty-repo';
import { enterNames, focusName } from './file-focus';
import { FileGone, FilePreview } from './file-preview';
import { FileTable } from './file-table';
import { FoundFiles } from './found-files';
import { usualBranch } from './names';
import { OpenCommit } from './open-commit';
import { RefPicker } from './ref-picker';
import type { PathedFile } from './tar';
import { UploadDialog } from './upload-dialog';

export function useRepo(): { repo: Repo | undefined; id: number } {
  const id = Number(useParams({ strict: false }).repoId);
  return { id, repo: useQuery(repoQuery(id)).data };
}

/** The branch, tag or commit that the address names, or the main branch. */
export function useRepoRef(repo: Repo): { ref: string; isBranch: boolean; isEmpty: boolean; isKnown: boolean } {
  const { ref: asked } = useSearch({ strict: false }) as RepoSearch;
  const found = useQuery(branchesQuery(repo.id));
  const branches = found.data ?? [];
  const named = (name: string) => branches.find((each) => each.name === name);
  const usual = usualBranch(branches);
  const ref = asked ?? usual;
  const isEmpty = asked ? named(asked) !== undefined && named(asked)?.head === null : repo.head === null && (named(usual)?.head ?? null) === null;
  // A repo without branches is written to by making the first; until they are known nothing is one.
  const isBranch = named(ref) !== undefined || (found.isSuccess && branches.length === 0);
  return { ref, isBranch, isEmpty, isKnown: asked !== undefined || !found.isPending };
}

/** Which files are there? */
export function Files() {
  const { repo } = useRepo();
  return repo ? <Browser repo={repo} /> : null;
}

function Browser({ repo }: { repo: Repo }) {
  const { ref, isBranch, isEmpty, isKnown } = useRepoRef(repo);
  const { folder = '', file } = useSearch({ strict: false }) as RepoSearch;
  const navigate = useNavigate();
  const [dropped, setDropped] = useState<readonly PathedFile[]>();
  const [over, setOver] = useState(false);
  const [typed, setTyped] = useState('');
  const search = useSettled(typed.trim());
  const writes = repo.may_write && isBranch;
  const files = useInfiniteQuery({ ...filesQuery(repo.id, ref, folder), enabled: !isEmpty && isKnown });
  const found = files.data?.pages.flatMap((page) => page.results) ?? [];
  const go = (change: RepoSearch) => void navigate({ to: '/repos/$repoId', params: { repoId: String(repo.id) }, search: (before: RepoSearch) => tidy({ ...before, ...change }) });
  const listed = found.find((each): each is RepoFile => each.type === 'file' && each.path === file);
  const elsewhere = useQuery({ ...fileQuery(repo.id, ref, file ?? ''), enabled: file !== undefined && !listed && !isEmpty && isKnown });
  const looked = file === undefined ? undefined : (listed ?? elsewhere.data);
  const close = () => {
    go({ file: undefined });
    focusName(file);
  };
  useWish('add-files', () => setDropped([]));
  useKeys({ '/': () => document.getElementById('file-search')?.focus(), ArrowDown: () => enterNames(file), ArrowUp: () => enterNames(file), ...(file !== undefined ? { Escape: close } : {}), ...(writes ? { u: () => setDropped([]) } : {}) });
  const inFolder = found.filter((each): each is RepoFile => each.type === 'file');
  const step = (by: -1 | 1) => {
    const next = inFolder[inFolder.findIndex((each) => each.path === file) + by];
    if (next) go({ file: next.path });
  };
  return (
    <div
      className={over ? 'repo-page over' : 'repo-page'}
      {...(writes ? {
        onDragOver: (event) => { if (event.dataTransfer.types.includes('Files')) { event.preventDefault(); setOver(true); } },
        onDragLeave: (event) => { if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false); },
        onDrop: (event) => { event.preventDefault(); setOver(false); void droppedFiles(event.dataTransfer).then(setDropped, sayUnreadable); },
      } satisfies React.HTMLAttributes<HTMLDivElement> : {})}
    >
      {(!isEmpty || repo.branches > 1) && (
        <div className="tools">
          <RefPicker repo={repo.id} at={ref} onPick={(picked) => go({ ref: picked, file: undefined })} />
          <Crumbs repo={repo} folder={folder} />
          <span className="grow" />
          {!isEmpty && <div className="search file-finder"><Icon name="search" /><input id="file-search" className="input" type="search" aria-label="Find a file" placeholder="Find a file" value={typed} onChange={(event) => setTyped(event.target.value)} /></div>}
          {writes && <Tip text="Add files to this folder" keys="U"><button type="button" className="btn primary" onClick={() => setDropped([])}><Icon name="upload" />Add files</button></Tip>}
        </div>
      )}
      {isBranch && <OpenCommit repo={repo} branch={ref} />}
      <div className="beside-repo">
        <div className="table-scroll">
          {isEmpty && <EmptyRepo repo={repo} onAdd={() => setDropped([])} />}
          {search && !isEmpty && <FoundFiles repo={repo} at={ref} typed={search} writes={writes} looked={file} onForget={() => setTyped('')} />}
          {!search && !isEmpty && files.isPending && <div className="scroll col" aria-busy="true" style={{ gap: 18 }}>{[0, 1, 2, 3].map((each) => <Skeleton key={each} width="50%" height={16} />)}</div>}
          {!search && !isEmpty && files.isError && <Failure error={files.error} retry={() => void files.refetch()} what={folder ? `The folder ${folder}` : `The files at ${ref}`} />}
          {!search && !isEmpty && files.isSuccess && found.length === 0 && <EmptyFolder folder={folder} writes={writes} onAdd={() => setDropped([])} />}
          {!search && found.length > 0 && <FileTable repo={repo} at={ref} writes={writes} entries={found} folder={folder} looked={file} />}
          {!search && files.hasNextPage && <div className="more"><button type="button" className="btn" disabled={files.isFetchingNextPage} onClick={() => void files.fetchNextPage()}>Show more</button></div>}
        </div>
        {looked && <FilePreview repo={repo} at={ref} file={looked} onStep={listed && inFolder.length > 1 ? step : undefined} onClose={close} />}
        {file !== undefined && !looked && (isEmpty || elsewhere.isSuccess || elsewhere.isError) && <FileGone path={file} at={ref} why={elsewhere.error} onClose={close} />}
      </div>
      {over && <div className="drop-veil" aria-hidden="true"><Icon name="upload" size={28} /><b className="b">Drop to add to {repo.name}{folder ? `/${folder}` : ''}</b></div>}
      {dropped && <UploadDialog repo={repo} branch={ref} folder={folder} files={dropped} onClose={() => setDropped(undefined)} />}
    </div>
  );
}

/** What is set of a search, without what is undefined or empty. */
export const tidy = (search: RepoSearch): RepoSearch => Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined && value !== ''));

/** The folders on the way to the one that is open. */
function Crumbs({ repo, folder }: { repo: Repo; folder: string }) {
  if (!folder) return null;
  const repoId = String(repo.id);
  const to = (wanted: string) => ({ to: '/repos/$repoId' as const, params: { repoId }, search: ({ file: _, ...rest }: RepoSearch) => tidy({ ...rest, folder: wanted }) });
  const steps = stepsTo(folder);
  return (
    <nav className="crumbs row" aria-label="Folders">
      <Link {...to('')} className="link hit">{repo.name}</Link>
      {steps.map((step, at) => <span key={step.folder} className="row"><span className="muted" aria-hidden="true">/</span>{at === steps.length - 1 ? <b className="b cut" aria-current="page">{step.name}</b> : <Link {...to(step.folder)} className="link cut hit">{step.name}</Link>}</span>)}
    </nav>
  );
}
