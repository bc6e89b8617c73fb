import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { taskPageQuery } from '../../api/tasks';
import type { Project } from '../../api/types';
import { ConfigField } from '../config/config-field';
import { LabelLists } from '../config/label-lists';
import { Preview } from '../config/preview';
import { useConfigCheck } from '../config/use-config-check';
import { SaveBar, useProjectChange } from './settings';

/** The label config beside the project's first task. */
export function ConfigSettings({ project }: { project: Project }) {
  const [config, setConfig] = useState(project.label_config);
  const check = useConfigCheck(config, project.id);
  const save = useProjectChange(project, 'The label config is saved.');
  const first = useQuery({ ...taskPageQuery(project.id, { items: [], ordering: [] }, 1), staleTime: 60_000 }).data?.tasks[0];
  const changed = config !== project.label_config;
  const broken = check.checked === config && check.problems.length > 0;
  return (
    <section className="card" aria-labelledby="config">
      <h2 id="config">What is labelled</h2>
      <div className="config-pair">
        <div className="col" style={{ gap: 12 }}>
          <LabelLists config={config} onChange={setConfig} />
          <ConfigField config={config} onChange={setConfig} check={check} />
          <SaveBar save={save} changed={changed} blocked={broken} onReset={() => setConfig(project.label_config)} onSave={() => save.mutate({ label_config: config })} fields={[]} />
        </div>
        <div><h3 className="two" style={{ marginBottom: 8 }}>{first ? `Task ${first.id}` : 'Preview'}</h3><Preview config={config} data={first?.data} /></div>
      </div>
    </section>
  );
}
