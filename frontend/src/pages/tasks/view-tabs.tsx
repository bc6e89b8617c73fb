import { useQuery } from '@tanstack/react-query';
import { taskCountQuery } from '../../api/tasks';
import type { Project, View } from '../../api/types';
import { t } from '../../i18n/words';
import { count } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { type Asked, askedOf, EVERYTHING_ASKED, sameAsked, toSelection } from './asked';
import { UNSURE_BELOW } from './columns';
import type { Asking } from './use-asking';

/** Above this, only what is looked at is counted. */
const COUNTED_UP_TO = 50_000;

export interface Usual {
  name: string;
  asked: Asked;
  /** Where the project knows it without counting. */
  count?: number | undefined;
}

const only = (column: string, operator: string, value: string): Asked => ({ ...EVERYTHING_ASKED, filters: [{ column, operator, value }] });

/** What is not labelled, but for what needs no labels as its file is gone, where there is such. */
const TO_LABEL = only('is_labeled', 'equal', 'false');
const STILL_TO_LABEL: Asked = { ...TO_LABEL, filters: [...TO_LABEL.filters, { column: 'is_retired', operator: 'equal', value: 'false' }] };

/** The selections that every project has use for. `me`: who looks; `counts`: whether the project's own counts are theirs to see. */
export function usualSelections(project: Project, { columns }: Asking, me: number | undefined, counts: boolean): Usual[] {
  const total = project.task_number ?? 0;
  const queued = project.queue_total ?? total;
  const done = project.finished_task_number ?? 0;
  const known = (n: number) => (counts ? { count: n } : {});
  return [
    { name: t('All'), asked: EVERYTHING_ASKED, ...known(total) },
    { name: t('To label'), asked: queued < total ? STILL_TO_LABEL : TO_LABEL, ...known(queued - done) },
    { name: t('Labelled'), asked: only('is_labeled', 'equal', 'true'), ...known(done) },
    ...(me !== undefined && columns.some((column) => column.id === 'assignees') ? [{ name: t('Assigned to me'), asked: only('assignees', 'contains', String(me)) }] : []),
    ...((project.total_predictions_number ?? 0) > 0 ? [{ name: t('Unsure'), asked: { ...only('predictions_score', 'less', String(UNSURE_BELOW)), sort: 'tasks:predictions_score' } }] : []),
  ];
}

interface TabsProps {
  project: Project;
  asking: Asking;
  usual: readonly Usual[];
  /** Whether the open view looks otherwise than it was saved. */
  isLookChanged: boolean;
}

/** The usual selections and the saved views, side by side. */
export function ViewTabs({ project, asking, usual, isLookChanged }: TabsProps) {
  const { asked, view, views, ask, openView } = asking;
  const isChanged = asking.isChanged || isLookChanged;
  return (
    <div className="seg views" role="group" aria-label={t('Selections')}>
      {usual.map((each) => (
        <Tab key={each.name} project={project} asking={asking} name={each.name} of={each.asked} known={each.count} isOn={!view && sameAsked(each.asked, asked)} onPress={() => ask(each.asked, null)} />
      ))}
      {views.map((each) => (
        <Tab key={each.id} project={project} asking={asking} name={titleOfView(each)} of={askedOf(each.data)} isOn={each.id === view?.id} isPrivate={each.is_private === true} isChanged={each.id === view?.id && isChanged} onPress={() => openView(each)} />
      ))}
    </div>
  );
}

export const titleOfView = (view: View): string => view.data.title || t('View {id}', { id: view.id });

interface TabProps {
  project: Project;
  asking: Asking;
  name: string;
  of: Asked;
  known?: number | undefined;
  isOn: boolean;
  isPrivate?: boolean;
  isChanged?: boolean;
  onPress: () => void;
}

function Tab({ project, asking, name, of, known, isOn, isPrivate = false, isChanged = false, onPress }: TabProps) {
  const counts = known === undefined && (isOn || (project.task_number ?? 0) <= COUNTED_UP_TO);
  const total = useQuery({ ...taskCountQuery(project.id, toSelection(of, asking.columns)), enabled: counts && asking.columns.length > 0 });
  const shown = known ?? total.data;
  return (
    <button type="button" className={isOn ? 'on' : ''} aria-pressed={isOn} onClick={onPress} ref={isOn ? intoSight : undefined}>
      {isPrivate && <span title={t('Only you see this view')}><Icon name="lock" size={12} /></span>}
      {name}{isChanged && <span className="changed-dot" title={t('Changed, not saved')}><span className="unseen"> {t('(changed)')}</span></span>} <span className="muted">{shown === undefined ? '' : count(shown)}</span>
    </button>
  );
}

const intoSight = (tab: HTMLElement | null): void => void tab?.scrollIntoView?.({ block: 'nearest', inline: 'nearest' });
