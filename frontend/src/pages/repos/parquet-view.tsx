import { useQuery } from '@tanstack/react-query';
import { fileAddress, type RepoFile } from '../../api/repos';
import { counted } from '../../ui/format';
import { messageOf, Notice, Skeleton } from '../../ui/parts';
import { openedBy } from './content-kind';
import { readParquet } from './parquet';
import { RowTable } from './row-table';

const MOST_ROWS = 100;

/** The first rows of a Parquet file; where they cannot be read here, what reads them. */
export function ParquetView({ repo, at, file }: { repo: number; at: string; file: RepoFile }) {
  const rows = useQuery({
    queryKey: ['repo-content', repo, file.id, 'parquet'],
    queryFn: ({ signal }) => readParquet(file.size_bytes, (start, end) => readPart(fileAddress(repo, at, file.path), start, end, signal), MOST_ROWS),
    staleTime: Infinity, gcTime: 60_000, retry: false,
  });
  if (rows.isPending) return <div className="col" style={{ gap: 8 }}><Skeleton width="80%" /><Skeleton width="60%" /></div>;
  if (rows.isError) return <Notice>Its rows are not shown here: {messageOf(rows.error)} {openedBy(file.path)}</Notice>;
  const { columns, rows: shown, total } = rows.data;
  return <><RowTable head={columns} rows={shown} /><p className="muted small">{shown.length < total ? `The first ${counted(shown.length, 'row')} of ${counted(total, 'row')}` : counted(total, 'row')}, {counted(columns.length, 'column')}.</p></>;
}

async function readPart(address: string, start: number, end: number, signal: AbortSignal): Promise<ArrayBuffer> {
  const answer = await fetch(address, { credentials: 'same-origin', headers: { Range: `bytes=${start}-${end - 1}` }, signal });
  if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
  return answer.arrayBuffer();
}
