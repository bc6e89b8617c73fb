import { useQuery } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { address } from '../../api/base';
import { exportFormats, exportFrom } from '../../api/transfer';
import type { ExportFile, ExportFormat, Job, Project } from '../../api/types';
import { Dialog } from '../../ui/dialog';
import { count } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Failure, messageOf, Notice, Progress, Skeleton } from '../../ui/parts';
import '../import/import.css';

type State = { is: 'ready' } | { is: 'running'; job?: Job<ExportFile> } | { is: 'done'; file: ExportFile } | { is: 'failed'; error: unknown };

/** Has the server write the annotations in a chosen format, says how far it is, and hands over the file. */
export function ExportDialog({ project, onClose }: { project: Project; onClose: () => void }) {
  const formats = useQuery({ queryKey: ['export-formats', project.id], queryFn: () => exportFormats(project.id) });
  const usable = (formats.data ?? []).filter((format) => !format.disabled);
  const [chosen, setChosen] = useState('JSON');
  const [everyTask, setEveryTask] = useState(false);
  const { state, start, stop } = useExport(project.id);
  const labelled = project.num_tasks_with_annotations ?? 0;
  const total = project.task_number ?? 0;
  const running = state.is === 'running';
  const foot = running
    ? <button type="button" className="btn" onClick={stop}>Stop</button>
    : (
      <>
        <button type="button" className="btn ghost" onClick={onClose}>Close</button>
        {state.is === 'done'
          ? <a className="btn primary" href={address(state.file.url)} download={state.file.file_name}><Icon name="download" />Download again</a>
          : <button type="button" className="btn primary" disabled={usable.length === 0} onClick={() => void start(chosen, everyTask)}><Icon name="download" />Export {chosen.replaceAll('_', ' ')}</button>}
      </>
    );
  return (
    <Dialog title={`Export ${project.title}`} onClose={onClose} foot={foot} busy={running} wide>
      {formats.isError && <Failure error={formats.error} retry={() => void formats.refetch()} what="The list of formats" />}
      {state.is !== 'done' && (
        <>
          <fieldset className="field" disabled={running}><legend className="unseen">Format</legend>
            <div className="options">
              {formats.isPending && [0, 1, 2].map((each) => <label key={each}><Skeleton width="70%" height={14} /></label>)}
              {usable.map((format) => <Choice key={format.name} format={format} chosen={format.name === chosen} onChoose={() => setChosen(format.name)} />)}
            </div>
          </fieldset>
          <label className="check"><input type="checkbox" checked={everyTask} disabled={running} onChange={(event) => setEveryTask(event.target.checked)} />
            <span>Also tasks without annotations <span className="muted">{everyTask ? `all ${count(total)}` : `now ${count(labelled)} of ${count(total)}`}</span></span>
          </label>
        </>
      )}
      {running && <Working job={state.job} />}
      {state.is === 'done' && <Notice tone="good" live><b>{state.file.file_name}</b> is written and on its way to your downloads.</Notice>}
      {state.is === 'failed' && <Notice tone="bad" live>{messageOf(state.error)}</Notice>}
    </Dialog>
  );
}

const Choice = ({ format, chosen, onChoose }: { format: ExportFormat; chosen: boolean; onChoose: () => void }) => (
  <label><input type="radio" name="format" checked={chosen} onChange={onChoose} /><span><span className="b">{format.title}</span><span className="two">{format.description}</span></span></label>
);

const Working = ({ job }: { job: Job<ExportFile> | undefined }) => (
  <div className="stage-row" role="status">
    <div className="row"><span>Writing</span><span className="muted">{job?.progress?.total ? `${count(job.progress.done)} of ${count(job.progress.total)} tasks` : 'waiting for its turn'}</span></div>
    <Progress share={job?.progress?.total ? job.progress.done / job.progress.total : undefined} name="Writing the export" />
  </div>
);

function useExport(project: number) {
  const [state, setState] = useState<State>({ is: 'ready' });
  const stopper = useRef<AbortController | undefined>(undefined);
  const start = async (format: string, everyTask: boolean) => {
    stopper.current = new AbortController();
    setState({ is: 'running' });
    try {
      const file = await exportFrom(project, format, everyTask, (job) => setState({ is: 'running', job }), stopper.current.signal);
      setState({ is: 'done', file });
      download(file);
    } catch (error) {
      setState(error instanceof DOMException ? { is: 'ready' } : { is: 'failed', error });
    }
  };
  return { state, start, stop: () => stopper.current?.abort() };
}

function download(file: ExportFile): void {
  const link = document.createElement('a');
  link.href = address(file.url);
  link.download = file.file_name;
  link.click();
}
