import { Link } from '@tanstack/react-router';
import type { KeyboardEvent } from 'react';
import { fileAddress, type Repo, type RepoFile, type RepoFolder } from '../../api/repos';
import type { RepoSearch } from '../../app/router';
import { ago, bytes, moment } from '../../ui/format';
import { Icon, type IconName } from '../../ui/icon';
import { type ContentKind, kindOfPath, nameOfPath } from './content-kind';
import { FileMenu } from './file-acts';

interface TableProps {
  repo: Repo;
  at: string;
  folder: string;
  writes: boolean;
  entries: ReadonlyArray<RepoFile | RepoFolder>;
  looked: string | undefined;
  /** Whole paths in place of names, where the files are of many folders. */
  showsPath?: boolean;
}

const ICONS: Record<ContentKind, IconName> = { picture: 'picture', json: 'code', lines: 'code', table: 'columns', parquet: 'columns', text: 'text', other: 'file' };
const THUMBNAIL_PX = 320;

/** The files and folders of one folder; the arrows walk them. */
export function FileTable({ repo, at, folder, writes, entries, looked, showsPath = false }: TableProps) {
  const search = (change: RepoSearch) => (before: RepoSearch) => ({ ...(before.ref ? { ref: before.ref } : {}), ...(folder ? { folder } : {}), ...change });
  return (
    <table className="table file-table" onKeyDown={(event) => walk(event, looked !== undefined)}>
      <thead><tr><th>Name</th><th className="num wide">Size</th><th className="num wide">Changed</th><th className="tight"><span className="unseen">Acts</span></th></tr></thead>
      <tbody>
        {entries.map((entry) => (entry.type === 'folder' ? (
          <tr key={entry.path}>
            <td className="main"><Link data-path={entry.path} className="file-name hit" to="/repos/$repoId" params={{ repoId: String(repo.id) }} search={search({ folder: entry.path })}><span className="file-art"><Icon name="folder" /></span><span className="cut">{nameOfPath(entry.path)}/</span></Link></td>
            <td className="num muted wide">–</td><td className="num muted wide">–</td>
            <td className="tight"><FileMenu repo={repo} at={at} entry={entry} writes={writes} /></td>
          </tr>
        ) : (
          <tr key={entry.path} className={entry.path === looked ? 'looked' : ''}>
            <td className="main"><Link data-path={entry.path} className="file-name hit" to="/repos/$repoId" params={{ repoId: String(repo.id) }} search={search({ file: entry.path })} aria-current={entry.path === looked ? 'true' : undefined}><Art repo={repo} at={at} file={entry} /><span className="cut">{showsPath ? entry.path : nameOfPath(entry.path)}</span><span className="muted small slim">{bytes(entry.size_bytes)}</span></Link></td>
            <td className="num two wide">{bytes(entry.size_bytes)}</td>
            <td className="num muted wide" title={moment(entry.modified_at)}>{ago(entry.modified_at)}</td>
            <td className="tight"><FileMenu repo={repo} at={at} entry={entry} writes={writes} /></td>
          </tr>
        )))}
      </tbody>
    </table>
  );
}

function Art({ repo, at, file }: { repo: Repo; at: string; file: RepoFile }) {
  const kind = kindOfPath(file.path, file.metadata);
  if (kind !== 'picture') return <span className="file-art"><Icon name={ICONS[kind]} /></span>;
  return <span className="file-art"><img src={fileAddress(repo.id, at, file.path, { thumbnail: THUMBNAIL_PX })} alt="" loading="lazy" decoding="async" /></span>;
}

/** Up and down among the names; while a file is shown beside them, the one that is reached is shown. */
function walk(event: KeyboardEvent<HTMLTableElement>, isLooking: boolean): void {
  const by = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
  if (by === 0 || !(event.target instanceof HTMLAnchorElement)) return;
  const names = [...event.currentTarget.querySelectorAll<HTMLAnchorElement>('a.file-name')];
  const next = names[names.indexOf(event.target) + by];
  if (!next) return;
  event.preventDefault();
  next.focus();
  if (isLooking && !next.dataset['path']?.endsWith('/')) next.click();
}
