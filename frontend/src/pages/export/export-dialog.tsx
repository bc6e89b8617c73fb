import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { address } from '../../api/addresses';
import { exportFormats } from '../../api/transfer';
import { viewsQuery } from '../../api/tasks';
import type { ExportFormat, Project } from '../../api/types';
import { Dialog } from '../../ui/dialog';
import { count, counted } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Failure, Field, messageOf, Notice, Skeleton } from '../../ui/parts';
import { JobProgress } from '../jobs/job-progress';
import '../jobs/jobs.css';
import { isWithPictures, reasonFor, withPictures } from './formats';
import { LossReport } from './loss-report';
import { useExport } from './use-export';

interface ExportProps {
  project: Project;
  /** Only these tasks, where some were selected. */
  selected?: readonly number[];
  /** The saved view that is open. */
  openView?: number | undefined;
  onClose: () => void;
}

type Which = 'labelled' | 'all' | 'selected' | number;

/** Has the server write the annotations in a chosen format, says how far it is, and hands over the file and what it could not carry. */
export function ExportDialog({ project, selected = [], openView, onClose }: ExportProps) {
  const formats = useQuery({ queryKey: ['export-formats', project.id], queryFn: () => exportFormats(project.id) });
  const [format, setFormat] = useState('JSON');
  const [pictures, setPictures] = useState(false);
  const [which, setWhich] = useState<Which>(selected.length > 0 ? 'selected' : (openView ?? 'labelled'));
  const { state, start, stop } = useExport(project.id);
  const all = formats.data ?? [];
  const running = state.is === 'running';
  const picturesName = withPictures(format, all);
  const name = pictures && picturesName ? picturesName : format;
  const run = () => void start({
    format: name, everyTask: which !== 'labelled',
    ...(which === 'selected' ? { ids: selected } : {}), ...(typeof which === 'number' ? { view: which } : {}),
  });
  const foot = running
    ? <button type="button" className="btn" onClick={stop}>Stop</button>
    : <><button type="button" className="btn ghost" onClick={onClose}>Close</button><button type="button" className="btn primary" disabled={all.length === 0} onClick={run}><Icon name="download" />Export {titleOf(all, format)}</button></>;
  return (
    <Dialog title={`Export ${project.title}`} onClose={onClose} foot={foot} busy={running} wide>
      {formats.isError && <Failure error={formats.error} retry={() => void formats.refetch()} what="The list of formats" />}
      {running && <div role="status" className="col" style={{ gap: 6 }}><b className="b">Writing {titleOf(all, format)}</b>{state.job ? <JobProgress job={state.job} /> : <Skeleton width="100%" height={6} />}</div>}
      {state.is === 'done' && <Done file={state.file} />}
      {state.is === 'failed' && <Notice tone="bad" live>{messageOf(state.error)}</Notice>}
      {!running && (
        <>
          <fieldset className="field"><legend className="unseen">Format</legend>
            <div className="options pairs">
              {formats.isPending && [0, 1, 2].map((each) => <label key={each}><Skeleton width="70%" height={14} /></label>)}
              {inOrder(all).map((each) => <Choice key={each.name} format={each} chosen={each.name === format} onChoose={() => setFormat(each.name)} />)}
            </div>
          </fieldset>
          <WhichTasks project={project} which={which} selected={selected} onChange={setWhich} />
          {picturesName && <label className="check"><input type="checkbox" checked={pictures} onChange={(event) => setPictures(event.target.checked)} /><span>With the uploaded pictures <span className="muted">in the same archive</span></span></label>}
        </>
      )}
    </Dialog>
  );
}

/** Those that can be written first; the ones with pictures are a switch of their format. */
const inOrder = (formats: readonly ExportFormat[]): ExportFormat[] => formats.filter((each) => !isWithPictures(each.name, formats)).sort((a, b) => Number(a.disabled ?? false) - Number(b.disabled ?? false));

const titleOf = (formats: readonly ExportFormat[], name: string): string => formats.find((each) => each.name === name)?.title ?? name.replaceAll('_', ' ');

const Choice = ({ format, chosen, onChoose }: { format: ExportFormat; chosen: boolean; onChoose: () => void }) => (
  <label className={format.disabled ? 'off' : ''}>
    <input type="radio" name="format" checked={chosen} disabled={format.disabled} onChange={onChoose} />
    <span><span className="b">{format.title}</span><span className="two">{format.description}</span>{format.disabled && <span className="muted small why">{reasonFor(format)}</span>}</span>
  </label>
);

function WhichTasks({ project, which, selected, onChange }: { project: Project; which: Which; selected: readonly number[]; onChange: (which: Which) => void }) {
  const views = (useQuery(viewsQuery(project.id)).data ?? []).filter((each) => each.data.title && (!each.data.isPassing || each.id === which));
  const read = (value: string): Which => (value === 'labelled' || value === 'all' || value === 'selected' ? value : Number(value));
  return (
    <Field label="Tasks">
      {(wiring) => (
        <select {...wiring} className="input" value={which} onChange={(event) => onChange(read(event.target.value))}>
          <option value="labelled">With annotations ({count(project.num_tasks_with_annotations ?? 0)})</option>
          <option value="all">All tasks ({count(project.task_number ?? 0)})</option>
          {selected.length > 0 && <option value="selected">The {counted(selected.length, 'selected task')}</option>}
          {views.map((each) => <option key={each.id} value={each.id}>Of the view “{each.data.title}”</option>)}
        </select>
      )}
    </Field>
  );
}

const Done = ({ file }: { file: { url: string; file_name: string } }) => (
  <>
    <Notice tone="good" live><b>{file.file_name}</b> is written and on its way to your downloads. <a className="link" href={address(file.url)} download={file.file_name}>Download again</a></Notice>
    <LossReport result={file} />
  </>
);
