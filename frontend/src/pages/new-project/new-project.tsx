import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useMemo, useState } from 'react';
import { createProject, templatesQuery } from '../../api/projects';
import { createStorage, syncStorage } from '../../api/storages';
import type { Project, Template } from '../../api/types';
import { isUncertain } from '../../api/upload';
import { Top } from '../../app/top';
import type { NewProjectSearch } from '../../app/router';
import { may, useWorkspace } from '../../app/workspace';
import { Dialog } from '../../ui/dialog';
import { Icon } from '../../ui/icon';
import { elsewhereWrong, Empty, Field, messageOf, Notice, wrongWith } from '../../ui/parts';
import { say } from '../../ui/toast';
import { ConfigField } from '../config/config-field';
import { LabelLists } from '../config/label-lists';
import { Preview } from '../config/preview';
import { useConfigCheck } from '../config/use-config-check';
import { DropZone } from '../import/drop-zone';
import { ImportProgress, sentenceOf } from '../import/import-progress';
import { showsText } from '../import/sources';
import { useImport } from '../import/use-import';
import { KeyFix } from './key-fix';
import { type RepoChoice, RepoData, useRepoData } from './repo-data';
import { TemplatePicker } from './template-picker';
import { dataFor, useSample } from './use-sample';
import './new-project.css';

/** Can I start in a minute? */
export function NewProject() {
  const workspace = useWorkspace();
  const [files, setFiles] = useState<File[]>([]);
  const [config, setConfig] = useState('');
  const [named, setNamed] = useState<string>();
  const [way, setWay] = useState<'template' | 'own'>('template');
  const [template, setTemplate] = useState<string>();
  const templates = useQuery(templatesQuery);
  const [choice, setChoice] = useState<RepoChoice | undefined>(useFirstChoice());
  const inRepo = useRepoData(workspace, choice);
  const dropped = useSample(files);
  const sample = choice ? inRepo.sample : dropped;
  const check = useConfigCheck(config);
  const data = useMemo(() => dataFor(config, sample), [config, sample]);
  const [chosen, setChosen] = useState(false);
  const first = chosen ? undefined : firstFitting(templates.data?.templates, showsText(sample));
  if (first && first.title !== template) {
    setTemplate(first.title);
    setConfig(first.config);
  }
  const change = (next: string) => { setChosen(true); setConfig(next); };
  const title = named ?? template ?? '';
  const making = useMaking(workspace?.id);
  const broken = check.checked === config && check.problems.length > 0;
  if (!workspace) return <><Top crumb={<Link to="/projects" className="crumb">Projects</Link>} title="New project" /><Empty title="You belong to no workspace yet">Ask whoever manages one to invite you.</Empty></>;
  const submit = () => making.start({ title: title.trim() || 'New project', label_config: config, workspace: workspace.id }, choice ? [] : files, choice && inRepo.source);
  const wrong = elsewhereWrong(making.create.error, ['title']);
  return (
    <>
      <Top crumb={<Link to="/projects" className="crumb">Projects</Link>} title="New project">
        <span className="grow" />
        <Link to="/projects" className="btn ghost wide">Cancel</Link>
        <button type="button" className="btn primary" onClick={submit} disabled={making.create.isPending || broken || !config || (choice !== undefined && !inRepo.source)}>{making.create.isPending && <span className="turn" />}Create project</button>
      </Top>
      <div className="scroll new-project">
        <div className="steps">
          {wrong && <Notice tone="bad" live>{wrong}</Notice>}
          <section aria-labelledby="step-data">
            <div className="row"><h2 id="step-data" className="grow">What do you label?</h2>{may(workspace, 'export') && <FromSwitch isRepo={choice !== undefined} onRepo={(on) => setChoice(on ? { repo: 0, branch: '', folder: '' } : undefined)} />}</div>
            {choice ? <RepoData choice={choice} onChoice={setChoice} data={inRepo} config={config} /> : <DropZone files={files} onFiles={setFiles} />}
          </section>
          <section aria-labelledby="step-how">
            <div className="row"><h2 id="step-how" className="grow">How do you label it?</h2><WaySwitch way={way} onWay={setWay} /></div>
            {way === 'template'
              ? <TemplatePicker list={templates} chosen={template} textFirst={showsText(sample)} onChoose={(each) => { setTemplate(each.title); change(each.config); }} />
              : <ConfigField config={config} onChange={(next) => { change(next); setTemplate(undefined); }} check={check} />}
            {way === 'template' && config && <LabelLists config={config} onChange={change} />}
            <KeyFix config={config} sample={sample} onChange={change} />
          </section>
          <section aria-labelledby="step-name">
            <h2 id="step-name">What is it called?</h2>
            <Field label={<span className="unseen">Title</span>} wrong={wrongWith(making.create.error, 'title')}>
              {(wiring) => <input {...wiring} className="input large" value={title} onChange={(event) => setNamed(event.target.value)} maxLength={100} placeholder="For example Garage" />}
            </Field>
          </section>
        </div>
        <aside className="live" aria-label="Preview">
          <h2>{sample ? 'Your first task' : 'Preview'}</h2>
          {config && <Preview config={config} data={data} />}
        </aside>
      </div>
      {making.project && making.importing.state.is !== 'ready' && <Importing making={making} files={files} />}
    </>
  );
}

