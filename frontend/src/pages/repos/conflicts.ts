import { ApiError, isRecord } from '../../api/client';
import type { Conflict, RepoFile, Side } from '../../api/repos';

/** The files that a refused merge names; nothing where it was refused for another reason. */
export function conflictsOf(error: unknown): Conflict[] | undefined {
  if (!(error instanceof ApiError) || error.code !== 'merge-conflicts' || !isRecord(error.body)) return undefined;
  const details = isRecord(error.body['details']) ? error.body['details'] : error.body;
  const listed = details['conflicts'];
  return Array.isArray(listed) && listed.length > 0 ? (listed as Conflict[]) : undefined;
}

export interface SideChoice {
  side: Side;
  words: string;
  /** What is there on that side: null where it was deleted, undefined where that goes without saying. */
  file?: RepoFile | null;
}

/** What can be kept of a file that both sides changed. */
export function sidesOf({ base, ours, theirs }: Conflict, from: string, into: string): SideChoice[] {
  return [
    { side: 'ours', words: `Keep ${into}`, file: ours },
    { side: 'theirs', words: `Take ${from}`, file: theirs },
    ...(base ? [{ side: 'base' as const, words: 'As before both', file: base }] : []),
    ...(ours && theirs ? [{ side: 'delete' as const, words: 'Delete' }] : []),
  ];
}
