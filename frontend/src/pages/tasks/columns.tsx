import type { ReactNode } from 'react';
import type { Person, Project, TaskRow } from '../../api/types';
import { initialsOf, nameOf } from '../../api/session';
import { ago, count, moment } from '../../ui/format';
import { Avatar, Meter, Pill } from '../../ui/parts';
import { annotatorsOf, fileNameOf, labelColours, pictureFor, statusOf, subjectOf, wordsFor } from './task-kind';

/** A column of the table: its head, its width, how a task fills it, and what the server calls it when it sorts. */
export interface TableColumn {
  id: string;
  title: string;
  width: string;
  sort?: string;
  number?: boolean;
  /** Shown until the person says otherwise. */
  usual: boolean;
  cell: (task: TaskRow) => ReactNode;
}

export interface Surroundings {
  project: Project;
  people: ReadonlyMap<number, Person>;
  dataKeys: readonly string[];
  openAddress: (task: TaskRow) => string;
}

const none = <span className="muted">–</span>;
const UNSURE_BELOW = 0.6;

export function tableColumns({ project, people, dataKeys, openAddress }: Surroundings): TableColumn[] {
  const subject = subjectOf(project);
  const colours = labelColours(project);
  const text = subject.kind !== 'picture';
  return [
    { id: 'id', title: 'Task', width: '84px', sort: 'tasks:id', usual: true, cell: (task) => <a className="mono open" href={openAddress(task)} tabIndex={-1}>{task.id}</a> },
    text
      ? { id: 'subject', title: subject.kind === 'text' ? 'Text' : 'Content', width: 'minmax(200px, 2.4fr)', usual: true, cell: (task) => <span className="words">{wordsFor(task, subject).slice(0, 400)}</span> }
      : { id: 'subject', title: 'Picture', width: '84px', usual: true, cell: (task) => <Thumb address={pictureFor(task, subject)} /> },
    ...(text ? [] : [{ id: 'file', title: 'File', width: 'minmax(110px, 1fr)', usual: true, cell: (task) => { const name = fileNameOf(task, subject); return name ? <span className="two" title={name}>{name}</span> : none; }, ...(subject.key ? { sort: `tasks:data.${subject.key}` } : {}) } satisfies TableColumn]),
    { id: 'status', title: 'Status', width: '112px', usual: true, cell: (task) => { const { text: words, tone } = statusOf(task); return <Pill tone={tone}>{words}</Pill>; } },
    { id: 'labels', title: 'Labels', width: 'minmax(150px, 1.6fr)', usual: true, cell: (task) => <LabelCounts labels={task.labels} colours={colours} /> },
    { id: 'annotators', title: 'By', width: 'minmax(64px, .5fr)', sort: 'tasks:annotators', usual: true, cell: (task) => <Annotators ids={annotatorsOf(task)} people={people} /> },
    { id: 'predictions_score', title: 'Score', width: '136px', sort: 'tasks:predictions_score', number: true, usual: (project.total_predictions_number ?? 0) > 0, cell: (task) => <Score score={task.predictions_score} /> },
    { id: 'total_annotations', title: 'Annotations', width: '104px', sort: 'tasks:total_annotations', number: true, usual: project.maximum_annotations > 1, cell: (task) => count(task.total_annotations) },
    { id: 'total_predictions', title: 'Predictions', width: '104px', sort: 'tasks:total_predictions', number: true, usual: false, cell: (task) => (task.total_predictions ? count(task.total_predictions) : none) },
    { id: 'predictions_model_versions', title: 'Model', width: 'minmax(90px, .8fr)', usual: false, cell: (task) => (task.predictions_model_versions ? <span className="mono two cut">{String(task.predictions_model_versions)}</span> : none) },
    ...dataKeys.filter((key) => key !== subject.key).map((key): TableColumn => ({
      id: `data.${key}`, title: key, width: 'minmax(90px, 1fr)', sort: `tasks:data.${key}`, usual: false, cell: (task) => <span className="two cut">{plain(task.data[key])}</span>,
    })),
    { id: 'created_at', title: 'Added', width: '88px', sort: 'tasks:created_at', number: true, usual: false, cell: (task) => <Since time={task.created_at} /> },
    { id: 'updated_at', title: 'Changed', width: '88px', sort: 'tasks:updated_at', number: true, usual: true, cell: (task) => <Since time={task.updated_at} /> },
  ];
}

const plain = (value: unknown): string => (value === undefined || value === null ? '–' : typeof value === 'object' ? JSON.stringify(value) : String(value));

const Since = ({ time }: { time: string }) => <span className="muted" title={moment(time)}>{ago(time)}</span>;

export const Thumb = ({ address }: { address: string | undefined }) =>
  address ? <img className="thumb" src={address} alt="" loading="lazy" decoding="async" onError={(event) => event.currentTarget.classList.add('broken')} /> : <span className="thumb" />;

function LabelCounts({ labels, colours }: { labels: Record<string, number> | undefined; colours: ReadonlyMap<string, string> }) {
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

function Annotators({ ids, people }: { ids: readonly number[]; people: ReadonlyMap<number, Person> }) {
  if (ids.length === 0) return none;
  return (
    <span className="row" style={{ gap: 3 }}>
      {[...new Set(ids)].map((id) => {
        const person = people.get(id);
        return <Avatar key={id} seed={person?.email ?? id} initials={person ? initialsOf(person) : '?'} title={person ? nameOf(person) : `Person ${id}`} />;
      })}
    </span>
  );
}

function Score({ score }: { score: number | null | undefined }) {
  if (score === null || score === undefined) return none;
  return <span className="row" style={{ justifyContent: 'flex-end' }}><Meter share={score} tone={score < UNSURE_BELOW ? 'warn' : ''} />{score.toFixed(2)}</span>;
}
