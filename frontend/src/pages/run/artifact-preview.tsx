import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { artifactsQuery, readArtifact } from '../../api/mlflow';
import { bytes, count } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { messageOf, Notice, Skeleton } from '../../ui/parts';
import { say } from '../../ui/toast';
import { readRecords } from '../import/sources';
import { endingOfPath, kindOfPath, looksLikeText, nameOfPath, openedBy, prettyJson } from '../repos/content-kind';
import { RowTable } from '../repos/row-table';
import '../repos/repos.css';

/** Files larger than this are not fetched to be looked at. */
const MOST_BYTES = 16 * 1024 * 1024;
const MOST_LETTERS = 200_000;
const MOST_ROWS = 200;

const folderOf = (path: string): string => path.split('/').slice(0, -1).join('/');

/** What one file of a run holds: a picture, a table, a text; never run as a page. */
export function ArtifactPreview({ workspace, run, path }: { workspace: number; run: string; path: string }) {
  const listed = useQuery(artifactsQuery(workspace, run, folderOf(path)));
  const file = listed.data?.find((each) => each.path === path);
  const size = Number(file?.file_size ?? 0);
  const [isFetching, setFetching] = useState(false);
  const download = async () => {
    setFetching(true);
    try {
      saveAs(await readArtifact(workspace, run, path), nameOfPath(path));
    } catch (error) {
      say(messageOf(error), { tone: 'bad' });
    }
    setFetching(false);
  };
  return (
    <section className="artifact-preview" aria-label={nameOfPath(path)}>
      <header className="row"><h2 className="cut">{nameOfPath(path)}</h2>{file && <span className="muted">{bytes(size)}</span>}<span className="grow" />{file && <button type="button" className="btn" disabled={isFetching} onClick={() => void download()}>{isFetching ? <span className="turn" /> : <Icon name="download" />}Download</button>}</header>
      <div className="artifact-body" tabIndex={0} role="region" aria-label="What the file holds">
        {listed.isSuccess && !file && <Notice tone="warn">The file is not there any more.</Notice>}
        {file && size === 0 && <p className="muted">The file is empty.</p>}
        {file && size > MOST_BYTES && <Notice>{`It is too large to be shown here. ${openedBy(path)}`}</Notice>}
        {file && size > 0 && size <= MOST_BYTES && <Body workspace={workspace} run={run} path={path} />}
      </div>
    </section>
  );
}

function Body({ workspace, run, path }: { workspace: number; run: string; path: string }) {
  const content = useQuery({ queryKey: ['artifact', workspace, run, path], queryFn: ({ signal }) => readArtifact(workspace, run, path, signal), staleTime: 60_000, gcTime: 60_000 });
  if (content.isError) return <Notice tone="bad">{messageOf(content.error)}</Notice>;
  if (!content.data) return <div className="col" style={{ gap: 8 }}><Skeleton width="80%" /><Skeleton width="60%" /></div>;
  return kindOfPath(path) === 'picture' ? <Picture blob={content.data} path={path} /> : <Words of={`${workspace} ${run}`} blob={content.data} path={path} />;
}

const PICTURE_TYPES: Record<string, string> = { svg: 'image/svg+xml', jpg: 'image/jpeg', jpeg: 'image/jpeg', png: 'image/png', gif: 'image/gif', webp: 'image/webp', bmp: 'image/bmp', avif: 'image/avif' };

function Picture({ blob, path }: { blob: Blob; path: string }) {
  const [address, setAddress] = useState<string | undefined>(undefined);
  const [isBroken, setBroken] = useState(false);
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([blob], { type: PICTURE_TYPES[endingOfPath(path)] ?? 'image/png' })); // within <img> an SVG runs no script
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [blob, path]);
  if (isBroken) return <Notice tone="warn">This picture cannot be drawn. {openedBy(path)}</Notice>;
  return <span className="whole-picture artifact-picture">{address && <img src={address} alt={nameOfPath(path)} onError={() => setBroken(true)} />}</span>;
}

function Words({ of, blob, path }: { of: string; blob: Blob; path: string }) {
  const read = useQuery({ queryKey: ['artifact-text', of, path], queryFn: async () => new Uint8Array(await blob.arrayBuffer()), staleTime: Infinity, gcTime: 0 });
  if (!read.data) return <Skeleton width="60%" />;
  if (!looksLikeText(read.data)) return <Notice>It is not shown here. {openedBy(path)}</Notice>;
  const text = new TextDecoder().decode(read.data);
  const kind = kindOfPath(path);
  if (kind === 'table') {
    const [head = [], ...rows] = readRecords(text, endingOfPath(path) === 'tsv' ? '\t' : ',', MOST_ROWS + 1);
    return <><RowTable head={head} rows={rows} />{rows.length >= MOST_ROWS && <p className="muted small">The first {count(MOST_ROWS)} rows.</p>}</>;
  }
  const shown = kind === 'json' ? prettyJson(text) : text;
  return <><pre className="mono file-text">{shown.slice(0, MOST_LETTERS)}</pre>{shown.length > MOST_LETTERS && <p className="muted small">The first {count(MOST_LETTERS)} letters.</p>}</>;
}

function saveAs(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
