import { listed, plural, t } from '../../i18n/words';
import { bytes, count } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { messageOf, Notice, Progress } from '../../ui/parts';
import { ApiError } from '../../api/client';
import type { ImportCounts } from '../../api/types';
import { isUncertain } from '../../api/upload';
import { LeftOut } from './left-out';
import type { ImportState } from './use-import';

/** How far an import is: what was sent, then what was read. */
export function ImportProgress({ state }: { state: ImportState }) {
  if (state.is === 'running') return <Running state={state} />;
  if (state.is === 'done') return <><Notice tone="good" live>{sentenceOf(state.counts)}</Notice><LeftOut result={state.counts} /></>;
  if (state.is === 'failed') return <Failed error={state.error} />;
  return null;
}

export function sentenceOf(counts: ImportCounts): string {
  const extras = [
    counts.annotation_count ? plural(counts.annotation_count, '{n} annotation', '{n} annotations') : '',
    counts.prediction_count ? plural(counts.prediction_count, '{n} prediction', '{n} predictions') : '',
  ].filter(Boolean);
  return extras.length > 0
    ? plural(counts.task_count, '{n} task added, with {extras}.', '{n} tasks added, with {extras}.', { extras: listed(extras) })
    : plural(counts.task_count, '{n} task added.', '{n} tasks added.');
}

function Running({ state }: { state: Extract<ImportState, { is: 'running' }> }) {
  const { stage } = state;
  const sending = stage.at === 'sending';
  const share = sending ? part(stage.sentBytes, stage.totalBytes) : part(stage.done, stage.total);
  return (
    <div className="stages" role="status">
      <div className="stage-row">
        <div className="row"><span className="row">{!sending && <Icon name="check" />}{sending ? t('Sending') : t('Sent')}</span>{sending && <span className="muted">{[t('{done} of {due}', { done: bytes(stage.sentBytes), due: bytes(stage.totalBytes) }), left(share, state.startedAt)].filter(Boolean).join(', ')}</span>}</div>
        {sending && <Progress share={share} name={t('Sending')} />}
      </div>
      <div className={sending ? 'stage-row later' : 'stage-row'}>
        <div className="row"><span>{t('Reading into tasks')}</span>{!sending && <span className="muted">{stage.total ? t('{done} of {due}', { done: count(stage.done), due: count(stage.total) }) : (stage.message ?? t('waiting for its turn'))}</span>}</div>
        {!sending && <Progress share={stage.total ? share : undefined} name={t('Reading')} />}
      </div>
    </div>
  );
}

const part = (done: number, total: number | null): number => (total ? Math.min(1, done / total) : 0);

const WORTH_SAYING_S = 4;

function left(share: number, startedAt: number): string {
  const gone = (Date.now() - startedAt) / 1000;
  const rest = share > 0.02 ? (gone / share) * (1 - share) : 0;
  if (rest < WORTH_SAYING_S) return '';
  return rest < 90 ? t('{n} s left', { n: Math.round(rest) }) : t('{n} min left', { n: Math.round(rest / 60) });
}

const MOST_PROBLEMS = 8;

/** Why nothing was added, or that nobody knows; row by row where the server knows. */
function Failed({ error }: { error: unknown }) {
  if (isUncertain(error)) return <Notice tone="warn" live><b>{t('It is not known yet what was added.')}</b> {messageOf(error)} {t('Look at the jobs before you import the same again.')}</Notice>;
  const problems = error instanceof ApiError ? Object.entries(error.fields).flatMap(([field, texts]) => texts.map((text) => (field === 'non_field_errors' ? text : `${field}: ${text}`))) : [];
  return (
    <Notice tone="bad" live>
      <b>{t('Nothing was added.')}</b> {problems.length <= 1 && (problems[0] ?? messageOf(error))}
      {problems.length > 1 && <ul>{problems.slice(0, MOST_PROBLEMS).map((problem) => <li key={problem}>{problem}</li>)}</ul>}
      {problems.length > MOST_PROBLEMS && <p>{t('and {n} more', { n: problems.length - MOST_PROBLEMS })}</p>}
    </Notice>
  );
}
