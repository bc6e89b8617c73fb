import { useEffect, useState } from 'react';
import type { LsResult } from '../../editor/model/types.ts';
import { copyText, downloadCopy } from './copy-of-work.ts';
import { Dialog } from './dialog.tsx';
import type { Labelling } from './labelling.ts';
import type { Entry, Held } from './saving/work.ts';
import { VersionView } from './version-view.tsx';

export interface HeldDialogProps {
  readonly labelling: Labelling;
  readonly entry: Entry;
  readonly onLater: () => void;
}

/** A save that the server did not take: what happened, and the ways on. Nothing is lost by any of them unseen. */
export function HeldDialog(props: HeldDialogProps) {
  const held = props.entry.held as Held;
  if (held.kind === 'conflict') return <Conflict {...props} held={held} />;
  if (held.kind === 'gone') return <Gone {...props} />;
  return <Refused {...props} held={held} />;
}

function Conflict({ labelling, entry, onLater, held }: HeldDialogProps & { held: Extract<Held, { kind: 'conflict' }> }) {
  const [picture, setPicture] = useState<string | null>(null);
  useEffect(() => void labelling.pictureOf(entry.taskId).then(setPicture), [labelling, entry.taskId]);
  const theirs = held.current as { result?: readonly LsResult[]; updated_at?: string };
  return (
    <Dialog
      title={`Task ${entry.taskId} was changed elsewhere too`}
      isWide
      onClose={onLater}
      foot={
        <>
          <button type="button" className="btn ghost" onClick={() => downloadCopy(entry)}>Download mine</button>
          <span className="grow" />
          <button type="button" className="btn" data-testid="keep-theirs" onClick={() => void labelling.decide(entry, 'drop')}>Take the other</button>
          <button type="button" className="btn primary" data-testid="keep-mine" onClick={() => void labelling.decide(entry, 'mine')}>Keep mine</button>
        </>
      }
    >
      <p className="two">The server has a newer version than the one you began with. Keep yours over it, or take the other and let yours go.</p>
      <div className="versions">
        <VersionView title="Yours" when={`saved here ${time(new Date(entry.createdAt))}`} result={entry.result} picture={picture} config={labelling.open?.editor.config} />
        <VersionView title="On the server" when={theirs.updated_at ? `changed ${time(new Date(theirs.updated_at))}` : ''} result={theirs.result ?? []} picture={picture} config={labelling.open?.editor.config} />
      </div>
    </Dialog>
  );
}

function Gone({ labelling, entry, onLater }: HeldDialogProps) {
  return (
    <Dialog
      title={`Task ${entry.taskId} was deleted`}
      onClose={onLater}
      foot={
        <>
          <CopyButton entry={entry} />
          <button type="button" className="btn" onClick={() => downloadCopy(entry)}>Download a copy</button>
          <span className="grow" />
          <button type="button" className="btn danger" data-testid="drop-held" onClick={() => void labelling.decide(entry, 'drop')}>Let it go</button>
        </>
      }
    >
      <p>Somebody deleted the task, or your annotation of it, while you worked on it. {counted(entry)} kept in this browser until you let {entry.result.length === 1 ? 'it' : 'them'} go.</p>
    </Dialog>
  );
}

function Refused({ labelling, entry, onLater, held }: HeldDialogProps & { held: Extract<Held, { kind: 'refused' }> }) {
  const fields = Object.entries(held.fields);
  const isOpen = labelling.open?.task.id === entry.taskId;
  return (
    <Dialog
      title={`The server did not take task ${entry.taskId}`}
      onClose={onLater}
      foot={
        <>
          <button type="button" className="btn" onClick={() => downloadCopy(entry)}>Download a copy</button>
          <span className="grow" />
          <button type="button" className="btn danger-ghost" data-testid="drop-held" onClick={() => void labelling.decide(entry, 'drop')}>Discard it</button>
          {isOpen
            ? <button type="button" className="btn primary" onClick={onLater}>Back to the task</button>
            : <button type="button" className="btn primary" onClick={() => (onLater(), void labelling.openTask(entry.taskId))}>Open task {entry.taskId}</button>}
        </>
      }
    >
      <p>{held.message}</p>
      {fields.length > 0 && (
        <dl className="refused">{fields.map(([name, texts]) => <div key={name}><dt className="mono">{name}</dt><dd>{texts.join(' ')}</dd></div>)}</dl>
      )}
      <p className="two">Your work is kept here. Mend it and submit again, or keep a copy.</p>
    </Dialog>
  );
}

function CopyButton({ entry }: { entry: Entry }) {
  const [isCopied, setCopied] = useState(false);
  const copy = (): void => void navigator.clipboard.writeText(copyText(entry)).then(() => setCopied(true), () => downloadCopy(entry));
  return <button type="button" className="btn" onClick={copy}>{isCopied ? 'Copied' : 'Copy it'}</button>;
}

function counted(entry: Entry): string {
  return entry.result.length === 1 ? 'The one item of your work is' : `The ${entry.result.length} items of your work are`;
}

function time(at: Date): string {
  return at.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
}
