import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { cancelJob, isOver, retryJob } from '../../api/jobs';
import type { Job } from '../../api/types';
import { may, useWorkspace } from '../../app/workspace';
import { t } from '../../i18n/words';
import { Icon } from '../../ui/icon';
import { messageOf } from '../../ui/parts';
import { say } from '../../ui/toast';
import { nameOfKind } from './words';

/** The button that helps: stop what runs, do again what failed, import anew where the file is not kept. */
export function JobActs({ job, onRetried }: { job: Job; onRetried?: (id: string) => void }) {
  const client = useQueryClient();
  const imports = may(useWorkspace(), 'edit');
  const refresh = () => client.invalidateQueries({ queryKey: ['jobs'] });
  const onError = (error: Error) => { say(messageOf(error), { tone: 'bad' }); void refresh(); };
  const cancel = useMutation({ mutationFn: () => cancelJob(job.id), onSuccess: refresh, onError });
  const retry = useMutation({ mutationFn: () => retryJob(job.id), onError, onSuccess: async (again) => { await refresh(); onRetried?.(again.id); } });
  const what = nameOfKind(job.kind).toLowerCase();
  if (!isOver(job) && job.may_cancel) return <button type="button" className="btn" aria-label={t('Stop: {what}', { what })} disabled={job.cancel_requested || cancel.isPending} onClick={() => cancel.mutate()}>{t('Stop')}</button>;
  if (isOver(job) && job.may_retry) return <button type="button" className="btn" aria-label={t('Do again: {what}', { what })} disabled={retry.isPending} onClick={() => retry.mutate()}><Icon name="again" />{t('Do again')}</button>;
  if (job.state === 'failed' && job.kind === 'import' && job.project && imports) return <Link className="btn" to="/projects/$projectId/data" params={{ projectId: String(job.project.id) }} search={{ open: 'import' }}>{t('Import again')}</Link>;
  return null;
}
