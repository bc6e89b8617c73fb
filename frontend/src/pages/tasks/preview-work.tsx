import { useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { initialsOf, nameOf } from '../../api/session';
import type { Person, TaskAnnotation, WholeTask } from '../../api/types';
import { t } from '../../i18n/words';
import { useVersions, VersionList } from '../label/history/version-list';
import { restoreVersion, versionOf } from '../label/history/versions';
import { age, moment } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Avatar, messageOf, Skeleton } from '../../ui/parts';
import { say } from '../../ui/toast';
import { Score } from './columns';
import { authorOf, shownResults } from './task-results';
import type { Shown } from './task-preview';

interface WorkProps {
  task: WholeTask;
  people: ReadonlyMap<number, Person>;
  shownKey: string | undefined;
  onShow: (shown: Shown) => void;
  makes: boolean;
}

/** Who did what on a task: a press shows it on the picture. */
export function PreviewWork({ task, people, shownKey, onShow, makes }: WorkProps) {
  const usual = shownResults(task);
  const isOn = (key: string, results: unknown) => (shownKey === undefined ? results === usual.results : shownKey.split('/')[0] === key);
  return (
    <>
      {task.annotations.length > 0 && (
        <section className="sec" aria-label={t('Annotations')}>
          <h3>{task.annotations.length === 1 ? t('Annotation') : t('Annotations')}</h3>
          <ul className="work-list">
            {task.annotations.map((each) => <Annotation key={each.id} annotation={each} people={people} isOn={isOn(`a${each.id}`, each.result)} onShow={onShow} makes={makes} />)}
          </ul>
        </section>
      )}
      {task.drafts.length > 0 && (
        <section className="sec" aria-label={t('Drafts')}>
          <h3>{t('Drafts')}</h3>
          <ul className="work-list">
            {task.drafts.map((each) => (
              <li key={each.id} className={isOn(`d${each.id}`, each.result) ? 'on' : ''}>
                <button type="button" className="work-row" aria-pressed={isOn(`d${each.id}`, each.result)} onClick={() => onShow({ key: `d${each.id}`, results: each.result, isPredicted: false })}>
                  <Icon name="pencil" /><span className="cut grow">{each.user ?? t('Somebody')}</span><span className="muted small" title={moment(each.updated_at)}>{age(each.updated_at)}</span>
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
      {task.predictions.length > 0 && (
        <section className="sec" aria-label={t('Predictions')}>
          <h3>{task.predictions.length === 1 ? t('Prediction') : t('Predictions')}</h3>
          <ul className="work-list">
            {task.predictions.map((each) => (
              <li key={each.id} className={isOn(`p${each.id}`, each.result) ? 'on' : ''}>
                <button type="button" className="work-row" aria-pressed={isOn(`p${each.id}`, each.result)} onClick={() => onShow({ key: `p${each.id}`, results: each.result, isPredicted: true })}>
                  <span className="mono cut grow">{each.model_version || t('no model named')}</span><Score score={each.score} />
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

interface AnnotationProps extends Omit<WorkProps, 'task' | 'shownKey'> {
  annotation: TaskAnnotation;
  isOn: boolean;
}

function Annotation({ annotation, people, isOn, onShow, makes }: AnnotationProps) {
  const [isOpen, setOpen] = useState(false);
  const author = authorOf(annotation);
  const person = author === null ? undefined : people.get(author);
  const name = person ? nameOf(person) : author === null ? t('Nobody in particular') : t('Person {id}', { id: author });
  const key = `a${annotation.id}`;
  return (
    <li className={isOn ? 'on' : ''}>
      <button type="button" className="work-row" aria-pressed={isOn} onClick={() => onShow({ key, results: annotation.result, isPredicted: false })}>
        <Avatar seed={person?.email ?? author ?? '?'} initials={person ? initialsOf(person) : '?'} picture={person?.avatar} /><span className="cut grow">{name}</span>
        {annotation.was_cancelled && <span className="muted small">{t('skipped')}</span>}
        {annotation.lead_time !== null && <span className="muted small" title={t('Time that it took')}>{t('{n} s@@seconds', { n: Math.round(annotation.lead_time) })}</span>}
        <span className="muted small" title={moment(annotation.updated_at)}>{age(annotation.updated_at)}</span>
      </button>
      <Link className="btn ghost icon small" aria-label={t('Lineage of the annotation by {name}', { name })} title={t('Lineage')} to="/lineage" search={{ node: `annotation:${annotation.id}` }}><Icon name="flow" /></Link>
      <button type="button" className="btn ghost icon small" aria-label={t('History of the annotation by {name}', { name })} title={t('History')} aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}><Icon name="clock" /></button>
      {isOpen && <History annotation={annotation} onShow={onShow} mayRestore={makes} />}
    </li>
  );
}

/** The versions of one annotation; a press shows one on the picture. */
function History({ annotation, onShow, mayRestore }: { annotation: TaskAnnotation; onShow: (shown: Shown) => void; mayRestore: boolean }) {
  const [state, again] = useVersions(annotation.id);
  const [chosen, setChosen] = useState<number>();
  const [isBusy, setBusy] = useState(false);
  const client = useQueryClient();
  const key = `a${annotation.id}`;
  const newest = useRef(0);
  useEffect(() => () => { newest.current += 1; }, []);
  const look = (version: number) => {
    setChosen(version);
    const press = ++newest.current; // an answer that comes after another press, or after this is gone, is not shown
    versionOf(annotation.id, version).then(
      ({ result }) => { if (press === newest.current) onShow({ key: `${key}/${version}`, results: result, isPredicted: false }); },
      (error: unknown) => { if (press === newest.current) say(messageOf(error), { tone: 'bad' }); },
    );
  };
  const restore = (version: number) => {
    setBusy(true);
    restoreVersion(annotation.id, version)
      .then(async () => {
        await client.invalidateQueries({ queryKey: ['tasks'] });
        onShow({ key, results: (await versionOf(annotation.id, version)).result, isPredicted: false });
        say(t('The older version is back. The one before it stays in the history.'));
      })
      .catch((error: unknown) => say(messageOf(error), { tone: 'bad' }))
      .finally(() => { setBusy(false); again(); });
  };
  return (
    <div className="work-history">
      {state.is === 'loading' && <Skeleton width="70%" />}
      {state.is === 'failed' && <p className="bad small" role="alert">{messageOf(state.error)}</p>}
      {state.is === 'here' && <VersionList versions={state.versions} chosen={chosen ?? state.versions.find((each) => each.is_current)?.version} onChoose={look} onRestore={mayRestore ? ({ version }) => restore(version) : undefined} isBusy={isBusy} />}
    </div>
  );
}
