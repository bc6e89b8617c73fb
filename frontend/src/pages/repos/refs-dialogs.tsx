import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { type Branch, branchesQuery, commitQuery, createBranch, createTag, type Repo, resetBranch, tagsQuery } from '../../api/repos';
import { Confirm, Dialog } from '../../ui/dialog';
import { ago } from '../../ui/format';
import { elsewhereWrong, Field, messageOf, Notice, wrongWith } from '../../ui/parts';
import { offerUndo, say } from '../../ui/toast';
import { useSettled } from '../../ui/use-settled';
import { firstLine } from './commits';
import { shortId, wrongRefName } from './names';

/** The names that branches and tags of a repo have already: they share one space. */
function useTaken(repo: Repo): string[] {
  const branches = useQuery(branchesQuery(repo.id)).data ?? [];
  const tags = useQuery(tagsQuery(repo.id)).data ?? [];
  return [...branches, ...tags].map(({ name }) => name);
}

export function NewBranch({ repo, onClose }: { repo: Repo; onClose: () => void }) {
  const [name, setName] = useState('');
  const [at, setAt] = useState(repo.head?.branch ?? 'master');
  const taken = useTaken(repo);
  const client = useQueryClient();
  const create = useMutation({
    mutationFn: () => createBranch(repo.id, { name, at: at.trim() }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['repos'] });
      say(`The branch ${name} is made.`);
      onClose();
    },
  });
  const wrong = wrongRefName('branch', name, taken);
  const elsewhere = elsewhereWrong(create.error, ['name', 'at']);
  const foot = <><button type="button" className="btn ghost" onClick={onClose}>Cancel</button><button type="submit" form="new-branch" className="btn primary" disabled={!name || wrong !== undefined || create.isPending}>Create branch</button></>;
  return (
    <Dialog title="New branch" onClose={onClose} foot={foot}>
      <form id="new-branch" className="col" style={{ gap: 14 }} onSubmit={(event) => { event.preventDefault(); create.mutate(); }}>
        <Field label="Name" hint="Such as strict, to try another way of labelling" wrong={wrong ?? wrongWith(create.error, 'name')}>{(wiring) => <input {...wiring} className="input mono-input" autoFocus spellCheck={false} value={name} onChange={(event) => setName(event.target.value)} />}</Field>
        <RefField label="It begins at" repo={repo} value={at} onChange={setAt} wrong={wrongWith(create.error, 'at')} />
        {elsewhere && <Notice tone="bad" live>{elsewhere}</Notice>}
      </form>
    </Dialog>
  );
}

export function NewTag({ repo, at: first, onClose }: { repo: Repo; at: string; onClose: () => void }) {
  const [name, setName] = useState('');
  const [at, setAt] = useState(first);
  const [message, setMessage] = useState('');
  const taken = useTaken(repo);
  const client = useQueryClient();
  const create = useMutation({
    mutationFn: () => createTag(repo.id, { name, at: at.trim(), message: message.trim() }),
    onSuccess: async () => {
      await Promise.all([client.invalidateQueries({ queryKey: ['repos'] }), client.invalidateQueries({ queryKey: ['versions'] })]);
      say(`The tag ${name} is made.`);
      onClose();
    },
  });
  const wrong = wrongRefName('tag', name, taken);
  const elsewhere = elsewhereWrong(create.error, ['name', 'at', 'message']);
  const foot = <><button type="button" className="btn ghost" onClick={onClose}>Cancel</button><button type="submit" form="new-tag" className="btn primary" disabled={!name || wrong !== undefined || create.isPending}>Create tag</button></>;
  return (
    <Dialog title="New tag" onClose={onClose} foot={foot}>
      <form id="new-tag" className="col" style={{ gap: 14 }} onSubmit={(event) => { event.preventDefault(); create.mutate(); }}>
        <Field label="Name" hint="Such as v1 or before-relabelling" wrong={wrong ?? wrongWith(create.error, 'name')}>{(wiring) => <input {...wiring} className="input mono-input" autoFocus spellCheck={false} value={name} onChange={(event) => setName(event.target.value)} />}</Field>
        <RefField label="It stands at" repo={repo} value={at} onChange={setAt} wrong={wrongWith(create.error, 'at')} />
        <Field label="What it is for" hint="It can be left empty" wrong={wrongWith(create.error, 'message')}>{(wiring) => <input {...wiring} className="input" value={message} maxLength={1000} onChange={(event) => setMessage(event.target.value)} />}</Field>
        {elsewhere && <Notice tone="bad" live>{elsewhere}</Notice>}
      </form>
    </Dialog>
  );
}

