import { t } from '../../i18n/words';
import { count } from '../../ui/format';
import { Progress } from '../../ui/parts';
import { type Running, stopBulk, useBulk } from './bulk';

/** Bulk actions on their way, each with how far it is and a way to stop it. */
export function BulkBars() {
  const running = useBulk((store) => store.running);
  return <>{running.map((each) => <BulkBar key={each.id} running={each} />)}</>;
}

function BulkBar({ running }: { running: Running }) {
  const { doing, progress, isStopping, job } = running;
  const share = progress?.total ? progress.done / progress.total : undefined;
  return (
    <div className="float-bar bulk-bar" role="region" aria-label={doing}>
      <span role="status" className="cut">{isStopping ? t('Stopping…') : doing}</span>
      <span className="bulk-share"><Progress share={share} name={doing} /></span>
      <span className="muted wide">{progress?.total ? t('{done} of {due}', { done: count(progress.done), due: count(progress.total) }) : t('starting')}</span>
      {job && <button type="button" className="btn small" disabled={isStopping} onClick={() => stopBulk(running)}>{t('Cancel')}</button>}
    </div>
  );
}
