import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { changeProject, projectQuery } from '../../api/projects';
import type { Project } from '../../api/types';
import { may, useRoleIn } from '../../app/workspace';
import { elsewhereWrong, Notice } from '../../ui/parts';
import { say } from '../../ui/toast';
import { Deletions } from '../trash/deletions';
import { Webhooks } from '../webhooks/webhooks';
import { ConfigSettings } from './config-settings';
import { Danger } from './danger';
import { Duplicate } from './duplicate';
import { General } from './general';
import { QueueSettings } from './queue-settings';
import { Snapshots } from './snapshots';
import { Suggestions } from './suggestions';
import './settings.css';

/** What a project asks of people, and how it hands out its tasks. */
export function Settings() {
  const id = Number(useParams({ from: '/inside/projects/$projectId' }).projectId);
  const project = useQuery(projectQuery(id)).data;
  const role = useRoleIn(id);
  const edits = may(role, 'edit');
  if (!project) return null;
  return (
    <div className="scroll">
      <div className="settings">
        {!edits && <Notice>You can look at these settings. An editor of the workspace can change them.</Notice>}
        <fieldset className="settings-group" disabled={!edits}>
          <General key={`general ${id}`} project={project} />
          {edits && <ConfigSettings key={`config ${id}`} project={project} />}
          <QueueSettings key={`queue ${id}`} project={project} />
          <Suggestions key={`suggestions ${id}`} project={project} />
        </fieldset>
        {edits && (
          <section className="card" aria-labelledby="data">
            <h2 id="data">Sources and targets</h2>
            <div className="row wrap"><p className="two grow">Where the tasks come from and where the labels go: repos, buckets, folders.</p><Link className="btn" to="/projects/$projectId/storages" params={{ projectId: String(id) }}>See them under Data</Link></div>
          </section>
        )}
        {may(role, 'export') && <Snapshots project={project} />}
        {may(role, 'manage') && <Webhooks key={`webhooks ${id}`} project={project} />}
        {edits && <Deletions project={project} />}
        {edits && <Duplicate project={project} />}
        {may(role, 'manage') && <Danger project={project} />}
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
