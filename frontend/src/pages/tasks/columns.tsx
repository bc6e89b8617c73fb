import type { ReactNode } from 'react';
import type { Person, Project, TaskRow } from '../../api/types';
import { initialsOf, nameOf } from '../../api/session';
import { t } from '../../i18n/words';
import { age, count, moment } from '../../ui/format';
import { Avatar, Meter, Pill } from '../../ui/parts';
import { annotatorsOf, fileNameOf, labelColours, pictureFor, type Status, statusOf, type Subject, subjectOf, wordsFor } from './task-kind';

/** A column of the table: its head, its width, how a task fills it, and what the server calls it. */
export interface TableColumn {
  id: string;
  /** In saved views: "tasks:data.city". */
  wire: string;
  title: string;
  width: string;
  sort?: string;
  number?: boolean;
  /** Shown until the person says otherwise. */
  usual: boolean;
  /** Always shown. */
  isFixed?: boolean;
  cell: (task: TaskRow) => ReactNode;
}

export interface Surroundings {
  project: Project;
  people: ReadonlyMap<number, Person>;
  dataKeys: readonly string[];
  /** Whether tasks can be assigned to people. */
  assigns: boolean;
  openAddress: (task: TaskRow) => string;
}

const none = <span className="muted">–</span>;
export const UNSURE_BELOW = 0.6;

export function tableColumns({ project, people, dataKeys, assigns, openAddress }: Surroundings): TableColumn[] {
  const subject = subjectOf(project);
  const colours = labelColours(project);
  const own = (id: string, rest: Omit<TableColumn, 'id' | 'wire'>): TableColumn => ({ id, wire: `tasks:${id}`, ...rest });
  const sorted = (id: string, rest: Omit<TableColumn, 'id' | 'wire' | 'sort'>): TableColumn => own(id, { sort: `tasks:${id}`, ...rest });
  const number = (id: string, title: string, usual: boolean, of: (task: TaskRow) => number | null | undefined): TableColumn =>
    sorted(id, { title, width: '104px', number: true, usual, cell: (task) => (of(task) ? count(of(task) as number) : none) });
  const when = (id: string, title: string, usual: boolean, of: (task: TaskRow) => string | null | undefined): TableColumn =>
    sorted(id, { title, width: '88px', number: true, usual, cell: (task) => (of(task) ? <Since time={of(task) as string} /> : none) });
  return [
    sorted('id', { title: t('Task'), width: '100px', usual: true, isFixed: true, cell: (task) => <a className="mono open" href={openAddress(task)} tabIndex={-1}>{task.id}</a> }),
    ...subjectColumns(subject),
    own('status', { title: t('Status'), width: '112px', usual: true, cell: (task) => <StatusPill status={statusOf(task)} /> }),
    own('labels', { title: t('Labels'), width: 'minmax(150px, 1.6fr)', usual: true, cell: (task) => <LabelCounts labels={task.labels} colours={colours} /> }),
    sorted('annotators', { title: t('By@@who labelled'), width: 'minmax(64px, .5fr)', usual: true, cell: (task) => <Faces ids={annotatorsOf(task)} people={people} /> }),
    ...(assigns ? [sorted('assignees', { title: t('Assigned to'), width: 'minmax(96px, .5fr)', usual: false, cell: (task) => <Faces ids={task.assignees ?? []} people={people} /> })] : []),
    sorted('predictions_score', { title: t('Score'), width: '136px', number: true, usual: (project.total_predictions_number ?? 0) > 0, cell: (task) => <Score score={task.predictions_score} /> }),
    number('total_annotations', t('Annotations'), project.maximum_annotations > 1, (task) => task.total_annotations),
    number('cancelled_annotations', t('Skips'), false, (task) => task.cancelled_annotations),
    number('total_predictions', t('Predictions'), false, (task) => task.total_predictions),
    sorted('predictions_model_versions', { title: t('Model'), width: 'minmax(90px, .8fr)', usual: false, cell: (task) => (task.predictions_model_versions ? <span className="mono two cut">{String(task.predictions_model_versions)}</span> : none) }),
    ...dataKeys.filter((key) => key !== subject.key).map((key) => sorted(`data.${key}`, { title: key, width: 'minmax(90px, 1fr)', usual: false, cell: (task) => <span className="two cut">{plain(task.data[key])}</span> })),
    number('inner_id', t('Number'), false, (task) => task.inner_id),
    sorted('avg_lead_time', { title: t('Time taken'), width: '104px', number: true, usual: false, cell: (task) => (task.avg_lead_time ? t('{n} s@@seconds', { n: task.avg_lead_time.toFixed(1) }) : none) }),
    when('completed_at', t('Labelled at'), false, (task) => task.completed_at),
    when('created_at', t('Added'), false, (task) => task.created_at),
    when('updated_at', t('Changed@@when a task was'), true, (task) => task.updated_at),
  ];
}

