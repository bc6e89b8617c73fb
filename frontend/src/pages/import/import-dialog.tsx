import { useState } from 'react';
import type { Project } from '../../api/types';
import { Dialog } from '../../ui/dialog';
import { address } from '../../api/base';
import { DropZone } from './drop-zone';
import { ImportProgress } from './import-progress';
import { useImport } from './use-import';

/** Adds tasks to a project from files or pasted text, and says how far it is. */
export function ImportDialog({ project, onClose }: { project: Project; onClose: () => void }) {
  const [files, setFiles] = useState<File[]>([]);
  const { state, start, stop, again } = useImport();
  const foot = {
    ready: (
      <>
        <button type="button" className="btn ghost" onClick={onClose}>Cancel</button>
        <button type="button" className="btn primary" disabled={files.length === 0} onClick={() => void start(project.id, files)}>Import</button>
      </>
    ),
    running: <button type="button" className="btn" onClick={stop}>Stop</button>,
    failed: (
      <>
        <button type="button" className="btn ghost" onClick={onClose}>Close</button>
        <button type="button" className="btn" onClick={again}>Change the files</button>
        <button type="button" className="btn primary" onClick={() => void start(project.id, files)}>Try again</button>
      </>
    ),
    done: (
      <>
        <button type="button" className="btn" onClick={onClose}>See the tasks</button>
        <a className="btn primary" href={address(`projects/${project.id}/label`)}>Label next</a>
      </>
    ),
  }[state.is];
  return (
    <Dialog title={`Import into ${project.title}`} onClose={onClose} foot={foot} busy={state.is === 'running'}>
      {state.is === 'ready' && (
        <>
          <DropZone files={files} onFiles={setFiles} />
          <p className="two small">Each picture or text becomes a task. In JSON, CSV and TSV each record does; its columns are what the label config shows. Predictions and annotations in JSON come along.</p>
        </>
      )}
      <ImportProgress state={state} />
    </Dialog>
  );
}
