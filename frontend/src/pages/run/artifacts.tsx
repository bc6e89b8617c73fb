import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { type KeyboardEvent, useState } from 'react';
import { type ArtifactFile, artifactsQuery } from '../../api/mlflow';
import { bytes } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Empty, Failure, messageOf, Notice, Skeleton } from '../../ui/parts';
import { nameOfPath } from '../repos/content-kind';
import { ArtifactPreview } from './artifact-preview';

/** The files of a run, and what one of them holds. */
export function Artifacts({ workspace, run }: { workspace: number; run: string }) {
  const { path } = useSearch({ from: '/inside/runs/$runId' });
  const navigate = useNavigate();
  const files = useQuery(artifactsQuery(workspace, run, ''));
  const open = (file: ArtifactFile) => void navigate({ to: '/runs/$runId', params: { runId: run }, search: { w: workspace, tab: 'artifacts', path: file.path }, replace: true });
  if (files.isError) return <Failure error={files.error} retry={() => void files.refetch()} what="The list of files" />;
  if (files.data?.length === 0) return <Empty art={<Icon name="folder" size={28} />} title="No files">The run logged no files: mlflow.log_artifact(…) keeps some here.</Empty>;
  return (
    <div className="artifacts">
      <div className="artifact-tree" onKeyDown={walk}>
        {files.isPending ? <Skeleton width="60%" /> : <Folder workspace={workspace} run={run} path="" depth={0} looked={path} onOpen={open} />}
      </div>
      {path ? <ArtifactPreview key={path} workspace={workspace} run={run} path={path} /> : <div className="artifact-none muted wide">Choose a file to look at it.</div>}
    </div>
  );
}

interface FolderProps {
  workspace: number;
  run: string;
  path: string;
  depth: number;
  looked: string | undefined;
  onOpen: (file: ArtifactFile) => void;
}

const STEP_PX = 16;

function Folder({ workspace, run, path, depth, looked, onOpen }: FolderProps) {
  const files = useQuery(artifactsQuery(workspace, run, path));
  if (files.isError) return <Notice tone="bad">{messageOf(files.error)}</Notice>;
  if (!files.data) return <Skeleton width="50%" />;
  const inOrder = [...files.data].sort((a, b) => Number(b.is_dir) - Number(a.is_dir) || a.path.localeCompare(b.path));
  return <ul aria-label={path === '' ? 'Files' : path}>{inOrder.map((file) => <Entry key={file.path} file={file} workspace={workspace} run={run} path={file.path} depth={depth} looked={looked} onOpen={onOpen} />)}</ul>;
}

function Entry({ file, ...place }: FolderProps & { file: ArtifactFile }) {
  const { depth, looked, onOpen, path } = place;
  const [isOpen, setOpen] = useState(() => looked?.startsWith(`${path}/`) ?? false);
  const isLooked = looked === path;
  return (
    <li>
      <button type="button" className={`artifact${isLooked ? ' on' : ''}`} style={{ paddingLeft: 10 + depth * STEP_PX }} aria-current={isLooked ? 'true' : undefined} {...(file.is_dir ? { 'aria-expanded': isOpen } : {})} data-path={path} onClick={() => (file.is_dir ? setOpen(!isOpen) : onOpen(file))}>
        <Icon name={file.is_dir ? (isOpen ? 'down' : 'right') : 'file'} size={file.is_dir ? 12 : 14} /><span className="cut grow">{nameOfPath(path)}</span>{!file.is_dir && file.file_size !== undefined && <span className="muted small">{bytes(Number(file.file_size))}</span>}
      </button>
      {file.is_dir && isOpen && <Folder {...place} depth={depth + 1} />}
    </li>
  );
}

/** Up and down among the files, right and left into folders and out. */
function walk(event: KeyboardEvent<HTMLDivElement>): void {
  const rows = [...event.currentTarget.querySelectorAll<HTMLButtonElement>('button.artifact')];
  const row = event.target as HTMLButtonElement;
  const index = rows.indexOf(row);
  if (index < 0) return;
  const expanded = row.getAttribute('aria-expanded');
  if (event.key === 'ArrowDown') rows[index + 1]?.focus();
  else if (event.key === 'ArrowUp') rows[index - 1]?.focus();
  else if ((event.key === 'ArrowRight' && expanded === 'false') || (event.key === 'ArrowLeft' && expanded === 'true')) row.click();
  else return;
  event.preventDefault();
}
