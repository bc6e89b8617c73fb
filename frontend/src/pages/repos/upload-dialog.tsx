import { useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { type Commit, putArchive, type Repo } from '../../api/repos';
import { isUncertain } from '../../api/upload';
import { Dialog } from '../../ui/dialog';
import { bytes, counted } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Field, messageOf, Notice, Progress } from '../../ui/parts';
import { say } from '../../ui/toast';
import { nameOfPath } from './content-kind';
import { droppedFiles, pickedFiles, sayUnreadable } from './dropped';
import { type PathedFile, tarOf } from './tar';
import '../import/import.css';

interface UploadProps {
  repo: Repo;
  branch: string;
  /** The folder that the files go into: "" or ending in a slash. */
  folder: string;
  /** What was dropped already. */
  files: readonly PathedFile[];
  onClose: () => void;
}

type State = { is: 'choosing' } | { is: 'sending'; sent: number; total: number; startedAt: number } | { is: 'failed'; error: unknown };

const MOST_LISTED = 6;

/** Puts files and folders into a branch as one commit, and says how far it is. */
export function UploadDialog({ repo, branch, folder, files: dropped, onClose }: UploadProps) {
  const [files, setFiles] = useState(dropped);
  const [message, setMessage] = useState('');
  const [state, setState] = useState<State>({ is: 'choosing' });
  const stopper = useRef<AbortController | undefined>(undefined);
  const client = useQueryClient();
  useLeaveGuard(state.is === 'sending');
  const usual = usualMessage(files, folder);
  const run = async () => {
    stopper.current = new AbortController();
    const tar = tarOf(files);
    const startedAt = Date.now();
    setState({ is: 'sending', sent: 0, total: tar.size, startedAt });
    const onProgress = ({ sentBytes, totalBytes }: { sentBytes: number; totalBytes: number }) => setState({ is: 'sending', sent: sentBytes, total: totalBytes, startedAt });
    try {
      const commit = await putArchive(repo.id, tar, { branch, message: message.trim() || usual, prefix: folder }, { signal: stopper.current.signal, onProgress });
      await client.invalidateQueries({ queryKey: ['repos'] });
      say(committed(commit, files.length));
      onClose();
    } catch (error) {
      setState({ is: 'failed', error });
      if (isUncertain(error)) await client.invalidateQueries({ queryKey: ['repos'] });
    }
  };
  const sending = state.is === 'sending';
  const isUnknown = state.is === 'failed' && isUncertain(state.error);
  const isChoosing = !sending && !isUnknown;
  const foot = sending
    ? shareOf(state) < 1 && <button type="button" className="btn" onClick={() => stopper.current?.abort()}>Stop</button> // the server cannot be stopped while it commits
    : isUnknown ? <button type="button" className="btn primary" onClick={onClose}>Close</button> : <><button type="button" className="btn ghost" onClick={onClose}>Cancel</button><button type="submit" form="upload" className="btn primary" disabled={files.length === 0}>{state.is === 'failed' ? 'Try again' : files.length > 0 ? `Commit ${counted(files.length, 'file')}` : 'Commit'}</button></>;
  return (
    <Dialog title={`Add files to ${repo.name}`} onClose={onClose} foot={foot} busy={sending}>
      <form id="upload" className="col" style={{ gap: 14 }} onSubmit={(event) => { event.preventDefault(); void run(); }}>
        {isChoosing && <ChosenFiles files={files} folder={folder} onFiles={setFiles} />}
        {isChoosing && (
          <Field label="What changed" hint={<>One commit on <span className="mono">{branch}</span>, with this message</>}>
            {(wiring) => <input {...wiring} className="input" autoFocus={dropped.length > 0} value={message} placeholder={usual} maxLength={1000} onChange={(event) => setMessage(event.target.value)} />}
          </Field>
        )}
        {sending && <Sending state={state} count={files.length} />}
        {isUnknown && <Notice tone="warn" live><b>It is not known whether the files were committed.</b> {messageOf(state.error)} <Link className="link" to="/repos/$repoId/commits" params={{ repoId: String(repo.id) }} search={{ ref: branch }}>Look at the commits</Link> before you add them again.</Notice>}
        {state.is === 'failed' && !isUnknown && <Notice tone="bad" live><b>Nothing was added.</b> {messageOf(state.error)}</Notice>}
      </form>
    </Dialog>
  );
}

