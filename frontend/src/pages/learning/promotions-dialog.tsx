import { useQuery } from '@tanstack/react-query';
import { promotionsQuery } from '../../api/learning';
import { Dialog } from '../../ui/dialog';
import { moment } from '../../ui/format';
import { Failure, Skeleton } from '../../ui/parts';
import { promotionSentence } from './words';

/** What served when, and who let it, the newest first. */
export function PromotionsDialog({ project, backend, onClose }: { project: number; backend: number; onClose: () => void }) {
  const promotions = useQuery(promotionsQuery(project, backend));
  return (
    <Dialog title="What served when" onClose={onClose}>
      {promotions.isError && <Failure error={promotions.error} retry={() => void promotions.refetch()} what="The list" />}
      {promotions.isPending && <Skeleton width="60%" />}
      {promotions.data?.length === 0 && <p className="two">Nothing was promoted yet.</p>}
      <ul className="lines">{promotions.data?.map((each) => <li key={each.id} className="row"><span className="grow">{promotionSentence(each)}</span><time className="muted" dateTime={each.at}>{moment(each.at)}</time></li>)}</ul>
    </Dialog>
  );
}
