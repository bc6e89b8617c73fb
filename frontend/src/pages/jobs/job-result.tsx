import { useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { address } from '../../api/addresses';
import { isRecord } from '../../api/client';
import { restoreDeletion } from '../../api/deletions';
import { reasonOf } from '../../api/jobs';
import type { Job } from '../../api/types';
import { t } from '../../i18n/words';
import { since } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { messageOf, Notice } from '../../ui/parts';
import { say } from '../../ui/toast';
import { LeftOut } from '../import/left-out';
import { LossReport } from '../export/loss-report';
import { sentenceOfResult, whatIsLeft } from './words';

const CHANGES_TASKS = new Set(['import', 'import-predictions', 'restore', 'accept-predictions', 'assign', 'duplicate']);

/** What came of a job: its counts, its file, what it left out, or why it failed. */
export function JobResult({ job }: { job: Job }) {
  if (job.state === 'failed') return <Notice tone="bad"><b>{t('It failed. {left}', { left: whatIsLeft(job.kind) })}</b> {reasonOf(job)}</Notice>;
  if (job.state === 'cancelled') return <Notice>{job.finished_at ? t('It was stopped {when}.', { when: since(job.finished_at) }) : t('It was stopped.')} {whatIsLeft(job.kind)}</Notice>;
  if (job.state !== 'done' || !isRecord(job.result)) return null;
  const result = job.result;
  const sentence = sentenceOfResult(result);
  return (
    <div className="col" style={{ gap: 12 }}>
      <div className="row wrap">
        <span className="row"><Icon name="check" />{sentence.replace(/^./, (letter) => letter.toUpperCase()) || t('It is done.')}</span>
        <span className="grow" />
        {job.project && CHANGES_TASKS.has(job.kind) && <Link className="btn" to="/projects/$projectId/data" params={{ projectId: String(job.project.id) }}>{t('See the tasks')}</Link>}
        {typeof result['url'] === 'string' && <a className="btn" href={address(result['url'])} download={String(result['file_name'] ?? '')}><Icon name="download" />{String(result['file_name'] ?? t('Download'))}</a>}
        {job.kind === 'delete' && isId(result['deletion']) && <RestoreButton deletion={result['deletion']} />}
      </div>
      <Damage result={result} />
      <LeftOut result={result} />
      <LossReport result={result} />
    </div>
  );
}

/** What a check of a repo found broken. */
function Damage({ result }: { result: Readonly<Record<string, unknown>> }) {
  const problems = (Array.isArray(result['problems']) ? result['problems'] : []).filter(isRecord);
  if (problems.length === 0) return null;
  return <Notice tone="bad"><b>{t('Some content is damaged.')}</b> {t('Put these files again from where they came.')}<div className="left-out" role="region" aria-label={t('What is damaged')} tabIndex={0}><ul>{problems.map((each, at) => <li key={at}><span className="mono">{String(each['path'] ?? each['kind'] ?? '')}</span> {String(each['detail'] ?? '')}</li>)}</ul></div></Notice>;
}

const isId = (value: unknown): value is string | number => typeof value === 'string' || typeof value === 'number';

function RestoreButton({ deletion }: { deletion: string | number }) {
  const client = useQueryClient();
  const restore = () => restoreDeletion(deletion).then(
    () => { say(t('What was deleted is back.')); void client.invalidateQueries(); },
    (error: unknown) => say(messageOf(error), { tone: 'bad' }),
  );
  return <button type="button" className="btn" onClick={() => void restore()}><Icon name="undo" />{t('Bring it back')}</button>;
}