/** What the task is about: its picture and file, or its words. */
function subjectColumns(subject: Subject): TableColumn[] {
  const wire = `tasks:data.${subject.key ?? ''}`;
  const sort = subject.key ? { sort: wire } : {};
  if (subject.kind !== 'picture') {
    return [{ id: 'subject', wire, title: subject.kind === 'text' ? t('Text') : t('Content'), width: 'minmax(200px, 2.4fr)', usual: true, ...sort, cell: (task) => <span className="words">{wordsFor(task, subject).slice(0, 400)}</span> }];
  }
  const file = (task: TaskRow): ReactNode => { const name = fileNameOf(task, subject); return name ? <span className="two" title={name}>{name}</span> : none; };
  return [
    { id: 'subject', wire, title: t('Picture'), width: '84px', usual: true, cell: (task) => <Thumb address={pictureFor(task, subject)} /> },
    { id: 'file', wire: 'tasks:file', title: t('File'), width: 'minmax(110px, 1fr)', usual: true, ...sort, cell: file },
  ];
}

export const StatusPill = ({ status: { text, tip, tone } }: { status: Status }) => <span title={tip}><Pill tone={tone}>{text}</Pill>{tip && <span className="unseen"> {tip}</span>}</span>;

const plain = (value: unknown): string => (value === undefined || value === null ? '–' : typeof value === 'object' ? JSON.stringify(value) : String(value));

const Since = ({ time }: { time: string }) => <span className="muted" title={moment(time)}>{age(time)}</span>;

export const Thumb = ({ address }: { address: string | undefined }) =>
  address ? <img className="thumb" src={address} alt="" loading="lazy" decoding="async" onError={(event) => event.currentTarget.classList.add('broken')} /> : <span className="thumb" />;

export function LabelCounts({ labels, colours }: { labels: Record<string, number> | undefined; colours: ReadonlyMap<string, string> }) {
  const entries = Object.entries(labels ?? {});
  if (entries.length === 0) return null;
  return (
    <span className="row labels" title={entries.map(([label, times]) => `${label} ${times}`).join(', ')}>
      {entries.map(([label, times]) => (
        <span key={label} className="row label-count" style={{ ['--c' as string]: colours.get(label) }}>{colours.has(label) && <span className="sq" />}{label}{times > 1 && <span className="muted">{count(times)}</span>}</span>
      ))}
    </span>
  );
}

export function Faces({ ids, people }: { ids: readonly number[]; people: ReadonlyMap<number, Person> }) {
  if (ids.length === 0) return none;
  return (
    <span className="row" style={{ gap: 3 }}>
      {[...new Set(ids)].map((id) => {
        const person = people.get(id);
        return <Avatar key={id} seed={person?.email ?? id} initials={person ? initialsOf(person) : '?'} title={person ? nameOf(person) : t('Person {id}', { id })} picture={person?.avatar} />;
      })}
    </span>
  );
}

export function Score({ score }: { score: number | null | undefined }) {
  if (score === null || score === undefined) return none;
  return <span className="row" style={{ justifyContent: 'flex-end' }}><Meter share={score} tone={score < UNSURE_BELOW ? 'warn' : ''} />{score.toFixed(2)}</span>;
}
