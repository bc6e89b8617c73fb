import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { deletedProjectsQuery, restoreProject } from '../../api/deletions';
import { deleteProject } from '../../api/projects';
import type { Project } from '../../api/types';
import { Confirm } from '../../ui/dialog';
import { counted } from '../../ui/format';
import { offerUndo } from '../../ui/toast';

/** Deletes the project, which is kept for 30 days. */
export function Danger({ project }: { project: Project }) {
  const [asking, setAsking] = useState(false);
  const client = useQueryClient();
  const navigate = useNavigate();
  const refresh = () => Promise.all([client.invalidateQueries({ queryKey: ['projects'] }), client.invalidateQueries({ queryKey: deletedProjectsQuery.queryKey })]);
  const remove = async () => {
    await deleteProject(project.id);
    await navigate({ to: '/projects' });
    client.removeQueries({ queryKey: ['project', project.id] });
    await refresh();
    offerUndo(`“${project.title}” is deleted.`, () => restoreProject(project.id).then(refresh), `“${project.title}” is back.`);
  };
  const lost = lossOf(project);
  return (
    <section className="card" aria-labelledby="danger">
      <h2 id="danger">Delete this project</h2>
      <div className="row wrap"><p className="two grow">{lost.length > 0 ? `${lost.join(', ')} and the uploaded files go with it, for everybody.` : 'It holds no tasks.'} It is kept for 30 days.</p><button type="button" className="btn danger" onClick={() => setAsking(true)}>Delete project…</button></div>
      {asking && (
        <Confirm title={`Delete “${project.title}”?`} action="Delete project" typed={project.title} onConfirm={remove} onClose={() => setAsking(false)}>
          <p>Nobody sees any more:</p>
          <ul className="lost">{lost.map((each) => <li key={each}>{each}</li>)}<li>its label config, views, drafts and uploaded files</li></ul>
          <p className="two">It is kept for 30 days: until then it can be restored under “Deleted projects”.</p>
        </Confirm>
      )}
    </section>
  );
}

/** What goes with the project, each kind that there is any of. */
function lossOf(project: Project): string[] {
  const counts: Array<[number | null, string]> = [[project.task_number, 'task'], [project.total_annotations_number, 'annotation'], [project.total_predictions_number, 'prediction']];
  return counts.flatMap(([n, what]) => (n ? [counted(n, what)] : []));
}
