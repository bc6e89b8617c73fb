import { create } from 'zustand';
import { count } from '../../ui/format';
import { messageOf } from '../../ui/parts';
import { actOnRuns, type RunAction, type RunQuestion, RUNS_AN_ACTION } from '../../api/tracking';
import type { Selection } from '../tasks/selection';
import { idsFrom } from './use-run-rows';

interface Doing {
  words: string;
  done: number;
  total: number;
}

/** The action on many runs that is on its way, for the bar that tells of it. */
export const useRunBulk = create<{ doing: Doing | null }>(() => ({ doing: null }));

/** The runs that a selection means, by name: all of an answer but some, or some. */
export async function chosenIds(question: RunQuestion, selection: Selection<string>, total: number): Promise<string[]> {
  if (!selection.all) return [...selection.ids];
  return (await idsFrom(question, 0, total)).filter((id) => !selection.ids.has(id));
}

/** What became of many runs; `why` tells of those that are as they were. */
export interface Acted {
  changed: string[];
  unchanged: string[];
  why?: string;
}

/**
 * Does something to runs, some at a time, and tells how far it is. What stops half way is answered with what was done
 * until then; raises only what stops it before anything was changed.
 */
export async function actOnMany(workspace: number, runs: readonly string[], act: RunAction, words: string): Promise<Acted> {
  const acted: Acted = { changed: [], unchanged: [] };
  try {
    for (let at = 0; at < runs.length; at += RUNS_AN_ACTION) {
      useRunBulk.setState({ doing: { words, done: at, total: runs.length } });
      const some = runs.slice(at, at + RUNS_AN_ACTION);
      const answer = await actOnRuns(workspace, some, act).catch((error: unknown) => stopped(acted, some, error));
      const unchanged = new Set(answer.unchanged);
      acted.changed.push(...some.filter((id) => !unchanged.has(id)));
      acted.unchanged.push(...answer.unchanged);
      if (answer.left > 0) {
        acted.unchanged.push(...runs.slice(at + RUNS_AN_ACTION));
        acted.why = answer.why;
        break;
      }
      if (answer.refused[0]) acted.why ??= answer.refused[0].message;
    }
  } finally {
    useRunBulk.setState({ doing: null });
  }
  return acted;
}

/** “600 of 1,000 runs were deleted. …” of what was not done as a whole. */
export const partly = ({ changed, unchanged, why = '' }: Acted, done: string): string =>
  `${count(changed.length)} of ${count(changed.length + unchanged.length)} runs were ${done}. ${why}`.trim();

function stopped(acted: Acted, some: readonly string[], error: unknown) {
  if (acted.changed.length === 0) throw error;
  return { unchanged: [...some], left: some.length, why: messageOf(error), refused: [] };
}
