import { restoreExperiment } from '../../api/mlflow';
import { counted } from '../../ui/format';
import { messageOf } from '../../ui/parts';
import { actOnMany } from '../runs/run-bulk';
import type { Line } from './deleted-table';

/** What came back of what lay deleted; `why` tells of what did not. */
export interface BroughtBack {
  back: readonly Line[];
  left: readonly Line[];
  why: string;
}

/** Restores experiments, with all their runs, then runs; what stops half way is told with what came back until then. */
export async function bringBack(workspace: number, lines: readonly Line[]): Promise<BroughtBack> {
  const back = new Set<Line>();
  const told = (why: string): BroughtBack => ({ back: [...back], left: lines.filter((line) => !back.has(line)), why });
  try {
    for (const line of lines.filter(({ run }) => run === undefined)) {
      await restoreExperiment(workspace, line.of);
      back.add(line);
    }
    const runs = lines.flatMap(({ run }) => run ?? []);
    const { changed, why = '' } = await actOnMany(workspace, runs, { action: 'restore' }, `Restoring ${counted(runs.length, 'run')}`);
    const restored = new Set(changed);
    for (const line of lines) if (line.run !== undefined && restored.has(line.run)) back.add(line);
    return told(why);
  } catch (error) {
    return told(messageOf(error));
  }
}

/** “1 experiment and 400 runs are back, 600 runs are not. The server is away.” */
export function tellBack({ back, left, why }: BroughtBack): string {
  const are = (lines: readonly Line[]) => (lines.length === 1 ? 'is' : 'are');
  if (left.length === 0) return `${said(back)} ${are(back)} back.`;
  if (back.length === 0) return `${said(left)} ${are(left)} not back. ${why}`.trim();
  return `${said(back)} ${are(back)} back, ${said(left)} ${are(left)} not. ${why}`.trim();
}

/** “2 experiments and 1 run”. */
export function said(lines: readonly Line[]): string {
  const runs = lines.filter(({ run }) => run !== undefined).length;
  const parts = [[lines.length - runs, 'experiment'], [runs, 'run']] as const;
  return parts.filter(([n]) => n > 0).map(([n, what]) => counted(n, what)).join(' and ');
}
