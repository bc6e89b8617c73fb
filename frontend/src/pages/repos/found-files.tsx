import { useQuery } from '@tanstack/react-query';
import { globQuery, type Repo } from '../../api/repos';
import { Empty, Failure, Skeleton } from '../../ui/parts';
import { Icon } from '../../ui/icon';
import { FileTable } from './file-table';
import { globOf } from './names';

interface FoundProps {
  repo: Repo;
  at: string;
  typed: string;
  writes: boolean;
  looked: string | undefined;
  onForget: () => void;
}

/** The first files anywhere in a repo that fit what was typed. */
export function FoundFiles({ repo, at, typed, writes, looked, onForget }: FoundProps) {
  const found = useQuery(globQuery(repo.id, at, globOf(typed)));
  const files = found.data?.results ?? [];
  if (found.isPending) return <div className="scroll col" aria-busy="true" style={{ gap: 18 }}>{[0, 1, 2].map((each) => <Skeleton key={each} width="50%" height={16} />)}</div>;
  if (found.isError) return <Failure error={found.error} retry={() => void found.refetch()} what="What you look for" />;
  if (files.length === 0) return <Empty art={<Icon name="search" size={28} />} title={`No file fits “${typed}”`} acts={<button type="button" className="btn" onClick={onForget}>Show the folder</button>}>A part of a path finds it, or a pattern such as **/*.png.</Empty>;
  return <><FileTable repo={repo} at={at} writes={writes} entries={files} folder="" looked={looked} showsPath />{found.data?.next && <p className="muted more">There are more; type more of the name.</p>}</>;
}
