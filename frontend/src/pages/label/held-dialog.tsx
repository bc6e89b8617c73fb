import { useEffect, useState } from 'react';
import type { LsResult } from '../../editor/model/types.ts';
import { dateLocale, plural, t } from '../../i18n/words.ts';
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
      title={t('Task {id} was changed elsewhere too', { id: entry.taskId })}
      isWide
      onClose={onLater}
      foot={
        <>
          <button type="button" className="btn ghost" onClick={() => downloadCopy(entry)}>{t('Download mine')}</button>
          <span className="grow" />
          <button type="button" className="btn" data-testid="keep-theirs" onClick={() => void labelling.decide(entry, 'drop')}>{t('Take the other')}</button>
          <button type="button" className="btn primary" data-testid="keep-mine" onClick={() => void labelling.decide(entry, 'mine')}>{t('Keep mine')}</button>
        </>
      }
    >
      <p className="two">{t('The server has a newer version than the one you began with. Keep yours over it, or take the other and let yours go.')}</p>
      <div className="versions">
        <VersionView title={t('Yours')} when={t('saved here {when}', { when: time(new Date(entry.createdAt)) })} result={entry.result} picture={picture} config={labelling.open?.editor.config} />
        <VersionView title={t('On the server')} when={theirs.updated_at ? t('changed {when}', { when: time(new Date(theirs.updated_at)) }) : ''} result={theirs.result ?? []} picture={picture} config={labelling.open?.editor.config} />
      </div>
    </Dialog>
  );
}

function Gone({ labelling, entry, onLater }: HeldDialogProps) {
  return (
    <Dialog
      title={t('Task {id} was deleted', { id: entry.taskId })}
      onClose={onLater}
      foot={
        <>
          <CopyButton entry={entry} />
          <button type="button" className="btn" onClick={() => downloadCopy(entry)}>{t('Download a copy')}</button>
          <span className="grow" />
          <button type="button" className="btn danger" data-testid="drop-held" onClick={() => void labelling.decide(entry, 'drop')}>{t('Let it go')}</button>
        </>
      }
    >
      <p>{plural(entry.result.length, 'Somebody deleted the task, or your annotation of it, while you worked on it. The one item of your work is kept in this browser until you let it go.', 'Somebody deleted the task, or your annotation of it, while you worked on it. The {n} items of your work are kept in this browser until you let them go.')}</p>
    </Dialog>
  );
}

function Refused({ labelling, entry, onLater, held }: HeldDialogProps & { held: Extract<Held, { kind: 'refused' }> }) {
  const fields = Object.entries(held.fields);
  const isOpen = labelling.open?.task.id === entry.taskId;
  return (
    <Dialog
      title={t('The server did not take task {id}', { id: entry.taskId })}
      onClose={onLater}
      foot={
        <>
          <button type="button" className="btn" onClick={() => downloadCopy(entry)}>{t('Download a copy')}</button>
          <span className="grow" />
          <button type="button" className="btn danger-ghost" data-testid="drop-held" onClick={() => void labelling.decide(entry, 'drop')}>{t('Discard it')}</button>
          {isOpen
            ? <button type="button" className="btn primary" onClick={onLater}>{t('Back to the task')}</button>
            : <button type="button" className="btn primary" onClick={() => (onLater(), void labelling.openTask(entry.taskId))}>{t('Open task {id}', { id: entry.taskId })}</button>}
        </>
      }
    >
      <p>{held.message}</p>
      {fields.length > 0 && (
        <dl className="refused">{fields.map(([name, texts]) => <div key={name}><dt className="mono">{name}</dt><dd>{texts.join(' ')}</dd></div>)}</dl>
      )}
      <p className="two">{t('Your work is kept here. Mend it and submit again, or keep a copy.')}</p>
    </Dialog>
  );
}

function CopyButton({ entry }: { entry: Entry }) {
  const [isCopied, setCopied] = useState(false);
  const copy = (): void => void navigator.clipboard.writeText(copyText(entry)).then(() => setCopied(true), () => downloadCopy(entry));
  return <button type="button" className="btn" onClick={copy}>{isCopied ? t('Copied') : t('Copy it')}</button>;
}

function time(at: Date): string {
  return at.toLocaleString(dateLocale(), { dateStyle: 'medium', timeStyle: 'short' });
}
