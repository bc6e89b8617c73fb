import type { QueryClient } from '@tanstack/react-query';
import { create } from 'zustand';
import { ApiError } from '../../api/client';
import { restoreDeletion } from '../../api/deletions';
import { cancelJob, followJob } from '../../api/jobs';
import { act, type Acted, type ActionWish, type Chosen, countAnew, type TaskAction, type TaskSelection } from '../../api/tasks';
import { t } from '../../i18n/words';
import { messageOf } from '../../ui/parts';
import { offerUndo, say } from '../../ui/toast';

export interface Bulk {
  project: number;
  action: TaskAction;
  chosen: Chosen;
  asked: TaskSelection;
  wish?: ActionWish;
  /** "Deleting 12 tasks" */
  doing: string;
  /** "12 tasks are deleted.", or what the job's result makes of it. */
  done: string | ((result: Ended) => string);
  /** "12 tasks are back." */
  undone: string;
}

/** What a job came to, as far as anything is said of it. */
export interface Ended {
  deletion?: number | string | null;
  done?: number;
  nothing?: number;
  failed?: number;
  present?: number;
}

/** A bulk action on its way. It goes on, and is shown, wherever the person goes in these pages. */
export interface Running {
  id: number;
  doing: string;
  job: string | null;
  progress: { done: number; total: number | null } | null;
  isStopping: boolean;
}

interface Store {
  running: readonly Running[];
}

export const useBulk = create<Store>(() => ({ running: [] }));

let last = 0;
const put = (id: number, part: Partial<Running>) => useBulk.setState(({ running }) => ({ running: running.map((each) => (each.id === id ? { ...each, ...part } : each)) }));

/** Starts a bulk action and follows it to its end: then it says so, with a way back where something was deleted. */
export async function startBulk(bulk: Bulk, client: QueryClient): Promise<void> {
  const refresh = () => (countAnew(), Promise.all(['tasks', 'project', 'projects', 'deletions', 'columns'].map((key) => client.invalidateQueries({ queryKey: [key] }))));
  const answer = await act(bulk.project, bulk.action, bulk.chosen, bulk.asked, bulk.wish); // a refusal is the caller's to show
  const id = ++last;
  useBulk.setState(({ running }) => ({ running: [...running, { id, doing: bulk.doing, job: answer.job ?? null, progress: null, isStopping: false }] }));
  void finish(bulk, answer, id)
    .then((ended) => {
      const [deletion, done] = [ended.deletion ?? null, typeof bulk.done === 'string' ? bulk.done : bulk.done(ended)];
      if (deletion === null) say(done);
      else offerUndo(done, async () => { await restoreDeletion(deletion); await refresh(); }, bulk.undone);
    })
    .catch((error: unknown) => say(endOf(bulk, error), { tone: 'bad' }))
    .finally(() => {
      useBulk.setState(({ running }) => ({ running: running.filter((each) => each.id !== id) }));
      void refresh();
    });
}

/** Why an action did not come to its end, or that nobody knows whether it did. */
function endOf({ doing, action }: Bulk, error: unknown): string {
  const code = error instanceof ApiError ? error.code : undefined;
  if (code === 'job-cancelled') return t('{doing} was stopped. {left}', { doing, left: leftBy(action) });
  return code === 'job-lost' ? `${doing}: ${messageOf(error)}` : t('{doing} failed: {error}', { doing, error: messageOf(error) });
}

/** What remains of an action that was stopped: a deletion is taken back, the others stay as far as they came. */
const leftBy = (action: TaskAction): string => (action.startsWith('delete') ? t('Nothing was deleted.') : t('What was done until then stays.'));

/** What came of it, with the deletion that it made, to be undone, where it deleted something. */
async function finish({ action }: Bulk, answer: Acted, id: number): Promise<Ended> {
  const result = answer.job ? await followJob<Ended | null>(answer.job, ({ progress }) => put(id, { progress })) : null;
  return { ...result, deletion: action.startsWith('delete') ? (answer.deletion ?? result?.deletion ?? null) : null };
}

export function stopBulk({ id, job }: Running): void {
  if (!job) return;
  put(id, { isStopping: true });
  cancelJob(job).catch((error: unknown) => {
    put(id, { isStopping: false });
    say(messageOf(error), { tone: 'bad' });
  });
}
