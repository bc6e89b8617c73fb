import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { Dialog, Modal, ModalOverlay } from 'react-aria-components';
import { fileAddress, type Repo, type RepoFile } from '../../api/repos';
import { bytes, moment } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { messageOf, Notice } from '../../ui/parts';
import { usePhone } from '../tasks/use-phone';
import { Content } from './content';
import { BlameDialog } from './blame-dialog';
import { kindOfPath, nameOfPath } from './content-kind';
import { textOf } from './file-acts';
import { CopyLine } from '../../ui/copy-line';

interface PreviewProps {
  repo: Repo;
  at: string;
  file: RepoFile;
  onStep: ((by: -1 | 1) => void) | undefined;
  onClose: () => void;
}

/** One file beside the table; a sheet over it on a phone. */
export function FilePreview(props: PreviewProps) {
  const isPhone = usePhone();
  const name = nameOfPath(props.file.path);
  if (!isPhone) return <aside className="file-preview" aria-label={name}><Preview {...props} /></aside>;
  return (
    <ModalOverlay className="veil" isOpen isDismissable onOpenChange={(open) => { if (!open) props.onClose(); }}>
      <Modal className="dialog"><Dialog aria-label={name} className="file-preview"><Preview {...props} /></Dialog></Modal>
    </ModalOverlay>
  );
}

/** In place of a preview where the address names a file that is not there, or that could not be asked for. */
export const FileGone = ({ path, at, why, onClose }: { path: string; at: string; why: Error | null; onClose: () => void }) => (
  <aside className="file-preview" aria-label={nameOfPath(path)}>
    <header>
      <h2 className="cut" title={path}>{nameOfPath(path)}</h2><span className="grow" />
      <button type="button" className="btn ghost icon" aria-label="Close the preview" title="Close" onClick={onClose}><Icon name="close" /></button>
    </header>
    <div className="file-body" role="status">
      {why ? <Notice tone="bad">{messageOf(why)}</Notice> : <p className="wrap-words"><span className="mono">{path}</span> is not at <span className="mono">{at}</span>. It may have been moved or deleted: older commits hold it.</p>}
    </div>
  </aside>
);

function Preview({ repo, at, file, onStep, onClose }: PreviewProps) {
  const [isAsking, setAsking] = useState(false);
  const name = nameOfPath(file.path);
  const isText = !['picture', 'parquet', 'other'].includes(kindOfPath(file.path, file.metadata));
  return (
    <>
      <header>
        <h2 className="cut" title={file.path}>{name}</h2>
        <span className="grow" />
        {onStep && <button type="button" className="btn ghost icon" aria-label="File before" title="File before" onClick={() => onStep(-1)}><Icon name="up" /></button>}
        {onStep && <button type="button" className="btn ghost icon" aria-label="File after" title="File after" onClick={() => onStep(1)}><Icon name="down" /></button>}
        <button type="button" className="btn ghost icon" aria-label="Close the preview" title="Close" onClick={onClose}><Icon name="close" /></button>
      </header>
      <div className="file-body" tabIndex={0} role="region" aria-label={`Content of ${name}`}>
        <Content key={file.id} repo={repo.id} at={at} file={file} />
        <dl className="kv">
          <dt>Size</dt><dd>{bytes(file.size_bytes)}</dd>
          <dt>Changed</dt><dd>{moment(file.modified_at)}</dd>
          <dt>Address</dt><dd><CopyLine text={textOf(repo, at, file.path)} /></dd>
          <dt>Content</dt><dd className="mono cut" title={file.id}>{file.id.slice(2, 18)}</dd>
          {Object.entries(file.metadata).map(([key, value]) => [<dt key={key} className="cut">{key}</dt>, <dd key={`${key} value`} className="wrap-words">{value}</dd>])}
        </dl>
      </div>
      <footer>
        <a className="btn" href={fileAddress(repo.id, at, file.path)} download={name}><Icon name="download" />Download</a>
        <Link className="btn ghost" to="/repos/$repoId/commits" params={{ repoId: String(repo.id) }} search={{ ref: at, path: file.path }}><Icon name="clock" />Its commits</Link>
        {isText && <button type="button" className="btn ghost" onClick={() => setAsking(true)}><Icon name="person" />Who wrote it</button>}
      </footer>
      {isAsking && <BlameDialog repo={repo} at={at} path={file.path} onClose={() => setAsking(false)} />}
    </>
  );
}