const committed = (commit: Commit, files: number): string => `${counted(files, 'file')} committed${commit.branch ? ` to ${commit.branch}` : ''}.`;

function usualMessage(files: readonly PathedFile[], folder: string): string {
  const into = folder ? ` to ${folder.replace(/\/$/, '')}` : '';
  const only = files.length === 1 ? files[0] : undefined;
  return only ? `Add ${nameOfPath(only.path)}${into}` : files.length === 0 ? 'Add files' : `Add ${counted(files.length, 'file')}${into}`;
}

function useLeaveGuard(isOn: boolean) {
  useEffect(() => {
    if (!isOn) return undefined;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', warn);
    return () => window.removeEventListener('beforeunload', warn);
  }, [isOn]);
}

/** What goes in, and the ways to choose more. */
function ChosenFiles({ files, folder, onFiles }: { files: readonly PathedFile[]; folder: string; onFiles: (files: readonly PathedFile[]) => void }) {
  const [over, setOver] = useState(false);
  const [picker, folderPicker] = [useRef<HTMLInputElement>(null), useRef<HTMLInputElement>(null)];
  const add = (more: readonly PathedFile[]) => onFiles([...new Map([...files, ...more].map((each) => [each.path, each])).values()]);
  const total = files.reduce((sum, { file }) => sum + file.size, 0);
  return (
    <div
      className={`drop${over ? ' over' : ''}${files.length ? ' filled' : ''}`}
      onDragOver={(event) => { event.preventDefault(); setOver(true); }}
      onDragLeave={(event) => { if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false); }}
      onDrop={(event) => { event.preventDefault(); event.stopPropagation(); setOver(false); void droppedFiles(event.dataTransfer).then(add, sayUnreadable); }}
    >
      {files.length === 0
        ? <div className="drop-words"><Icon name="upload" size={22} /><b className="b">Drop files or folders here</b><span className="two">{folder ? <>They go into <span className="mono">{folder}</span></> : 'Folders keep their names'}</span></div>
        : (
          <div className="files"><b className="b">{counted(files.length, 'file')}</b> <span className="muted">{bytes(total)}{folder && <> into <span className="mono">{folder}</span></>}</span>
            <ul>{files.slice(0, MOST_LISTED).map(({ path, file }) => <li key={path} className="row"><Icon name="file" /><span className="cut grow">{path}</span><span className="muted small">{bytes(file.size)}</span><button type="button" className="btn ghost icon small" aria-label={`Leave out ${path}`} onClick={() => onFiles(files.filter((each) => each.path !== path))}><Icon name="close" /></button></li>)}</ul>
            {files.length > MOST_LISTED && <p className="muted small">and {counted(files.length - MOST_LISTED, 'more file')}</p>}
          </div>
        )}
      <div className="row wrap">
        <button type="button" className="btn" autoFocus={files.length === 0} onClick={() => picker.current?.click()}>{files.length ? 'Add more files' : 'Choose files'}</button>
        <button type="button" className="btn ghost" onClick={() => folderPicker.current?.click()}>Choose a folder</button>
      </div>
      <input ref={picker} type="file" multiple hidden aria-label="Files" onChange={(event) => { add(pickedFiles([...(event.target.files ?? [])])); event.target.value = ''; }} />
      <input ref={folderPicker} type="file" multiple hidden aria-label="Folder" {...{ webkitdirectory: '' }} onChange={(event) => { add(pickedFiles([...(event.target.files ?? [])])); event.target.value = ''; }} />
    </div>
  );
}

const shareOf = ({ sent, total }: Extract<State, { is: 'sending' }>): number => (total ? Math.min(1, sent / total) : 0);

function Sending({ state, count: files }: { state: Extract<State, { is: 'sending' }>; count: number }) {
  const share = shareOf(state);
  const done = share >= 1;
  const gone_s = (Date.now() - state.startedAt) / 1000;
  const left_s = share > 0.02 ? (gone_s / share) * (1 - share) : 0;
  return (
    <div className="stage-row" role="status">
      <div className="row"><span>{done ? 'Committing' : `Sending ${counted(files, 'file')}`}</span><span className="muted">{done ? 'the server writes them' : `${bytes(state.sent)} of ${bytes(state.total)}${left_s > 4 ? `, ${left_s < 90 ? `${Math.round(left_s)} s` : `${Math.round(left_s / 60)} min`} left` : ''}`}</span></div>
      <Progress share={done ? undefined : share} name={done ? 'Committing' : 'Sending'} />
    </div>
  );
}
