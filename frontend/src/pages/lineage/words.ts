import type { IconName } from '../../ui/icon';
import { counted } from '../../ui/format';
import { grouped } from './grouped';
import type { Place } from './layout';

const KINDS: Record<string, { one: string; many: string; icon: IconName }> = {
  commit: { one: 'commit', many: 'commits', icon: 'commit' },
  task: { one: 'task', many: 'tasks', icon: 'picture' },
  annotation: { one: 'annotation', many: 'annotations', icon: 'label' },
  prediction: { one: 'prediction', many: 'predictions', icon: 'label' },
  training: { one: 'training', many: 'trainings', icon: 'chart' },
  model_version: { one: 'model version', many: 'model versions', icon: 'store' },
};

/** What a kind of node is called, one of them and more. */
export const wordsFor = (kind: string): { one: string; many: string; icon: IconName } => KINDS[kind] ?? { one: kind.replaceAll('_', ' '), many: `${kind.replaceAll('_', ' ')}s`, icon: 'note' };

/** "2 commits, 14 annotations": how many of each kind stand on one side of the node in question. */
export function sentenceOf(places: readonly Place[], role: Place['role']): string {
  const kinds = grouped(places.filter((place) => place.role === role), ({ node }) => node.kind);
  return [...kinds].map(([kind, found]) => counted(found.length, wordsFor(kind).one, wordsFor(kind).many)).join(', ');
}
