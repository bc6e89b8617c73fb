import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { changeProject, deleteProject, projectQuery } from '../../api/projects';
import type { Project } from '../../api/types';
import { may, useWorkspace } from '../../app/workspace';
import { Confirm } from '../../ui/dialog';
import { counted } from '../../ui/format';
import { elsewhereWrong, Notice } from '../../ui/parts';
import { say } from '../../ui/toast';
import { ConfigSettings } from './config-settings';
import { General } from './general';
import { QueueSettings } from './queue-settings';
import './settings.css';

/** What a project asks of people, and how it hands out its tasks. */
export function Settings() {
  const id = Number(useParams({ from: '/inside/projects/$projectId' }).projectId);
  const project = useQuery(projectQuery(id)).data;
  const workspace = useWorkspace();
  if (!project) return null;
  return (
    <div className="scroll">
      <div className="settings">
        {!may(workspace, 'edit') && <Notice>You can look at these settings. An editor of the workspace can change them.</Notice>}
        <General key={`general ${id}`} project={project} />
        <ConfigSettings key={`config ${id}`} project={project} />
        <QueueSettings key={`queue ${id}`} project={project} />
        {may(workspace, 'manage') && <Danger project={project} />}
      </div>
    </div>
  );
}

/** Saves some settings of a project and brings everything that shows them up to date. */
export function useProjectChange(project: Project, said: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (change: Partial<Project>) => changeProject(project.id, change),
    onSuccess: async (changed) => {
      client.setQueryData(projectQuery(project.id).queryKey, changed);
      await Promise.all(['projects', 'columns'].map((key) => client.invalidateQueries({ queryKey: [key] })));
      say(said);
    },
  });
}

interface SaveBarProps {
  save: ReturnType<typeof useProjectChange>;
  changed: boolean;
  onReset: () => void;
  onSave: () => void;
  fields: readonly string[];
  blocked?: boolean;
}

/** The foot of a group of settings: what keeps it from being saved, and the two ways out of a change. */
export function SaveBar({ save, changed, onReset, onSave, fields, blocked = false }: SaveBarProps) {
  const wrong = elsewhereWrong(save.error, fields);
  const makes = may(useWorkspace(), 'edit');
  if (!makes) return null;
  return (
    <>
      {wrong && <Notice tone="bad" live>{wrong}</Notice>}
      <div className="row save-bar">
        <button type="button" className="btn" disabled={!changed || save.isPending || blocked} onClick={onSave}>{save.isPending && <span className="turn" />}Save</button>
        {changed && <button type="button" className="btn ghost" onClick={() => { save.reset(); onReset(); }}>Undo changes</button>}
        {changed && <span className="muted small">not saved yet</span>}
      </div>
    </>
  );
}

function Danger({ project }: { project: Project }) {
  const [asking, setAsking] = useState(false);
  const client = useQueryClient();
  const navigate = useNavigate();
  const remove = async () => {
    await deleteProject(project.id);
    await navigate({ to: '/projects' });
    client.removeQueries({ queryKey: ['project', project.id] });
    await client.invalidateQueries({ queryKey: ['projects'] });
    say(`“${project.title}” is deleted.`);
  };
  const counts: Array<[number | null, string]> = [[project.task_number, 'task'], [project.total_annotations_number, 'annotation'], [project.total_predictions_number, 'prediction']];
  const lost = counts.filter(([n]) => n).map(([n, what]) => counted(n ?? 0, what));
  return (
    <section className="card" aria-labelledby="danger">
      <h2 id="danger">Delete this project</h2>
      <div className="row wrap"><p className="two grow">{lost.length > 0 ? `${lost.join(', ')} and the uploaded files go with it, for everybody.` : 'It holds no tasks.'}</p><button type="button" className="btn danger" onClick={() => setAsking(true)}>Delete project…</button></div>
      {asking && (
        <Confirm title={`Delete “${project.title}”?`} action="Delete project" typed={project.title} onConfirm={remove} onClose={() => setAsking(false)}>
          <p>Lost for good:</p>
          <ul className="lost">{lost.map((each) => <li key={each}>{each}</li>)}<li>its label config, views, drafts and uploaded files</li></ul>
          <p className="two">An export made before keeps the annotations.</p>
        </Confirm>
      )}
    </section>
  );
}
