import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { duplicateProject } from '../../api/projects';
import { sessionQuery } from '../../api/session';
import type { Job, Project } from '../../api/types';
import { may } from '../../app/workspace';
import { Dialog } from '../../ui/dialog';
import { count, counted } from '../../ui/format';
import { elsewhereWrong, Field, Notice, Progress, wrongWith } from '../../ui/parts';
import { say } from '../../ui/toast';

/** Makes a second project of this one, with or without its tasks. */
export function Duplicate({ project }: { project: Project }) {
  const [asking, setAsking] = useState(false);
  return (
    <section className="card" aria-labelledby="duplicate">
      <h2 id="duplicate">Copy this project</h2>
      <div className="row wrap"><p className="two grow">A new project with the same label config, settings and instructions, with its tasks if you like.</p><button type="button" className="btn" onClick={() => setAsking(true)}>Copy project…</button></div>
      {asking && <CopyDialog project={project} onClose={() => setAsking(false)} />}
    </section>
  );
}

function CopyDialog({ project, onClose }: { project: Project; onClose: () => void }) {
  const workspaces = useSuspenseQuery(sessionQuery).data.workspaces.filter((each) => may(each, 'edit'));
  const [title, setTitle] = useState(`${project.title} copy`.slice(0, 100));
  const [workspace, setWorkspace] = useState(project.workspace);
  const [withTasks, setWithTasks] = useState(false);
  const [job, setJob] = useState<Job>();
  const client = useQueryClient();
  const navigate = useNavigate();
  const copy = useMutation({
    mutationFn: () => duplicateProject(project.id, { mode: withTasks ? 'settings,data' : 'settings', title: title.trim(), workspace }, setJob),
    onSuccess: async (made) => {
      await client.invalidateQueries({ queryKey: ['projects'] });
      say(`“${title.trim()}” is made.`);
      if (made) await navigate({ to: '/projects/$projectId/data', params: { projectId: String(made) } });
      else onClose();
    },
  });
  const wrong = elsewhereWrong(copy.error, ['title']);
  const foot = <><button type="button" className="btn ghost" onClick={onClose} disabled={copy.isPending}>Cancel</button><button type="submit" form="copy" className="btn primary" disabled={!title.trim() || copy.isPending}>{copy.isPending && <span className="turn" />}Copy project</button></>;
  return (
    <Dialog title={`Copy ${project.title}`} onClose={onClose} foot={foot} busy={copy.isPending}>
      <form id="copy" className="col" style={{ gap: 14 }} onSubmit={(event) => { event.preventDefault(); copy.mutate(); }}>
        <Field label="Title" wrong={wrongWith(copy.error, 'title')}>{(wiring) => <input {...wiring} className="input" autoFocus maxLength={100} value={title} onChange={(event) => setTitle(event.target.value)} />}</Field>
        {workspaces.length > 1 && <Field label="In the workspace">{(wiring) => <select {...wiring} className="input" value={workspace} onChange={(event) => setWorkspace(Number(event.target.value))}>{workspaces.map((each) => <option key={each.id} value={each.id}>{each.title}</option>)}</select>}</Field>}
        {(project.task_number ?? 0) > 0 && <label className="check"><input type="checkbox" checked={withTasks} onChange={(event) => setWithTasks(event.target.checked)} /><span>With its {counted(project.task_number ?? 0, 'task')} <span className="muted">without annotations</span></span></label>}
        {copy.isPending && job && <div className="stage-row" role="status"><div className="row"><span>Copying</span><span className="muted">{job.progress?.total ? `${count(job.progress.done)} of ${count(job.progress.total)}` : 'waiting for its turn'}</span></div><Progress name="Copying" share={job.progress?.total ? job.progress.done / job.progress.total : undefined} /></div>}
        {wrong && <Notice tone="bad" live>{wrong}</Notice>}
      </form>
    </Dialog>
  );
}
