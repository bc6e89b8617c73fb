import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { deletedProjectsQuery, restoreProject } from '../../api/deletions';
import { nameOf } from '../../api/session';
import type { DeletedProject } from '../../api/types';
import { Top } from '../../app/top';
import { useWorkspace } from '../../app/workspace';
import { ago, counted, day, moment } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Empty, Failure, messageOf, Skeleton } from '../../ui/parts';
import { say } from '../../ui/toast';

/** Which projects were deleted and can still come back? */
export function DeletedProjects() {
  const workspace = useWorkspace();
  const deleted = useQuery(deletedProjectsQuery);
  const here = (deleted.data ?? []).filter((each) => each.workspace === workspace?.id);
  return (
    <>
      <Top title="Deleted projects" tab="Deleted">{here.length > 0 && <span className="muted wide">{counted(here.length, 'project')} of {workspace?.title}</span>}</Top>
      <div className="table-scroll">
        {deleted.isPending && <div className="scroll" aria-busy="true"><Skeleton width="46%" height={18} /></div>}
        {deleted.isError && <Failure error={deleted.error} retry={() => void deleted.refetch()} what="The list of deleted projects" />}
        {deleted.isSuccess && here.length === 0 && <Empty art={<Icon name="trash" size={28} />} title="No deleted projects">A deleted project is kept here for 30 days, with its tasks, annotations and files. Then it is freed for good.</Empty>}
        {here.length > 0 && (
          <table className="table">
            <thead><tr><th>Project</th><th className="num wide">Tasks</th><th className="wide">Deleted by</th><th className="num wide">Deleted</th><th className="num">Kept until</th><th className="tight"><span className="unseen">Acts</span></th></tr></thead>
            <tbody>{here.map((project) => <Row key={project.id} project={project} />)}</tbody>
          </table>
        )}
      </div>
    </>
  );
}

function Row({ project }: { project: DeletedProject }) {
  const client = useQueryClient();
  const restore = useMutation({
    mutationFn: () => restoreProject(project.id),
    onSuccess: async () => {
      await Promise.all([client.invalidateQueries({ queryKey: deletedProjectsQuery.queryKey }), client.invalidateQueries({ queryKey: ['projects'] })]);
      say(`“${project.title}” is back.`);
    },
    onError: (error) => say(messageOf(error), { tone: 'bad' }),
  });
  return (
    <tr>
      <td><b className="b">{project.title}</b></td>
      <td className="num two wide">{project.task_number ?? '–'}</td>
      <td className="two wide">{project.deleted_by ? nameOf(project.deleted_by) : '–'}</td>
      <td className="num muted wide" title={moment(project.deleted_at)}>{ago(project.deleted_at)}</td>
      <td className="num muted">{day(project.restore_until)}</td>
      <td className="tight"><button type="button" className="btn" disabled={restore.isPending} aria-label={`Restore ${project.title}`} onClick={() => restore.mutate()}>{restore.isPending ? <span className="turn" /> : <Icon name="undo" />}Restore</button></td>
    </tr>
  );
}
