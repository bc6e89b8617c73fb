import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { membersQuery } from '../../api/members';
import { initialsOf, nameOf } from '../../api/session';
import type { Project } from '../../api/types';
import { t } from '../../i18n/words';
import { Dialog } from '../../ui/dialog';
import { Avatar, Failure, messageOf, Notice, Skeleton } from '../../ui/parts';

type Action = 'assign_annotators' | 'unassign_annotators';

interface AssignProps {
  project: Project;
  /** "12 tasks" */
  tasks: string;
  onAct: (action: Action, users: readonly number[], names: string) => Promise<unknown>;
  onClose: () => void;
}

/** Who labels here: by their role in the project, else by that in its workspace. Viewers only look. */
function useLabellers(project: Project) {
  const everywhere = useQuery(membersQuery({ workspace: project.workspace }));
  const here = useQuery(membersQuery({ project: project.id }));
  const roles = new Map([...(everywhere.data ?? []), ...(here.data ?? [])].map((member) => [member.user.id, member]));
  const people = [...roles.values()].filter(({ role }) => role !== 'viewer').map(({ user }) => user);
  return { people, isPending: everywhere.isPending || here.isPending, error: everywhere.error ?? here.error, refetch: () => void Promise.all([everywhere.refetch(), here.refetch()]) };
}

/** Gives the selected tasks to people, or takes them from them. */
export function AssignDialog({ project, tasks, onAct, onClose }: AssignProps) {
  const { people, isPending, error, refetch } = useLabellers(project);
  const [typed, setTyped] = useState('');
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set());
  const [state, setState] = useState<{ isRunning: boolean; error?: unknown }>({ isRunning: false });
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
      <button type="button" className="btn ghost" disabled={off} onClick={() => void run('unassign_annotators')}>{t('Take away from them')}</button>
      <span className="grow" />
      <button type="button" className="btn ghost" onClick={onClose}>{t('Cancel')}</button>
      <button type="button" className="btn primary" disabled={off} onClick={() => void run('assign_annotators')}>{t('Assign {tasks}', { tasks })}</button>
    </>
  );
  return (
    <Dialog title={t('Assign {tasks}', { tasks })} onClose={onClose} foot={foot} busy={state.isRunning}>
      {error && <Failure error={error} retry={refetch} what={t('The list of members')} />}
      {people.length > 8 && <input className="input" aria-label={t('Find a person')} placeholder={t('Find a person')} value={typed} onChange={(event) => setTyped(event.target.value)} />}
      <fieldset className="field"><legend className="unseen">{t('People')}</legend>
        <div className="picks people-picks">
          {isPending && [0, 1].map((each) => <Skeleton key={each} width="60%" height={16} />)}
          {seen.map((person) => (
            <label key={person.id} className="check"><input type="checkbox" checked={chosen.has(person.id)} onChange={() => toggle(person.id)} /><Avatar seed={person.email} initials={initialsOf(person)} picture={person.avatar} /><span className="cut grow">{nameOf(person)}</span></label>
          ))}
          {!isPending && !error && seen.length === 0 && <span className="muted">{t('Nobody is called so.')}</span>}
        </div>
      </fieldset>
      <p className="two">{t('They are handed these tasks before any others. What was assigned to others before stays so, and nobody’s work is touched.')}</p>
      {state.error !== undefined && <Notice tone="bad" live>{messageOf(state.error)}</Notice>}
    </Dialog>
  );
}
