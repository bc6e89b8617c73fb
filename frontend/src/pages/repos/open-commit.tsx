import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { abandonCommit, type Branch, branchesQuery, diffQuery, finishCommit, type Repo } from '../../api/repos';
import { Confirm, Dialog } from '../../ui/dialog';
import { counted } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Field, messageOf, Notice } from '../../ui/parts';
import { say } from '../../ui/toast';

/** What waits in a branch's shared open commit, where there is one, and the two ways on. */
export function OpenCommit({ repo, branch }: { repo: Repo; branch: string }) {
  const here = useQuery(branchesQuery(repo.id)).data?.find((each) => each.name === branch);
  const [asking, setAsking] = useState<Asked | null>(null);
  const client = useQueryClient();
  const close = () => setAsking(null);
  const abandon = async ({ commit }: Asked) => {
    await abandonCommit(repo.id, commit);
    await client.invalidateQueries({ queryKey: ['repos'] });
    say('What was staged is gone.');
  };
  return (
    <>
      {here?.open_commit && <Staged key={here.open_commit} repo={repo} branch={here} commit={here.open_commit} onAsk={setAsking} />}
      {asking?.what === 'commit' && <FinishDialog repo={repo} commit={asking.commit} said={asking.said} branch={branch} isOver={here !== undefined && here.open_commit !== asking.commit} onClose={close} />}
      {asking?.what === 'abandon' && <Confirm title="Abandon what is staged?" action="Abandon" onConfirm={() => abandon(asking)} onClose={close}><p>{asking.said}, not yet part of any commit: they are gone for everybody, and this cannot be undone. What was committed stays.</p></Confirm>}
    </>
  );
}

/** What one is asked about. It outlives the row that asked: the open commit can end meanwhile. */
interface Asked {
  what: 'commit' | 'abandon';
  commit: string;
  /** "3 files staged" */
  said: string;
}

function Staged({ repo, branch, commit, onAsk }: { repo: Repo; branch: Branch; commit: string; onAsk: (asked: Asked) => void }) {
  const changes = useInfiniteQuery({ ...diffQuery(repo.id, commit, branch.head ?? undefined), refetchInterval: 5_000 });
  const known = changes.data?.pages.reduce((sum, page) => sum + page.results.length, 0) ?? 0;
  const said = `${changes.hasNextPage ? 'More than ' : ''}${counted(known, 'file')} staged`;
  if (!changes.data || known === 0) return null;
  return (
    <div className="staged row wrap" role="status">
      <Icon name="commit" /><span><b className="b">{said}</b> <span className="two">on {branch.name}, by programs that put files without committing</span></span>
      <Link className="link hit" to="/repos/$repoId" params={{ repoId: String(repo.id) }} search={{ ref: commit }}>See them</Link>
      <span className="grow" />
      {repo.may_write && <button type="button" className="btn danger-ghost" onClick={() => onAsk({ what: 'abandon', commit, said })}>Abandon…</button>}
      {repo.may_write && <button type="button" className="btn" onClick={() => onAsk({ what: 'commit', commit, said })}>Commit…</button>}
    </div>
  );
}

interface FinishProps {
  repo: Repo;
  commit: string;
  branch: string;
  said: string;
  /** Whether the open commit ended, by somebody else's hand or by the rule for staged files. */
  isOver: boolean;
  onClose: () => void;
}

function FinishDialog({ repo, commit, branch, said, isOver, onClose }: FinishProps) {
  const [message, setMessage] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const client = useQueryClient();
  const finish = async () => {
    setBusy(true);
    try {
      await finishCommit(repo.id, commit, message.trim());
      await client.invalidateQueries({ queryKey: ['repos'] });
      say(`Committed to ${branch}.`);
      onClose();
    } catch (cause) {
      setError(cause);
      setBusy(false);
    }
  };
  const foot = <><button type="button" className="btn ghost" onClick={onClose} disabled={isBusy}>Cancel</button><button type="submit" form="finish" className="btn primary" disabled={!message.trim() || isBusy || isOver}>{isBusy && <span className="turn" />}Commit</button></>;
  return (
    <Dialog title={`Commit to ${branch}`} onClose={onClose} foot={foot} busy={isBusy}>
      <form id="finish" className="col" style={{ gap: 14 }} onSubmit={(event) => { event.preventDefault(); void finish(); }}>
        <p className="two">{said}. They become one commit.</p>
        <Field label="What changed">{(wiring) => <input {...wiring} className="input" autoFocus value={message} maxLength={1000} onChange={(event) => setMessage(event.target.value)} />}</Field>
        {isOver && !isBusy && <Notice tone="warn" live>They were committed or abandoned meanwhile, by somebody else or by the rule for staged files. Copy your message if you want to keep it.</Notice>}
        {error !== undefined && <Notice tone="bad" live>{messageOf(error)}</Notice>}
      </form>
    </Dialog>
  );
}
