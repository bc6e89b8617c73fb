import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { branchesQuery, type Conflict, mergeBranches, type Repo, type RepoFile, type Side } from '../../api/repos';
import { Dialog } from '../../ui/dialog';
import { bytes, counted } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Field, messageOf, Notice } from '../../ui/parts';
import { say } from '../../ui/toast';
import { ChangeView } from './change-view';
import { conflictsOf, sidesOf } from './conflicts';

interface MergeProps {
  repo: Repo;
  from: string;
  onClose: () => void;
}

/** Brings one branch into another; where both changed a file, each is decided and it is tried again. */
export function MergeDialog({ repo, from, onClose }: MergeProps) {
  const others = (useQuery(branchesQuery(repo.id)).data ?? []).map(({ name }) => name).filter((name) => name !== from);
  const [into, setInto] = useState(() => (others.includes('master') ? 'master' : (others[0] ?? '')));
  const [message, setMessage] = useState('');
  const [conflicts, setConflicts] = useState<readonly Conflict[]>([]);
  const [chosen, setChosen] = useState<Record<string, Side>>({});
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const client = useQueryClient();
  const navigate = useNavigate();
  const usual = `Merge ${from} into ${into}`;
  const open = conflicts.filter(({ path }) => chosen[path] === undefined).length;
  const merge = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const commit = await mergeBranches(repo.id, { from, into, message: message.trim() || usual, ...(conflicts.length > 0 ? { resolutions: chosen } : {}) });
      await client.invalidateQueries({ queryKey: ['repos'] });
      say(`${from} is in ${into}.`);
      await navigate({ to: '/repos/$repoId/commits/$commitId', params: { repoId: String(repo.id), commitId: commit.id } });
      onClose();
    } catch (cause) {
      const found = conflictsOf(cause);
      if (found) setConflicts(found);
      else setError(cause);
      setBusy(false);
    }
  };
  const foot = (
    <>
      {open > 0 && <span className="muted grow" role="status">{counted(open, 'file')} to decide</span>}
      <button type="button" className="btn ghost" onClick={onClose} disabled={isBusy}>Cancel</button>
      <button type="submit" form="merge" className="btn primary" disabled={!into || isBusy || open > 0}>{isBusy && <span className="turn" />}{conflicts.length > 0 ? 'Merge with these choices' : 'Merge'}</button>
    </>
  );
  return (
    <Dialog title={`Merge ${from}`} onClose={onClose} foot={foot} busy={isBusy} wide={conflicts.length > 0}>
      <form id="merge" className="col" style={{ gap: 14 }} onSubmit={(event) => { event.preventDefault(); void merge(); }}>
        {conflicts.length === 0 && <Field label="Into">{(wiring) => <select {...wiring} className="input" value={into} onChange={(event) => setInto(event.target.value)}>{others.map((name) => <option key={name}>{name}</option>)}</select>}</Field>}
        {conflicts.length > 0 && <Conflicts repo={repo} conflicts={conflicts} from={from} into={into} chosen={chosen} onChoose={(paths, side) => setChosen({ ...chosen, ...Object.fromEntries(paths.map((path) => [path, side])) })} />}
        <Field label="Message">{(wiring) => <input {...wiring} className="input" value={message} placeholder={usual} maxLength={1000} onChange={(event) => setMessage(event.target.value)} />}</Field>
        {error !== undefined && <Notice tone="bad" live>{messageOf(error)}</Notice>}
      </form>
    </Dialog>
  );
}

interface ConflictsProps {
  repo: Repo;
  conflicts: readonly Conflict[];
  from: string;
  into: string;
  chosen: Readonly<Record<string, Side>>;
  onChoose: (paths: readonly string[], side: Side) => void;
}

function Conflicts({ repo, conflicts, from, into, chosen, onChoose }: ConflictsProps) {
  const paths = conflicts.map(({ path }) => path);
  return (
    <>
      <Notice tone="warn" live><b>Both sides changed {counted(conflicts.length, 'file')}.</b> Choose what to keep of each. Nothing is merged until then.</Notice>
      {conflicts.length > 1 && <div className="row wrap"><span className="two">For all:</span><button type="button" className="btn small" onClick={() => onChoose(paths, 'ours')}>Keep {into}</button><button type="button" className="btn small" onClick={() => onChoose(paths, 'theirs')}>Take {from}</button></div>}
      <ul className="conflicts">
        {conflicts.map((conflict) => (
          <li key={conflict.path} className="conflict">
            <ChangeView repo={repo} change={{ path: conflict.path, change: 'changed', old: conflict.ours, new: conflict.theirs }} before={into} after={from} names={[into, from]} isOpenFirst={conflicts.length <= OPEN_AT_FIRST} />
            <span className="seg" role="group" aria-label={`What to keep of ${conflict.path}`}>
              {sidesOf(conflict, from, into).map(({ side, words, file }) => <button key={side} type="button" className={chosen[conflict.path] === side ? 'on' : ''} aria-pressed={chosen[conflict.path] === side} onClick={() => onChoose([conflict.path], side)}>{chosen[conflict.path] === side && <Icon name="check" />}{words}<span className="muted small">{stateOf(file)}</span></button>)}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}

/** More conflicts are opened one by one. */
const OPEN_AT_FIRST = 3;

const stateOf = (file: RepoFile | null | undefined): string => (file === undefined ? '' : file === null ? 'deleted' : bytes(file.size_bytes));
