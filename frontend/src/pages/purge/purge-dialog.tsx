import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { isNothing, type Purgeable, purgeableQuery, startPurge } from '../../api/purge';
import type { Workspace } from '../../api/types';
import { Dialog } from '../../ui/dialog';
import { bytes, counted } from '../../ui/format';
import { Field, messageOf, Notice, Skeleton } from '../../ui/parts';
import { useSettled } from '../../ui/use-settled';

const USUAL_DAYS = 30;
const MOST_DAYS = 36_500;

interface PurgeDialogProps {
  workspace: Workspace;
  onClose: () => void;
  onStarted: (job: string) => void;
}

/** Asks how old what goes has to be, says what that is, and frees it. */
export function PurgeDialog({ workspace, onClose, onStarted }: PurgeDialogProps) {
  const [typed, setTyped] = useState(String(USUAL_DAYS));
  const [isStarting, setStarting] = useState(false);
  const [error, setError] = useState<unknown>();
  const days = daysIn(typed);
  const settled = useSettled(days ?? USUAL_DAYS, 250);
  const found = useQuery({ ...purgeableQuery(workspace.id, settled), placeholderData: keepPreviousData });
  const isOld = days === undefined || days !== settled || found.isPlaceholderData;
  const hasNothing = found.data !== undefined && isNothing(found.data);
  const start = async () => {
    if (days === undefined) return;
    setStarting(true);
    try {
      onStarted((await startPurge(workspace.id, days)).job);
      onClose();
    } catch (cause) {
      setError(cause);
      setStarting(false);
    }
  };
  const isHeld = isStarting || isOld || !found.isSuccess || hasNothing;
  const foot = (
    <>
      <button type="button" className="btn ghost" onClick={onClose} disabled={isStarting}>Cancel</button>
      <button type="button" className="btn danger" onClick={() => void start()} disabled={isHeld}>{isStarting && <span className="turn" />}Free for good</button>
    </>
  );
  return (
    <Dialog title="Free deleted runs for good?" onClose={onClose} foot={foot} busy={isStarting} urgent>
      <Field label="Deleted at least so many days ago" wrong={days === undefined ? `Give a number from 0 to ${MOST_DAYS}; 0 is everything.` : undefined}>
        {(wiring) => <input {...wiring} className="input short" type="number" inputMode="numeric" min={0} max={MOST_DAYS} value={typed} onChange={(event) => setTyped(event.target.value)} onKeyDown={(event) => { if (event.key === 'Enter' && !isHeld) void start(); }} />}
      </Field>
      <div className="col purge-found" style={{ gap: 8 }} aria-live="polite" aria-busy={isOld}>
        {found.isPending && <Skeleton width="80%" />}
        {found.isError && <Notice tone="bad">{messageOf(found.error)}</Notice>}
        {found.data && <Found found={found.data} days={settled} />}
      </div>
      {error !== undefined && <Notice tone="bad" live>{messageOf(error)}</Notice>}
    </Dialog>
  );
}

function Found({ found, days }: { found: Purgeable; days: number }) {
  if (isNothing(found)) return <p className="two">Nothing was deleted {days === 0 ? 'here' : `${counted(days, 'day')} ago or earlier`}. Take fewer days to see more.</p>;
  return (
    <>
      <p>This goes for ever: <b className="b">{listed(found)}</b>, with <b className="b">{found.is_whole ? '' : 'at least '}{bytes(found.size_bytes)}</b> of files.</p>
      <p className="two">Metrics, params, tags and files of them are gone then; nothing brings them back. Files that a version of a registered model stands for stay, and are told.</p>
    </>
  );
}

/** “3 experiments, 120 runs, 2 traces and what an earlier purge left in 4 places”. */
export function listed({ experiments, runs, logged_models, traces, noted }: Purgeable): string {
  const parts = ([[experiments, 'experiment'], [runs, 'run'], [logged_models, 'logged model'], [traces, 'trace']] as const).filter(([n]) => n > 0).map(([n, what]) => counted(n, what));
  if (noted > 0) parts.push(`what an earlier purge left in ${counted(noted, 'place')}`);
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}

/** The number of days; undefined where it is none. */
export function daysIn(typed: string): number | undefined {
  const days = Number(typed);
  return typed.trim() !== '' && Number.isInteger(days) && days >= 0 && days <= MOST_DAYS ? days : undefined;
}
