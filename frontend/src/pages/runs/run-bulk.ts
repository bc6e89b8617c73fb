import { create } from 'zustand';
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

/** Does something to runs, a thousand at a time, and tells how far it is. Returns how many were changed; raises what the first that was refused says. */
export async function actOnMany(workspace: number, runs: readonly string[], act: RunAction, words: string): Promise<number> {
  let changed = 0;
  let refused: string | undefined;
  try {
    for (let at = 0; at < runs.length; at += RUNS_AN_ACTION) {
      useRunBulk.setState({ doing: { words, done: at, total: runs.length } });
      const answer = await actOnRuns(workspace, runs.slice(at, at + RUNS_AN_ACTION), act);
      changed += answer.changed;
      if (answer.refused?.[0]) refused ??= answer.refused[0].message;
    }
    if (refused !== undefined) throw new Error(`${changed} of ${runs.length} runs were changed. ${refused}`);
    return changed;
  } finally {
    useRunBulk.setState({ doing: null });
  }
}