/** A repo that the address names: its page leads here. */
function useFirstChoice(): RepoChoice | undefined {
  const { repo } = useSearch({ strict: false }) as NewProjectSearch;
  return repo === undefined ? undefined : { repo, branch: '', folder: '' };
}

const FromSwitch = ({ isRepo, onRepo }: { isRepo: boolean; onRepo: (isRepo: boolean) => void }) => (
  <span className="seg" role="group" aria-label="Where the data comes from">
    <button type="button" className={isRepo ? '' : 'on'} aria-pressed={!isRepo} onClick={() => onRepo(false)}>Files</button>
    <button type="button" className={isRepo ? 'on' : ''} aria-pressed={isRepo} onClick={() => onRepo(true)}>A repo</button>
  </span>
);

const WaySwitch = ({ way, onWay }: { way: 'template' | 'own'; onWay: (way: 'template' | 'own') => void }) => (
  <span className="seg" role="group" aria-label="Templates or own config">
    <button type="button" className={way === 'template' ? 'on' : ''} aria-pressed={way === 'template'} onClick={() => onWay('template')}>Templates</button>
    <button type="button" className={way === 'own' ? 'on' : ''} aria-pressed={way === 'own'} onClick={() => onWay('own')}>Own config</button>
  </span>
);

/** The first template that fits the data: what stands there until the person chooses. */
function firstFitting(templates: readonly Template[] | undefined, text: boolean): Template | undefined {
  return templates?.find((each) => /<Text\b/.test(each.config) === text) ?? templates?.[0];
}

/** What a source that is a repo is made of. */
interface SourceFields {
  repo: string;
  prefix: string;
}

/** Creates the project, then imports the files into it or gives it its source, then goes there. */
function useMaking(workspace: number | undefined) {
  const [project, setProject] = useState<Project>();
  const create = useMutation({ mutationFn: createProject });
  const importing = useImport();
  const navigate = useNavigate();
  const client = useQueryClient();
  const open = (id: number) => navigate({ to: '/projects/$projectId/data', params: { projectId: String(id) } });
  const load = async (id: number, files: readonly File[]) => {
    if (await importing.start(id, files)) await open(id);
  };
  const read = async (id: number, source: SourceFields) => {
    const params = { projectId: String(id) };
    try {
      const made = await createStorage('source', 'repo', { ...source, project: id });
      await syncStorage('source', made);
      say(`The project is made, and the files of ${source.repo} are being read.`);
      await navigate({ to: '/projects/$projectId/storages', params });
    } catch (error) {
      say(`The project is made, but the files of ${source.repo} are not read: ${messageOf(error)}`, { tone: 'bad' });
      await navigate({ to: '/projects/$projectId/storages', params }); // there it can be seen, mended and tried again
    }
  };
  const start = async (draft: { title: string; label_config: string; workspace: number }, files: readonly File[], source?: SourceFields) => {
    if (workspace === undefined) return undefined;
    const made = await create.mutateAsync(draft).catch(() => undefined); // the form shows create.error
    if (!made) return undefined;
    await client.invalidateQueries({ queryKey: ['projects'] });
    if (source) return read(made.id, source);
    setProject(made);
    if (files.length === 0) await open(made.id);
    else await load(made.id, files);
    return undefined;
  };
  return { project, create, importing, start, load, open };
}

function Importing({ making, files }: { making: ReturnType<typeof useMaking>; files: readonly File[] }) {
  const { project, importing } = making;
  const { state } = importing;
  useEffect(() => { if (state.is === 'done') say(sentenceOf(state.counts)); }, [state]);
  if (!project || state.is === 'done') return null;
  const open = () => void making.open(project.id);
  const foot = state.is === 'running'
    ? <button type="button" className="btn" onClick={importing.stop}>Stop</button>
    : isUncertain(state.is === 'failed' && state.error)
      ? <button type="button" className="btn primary" onClick={open}>Open the project</button>
      : <><button type="button" className="btn" onClick={open}>Open the empty project</button><button type="button" className="btn primary" onClick={() => void making.load(project.id, files)}><Icon name="again" />Try again</button></>;
  return <Dialog title={`Import into ${project.title}`} onClose={open} foot={foot} busy={state.is === 'running'}><ImportProgress state={state} /></Dialog>;
}
