import { queryOptions, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { get } from '../../api/client';
import { initialsOf, nameOf } from '../../api/session';
import type { Person } from '../../api/types';
import { Dialog } from '../../ui/dialog';
import { Avatar, Failure, messageOf, Notice, Skeleton } from '../../ui/parts';

type Action = 'assign_annotators' | 'unassign_annotators';

interface AssignProps {
  workspace: number;
  /** "12 tasks" */
  tasks: string;
  onAct: (action: Action, users: readonly number[], names: string) => Promise<unknown>;
  onClose: () => void;
}

interface Membership {
  user: Person;
  role: string;
}

/** Who can label; viewers only look. */
const membersQuery = (workspace: number) =>
  queryOptions({
    queryKey: ['members', 'labelling', workspace],
    queryFn: async ({ signal }) => (await get<Membership[] | { results: Membership[] }>(`api/workspaces/${workspace}/members`, {}, signal)),
    select: (answer) => (Array.isArray(answer) ? answer : answer.results).filter(({ role }) => role !== 'viewer').map(({ user }) => user),
  });

/** Gives the selected tasks to people, or takes them from them. */
export function AssignDialog({ workspace, tasks, onAct, onClose }: AssignProps) {
  const members = useQuery(membersQuery(workspace));
  const [typed, setTyped] = useState('');
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set());
  const [state, setState] = useState<{ isRunning: boolean; error?: unknown }>({ isRunning: false });
  const people = members.data ?? [];
  const seen = people.filter((person) => `${nameOf(person)} ${person.email}`.toLowerCase().includes(typed.toLowerCase()));
  const toggle = (id: number) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    setChosen(next);
  };
  const run = async (action: Action) => {
    setState({ isRunning: true });
    try {
      await onAct(action, [...chosen], people.filter(({ id }) => chosen.has(id)).map(nameOf).join(', '));
      onClose();
    } catch (error) {
      setState({ isRunning: false, error });
    }
  };
  const off = chosen.size === 0 || state.isRunning;
  const foot = (
    <>
      <button type="button" className="btn ghost" disabled={off} onClick={() => void run('unassign_annotators')}>Take away from them</button>
      <span className="grow" />
      <button type="button" className="btn ghost" onClick={onClose}>Cancel</button>
      <button type="button" className="btn primary" disabled={off} onClick={() => void run('assign_annotators')}>Assign {tasks}</button>
    </>
  );
  return (
    <Dialog title={`Assign ${tasks}`} onClose={onClose} foot={foot} busy={state.isRunning}>
      {members.isError && <Failure error={members.error} retry={() => void members.refetch()} what="The list of members" />}
      {people.length > 8 && <input className="input" aria-label="Find a person" placeholder="Find a person" value={typed} onChange={(event) => setTyped(event.target.value)} />}
      <fieldset className="field"><legend className="unseen">People</legend>
        <div className="picks people-picks">
          {members.isPending && [0, 1].map((each) => <Skeleton key={each} width="60%" height={16} />)}
          {seen.map((person) => (
            <label key={person.id} className="check"><input type="checkbox" checked={chosen.has(person.id)} onChange={() => toggle(person.id)} /><Avatar seed={person.email} initials={initialsOf(person)} /><span className="cut grow">{nameOf(person)}</span></label>
          ))}
          {members.isSuccess && seen.length === 0 && <span className="muted">Nobody is called so.</span>}
        </div>
      </fieldset>
      <p className="two">They are handed these tasks before any others. What was already assigned to others stays so.</p>
      {state.error !== undefined && <Notice tone="bad" live>{messageOf(state.error)}</Notice>}
    </Dialog>
  );
}
