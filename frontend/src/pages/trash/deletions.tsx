import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { deletionsQuery, restoreDeletion } from '../../api/deletions';
import { nameOf } from '../../api/session';
import type { Deletion, Project } from '../../api/types';
import { ago, counted, day, moment } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Failure, messageOf, Skeleton } from '../../ui/parts';
import { say } from '../../ui/toast';

const ONE: Record<Deletion['kind'], string> = { tasks: 'task', annotations: 'annotation', predictions: 'prediction' };

/** What was deleted in a project within the last 30 days, with the way back. */
export function Deletions({ project }: { project: Project }) {
  const deletions = useQuery(deletionsQuery(project.id));
  return (
    <section className="card" aria-labelledby="deletions">
      <h2 id="deletions">Recently deleted</h2>
      {deletions.isPending && <Skeleton width="50%" />}
      {deletions.isError && <Failure error={deletions.error} retry={() => void deletions.refetch()} what="The list of deletions" />}
      {deletions.data?.length === 0 && <p className="muted">Nothing. Deleted tasks, annotations and predictions stay here for 30 days.</p>}
      {deletions.data && deletions.data.length > 0 && <ul className="lines">{deletions.data.map((each) => <Row key={each.id} deletion={each} project={project} />)}</ul>}
    </section>
  );
}

function Row({ deletion, project }: { deletion: Deletion; project: Project }) {
  const client = useQueryClient();
  const what = counted(deletion.item_count, ONE[deletion.kind] ?? deletion.kind);
  const restore = useMutation({
    mutationFn: () => restoreDeletion(deletion.id),
    onSuccess: async () => {
      await Promise.all([['deletions', project.id], ['project', project.id], ['projects'], ['tasks'], ['progress', project.id]].map((queryKey) => client.invalidateQueries({ queryKey })));
      say(`${what} restored.`);
    },
    onError: (error) => { say(messageOf(error), { tone: 'bad' }); void client.invalidateQueries({ queryKey: ['deletions', project.id] }); },
  });
  const isBack = /restor/.test(deletion.state);
  return (
    <li className="row">
      <span className="grow"><b className="b">{what}</b> <span className="muted">{deletion.deleted_by ? `by ${nameOf(deletion.deleted_by)}, ` : ''}<span title={moment(deletion.created_at)}>{ago(deletion.created_at) === 'now' ? 'just now' : `${ago(deletion.created_at)} ago`}</span></span>
        {!isBack && <span className="muted small" style={{ display: 'block' }}>kept until {day(deletion.restore_until)}</span>}
      </span>
      {isBack
        ? <span className="muted">{deletion.state === 'restored' ? 'restored' : 'is being restored'}</span>
        : <button type="button" className="btn" disabled={restore.isPending} aria-label={`Restore ${what}`} onClick={() => restore.mutate()}>{restore.isPending ? <span className="turn" /> : <Icon name="undo" />}Restore</button>}
    </li>
  );
}