/** The commit that a name or the beginning of an id leads to, asked for when the typing rests. */
function useCommitAt(repo: Repo, typed: string) {
  const ref = useSettled(typed.trim());
  const found = useQuery({ ...commitQuery(repo.id, ref), enabled: ref !== '', retry: false });
  const isSettled = ref === typed.trim();
  return { data: isSettled ? found.data : undefined, isMissing: isSettled && ref !== '' && found.isError };
}

/** A branch, a tag or a commit, by name or by the beginning of its id; says what is there. */
export function RefField({ label, repo, value, onChange, wrong }: { label: string; repo: Repo; value: string; onChange: (ref: string) => void; wrong: string | undefined }) {
  const list = useId();
  const names = useTaken(repo);
  const found = useCommitAt(repo, value);
  const hint = found.data ? <>{shortId(found.data.id)}: {firstLine(found.data)}, {ago(found.data.finished_at ?? found.data.created_at)}</> : 'A branch, a tag, or the beginning of a commit’s id';
  return (
    <Field label={label} hint={hint} wrong={wrong ?? (found.isMissing ? `Nothing here is called ${value.trim()}.` : undefined)}>
      {(wiring) => <><input {...wiring} className="input mono-input" list={list} spellCheck={false} value={value} onChange={(event) => onChange(event.target.value)} /><datalist id={list}>{names.map((name) => <option key={name} value={name} />)}</datalist></>}
    </Field>
  );
}

/** Asks which other commit one is to be compared with. */
export function CompareDialog({ repo, onChoose, onClose }: { repo: Repo; onChoose: (commit: string) => void; onClose: () => void }) {
  const [from, setFrom] = useState('');
  const found = useCommitAt(repo, from).data;
  const foot = <><button type="button" className="btn ghost" onClick={onClose}>Cancel</button><button type="submit" form="compare" className="btn primary" disabled={!found}>Compare</button></>;
  return (
    <Dialog title="Compare with another commit" onClose={onClose} foot={foot}>
      <form id="compare" onSubmit={(event) => { event.preventDefault(); if (found) onChoose(found.id); onClose(); }}>
        <RefField label="What changed since" repo={repo} value={from} onChange={setFrom} wrong={undefined} />
      </form>
    </Dialog>
  );
}

/** Moves a branch to another commit, unless somebody moved it meanwhile. */
export function ResetBranch({ repo, branch, onClose }: { repo: Repo; branch: Branch; onClose: () => void }) {
  const [to, setTo] = useState(branch.head ? `${branch.name}^` : '');
  const client = useQueryClient();
  const refresh = () => client.invalidateQueries({ queryKey: ['repos'] });
  const move = async () => {
    const target = await client.fetchQuery({ ...commitQuery(repo.id, to.trim()), retry: false }).catch((error: unknown) => { throw new Error(`${to} cannot be gone to: ${messageOf(error)} Name a branch, a tag or a commit.`, { cause: error }); });
    await resetBranch(repo.id, branch.name, target.id, branch.head);
    await refresh();
    const [said, before] = [`${branch.name} stands at ${shortId(target.id)} now.`, branch.head];
    if (before) offerUndo(said, () => resetBranch(repo.id, branch.name, before, target.id).then(refresh), `${branch.name} stands at ${shortId(before)} again.`);
    else say(said);
  };
  return (
    <Confirm title={`Move ${branch.name} to another commit`} action="Move the branch" onConfirm={move} onClose={onClose}>
      <p>It stands at <span className="mono">{branch.head ? shortId(branch.head) : 'no commit'}</span>. Commits that only it reaches can no longer be found by name, unless a tag keeps them.</p>
      <RefField label="To" repo={repo} value={to} onChange={setTo} wrong={undefined} />
    </Confirm>
  );
}
