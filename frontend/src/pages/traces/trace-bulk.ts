import { deleteTraces, type TraceQuestion, TRACES_A_DELETION } from '../../api/traces';
import { count, counted } from '../../ui/format';
import { messageOf } from '../../ui/parts';
import { useRunBulk } from '../runs/run-bulk';

/** What became of traces that were to be deleted. */
export interface Deleted {
  /** Those of them that were there. */
  deleted: number;
  wanted: number;
  /** What it stopped before; of the first of these it is not known. */
  left: readonly string[];
  why: string;
}

/** Deletes traces, some at a time, and tells how far it is. Raises only what stops it before anything was deleted. */
export async function deleteMany({ workspace, experiments }: TraceQuestion, ids: readonly string[]): Promise<Deleted> {
  const words = `Deleting ${counted(ids.length, 'trace')}`;
  let [deleted, at] = [0, 0];
  try {
    for (; at < ids.length; at += TRACES_A_DELETION) {
      useRunBulk.setState({ doing: { words, done: at, total: ids.length } });
      deleted += await deleteTraces(workspace, experiments, ids.slice(at, at + TRACES_A_DELETION));
    }
    return { deleted, wanted: ids.length, left: [], why: '' };
  } catch (error) {
    if (deleted === 0) throw error;
    return { deleted, wanted: ids.length, left: ids.slice(at), why: messageOf(error) };
  } finally {
    useRunBulk.setState({ doing: null });
  }
}

/** “600 of 1,000 traces deleted. The server is away.” */
export function tellDeleted({ deleted, wanted, left, why }: Deleted): string {
  if (left.length > 0) return `${count(deleted)} of ${counted(wanted, 'trace')} deleted. ${why}`.trim();
  return deleted < wanted ? `${counted(deleted, 'trace')} deleted; the others were not there any more.` : `${counted(deleted, 'trace')} deleted.`;
}
