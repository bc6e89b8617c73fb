import { useInfiniteQuery, useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { auditQuery } from '../../api/audit';
import { projectsQuery } from '../../api/projects';
import { nameOf, peopleQuery, sessionQuery } from '../../api/session';
import type { AuditEntry, Person } from '../../api/types';
import type { AuditSearch } from '../../app/router';
import { Top } from '../../app/top';
import { may, useWorkspace } from '../../app/workspace';
import { ago, moment } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Avatar, Empty, Failure, Pill, Skeleton } from '../../ui/parts';
import { ACTIONS, sentenceOf } from './words';
import './audit.css';

/** Who did what that others should be able to look up? */
export function Audit() {
  const workspace = useWorkspace();
  const admin = useSuspenseQuery(sessionQuery).data.user?.is_admin ?? false;
  const manages = may(workspace, 'manage');
  const [everywhere, setEverywhere] = useState(admin && !manages);
  const filter = useSearch({ from: '/inside/audit-log' });
  const log = useInfiniteQuery({ ...auditQuery(everywhere ? undefined : workspace?.id, filter), enabled: admin || manages });
  const people = useQuery(peopleQuery).data ?? [];
  const lines = log.data?.pages.flatMap((page) => page.results) ?? [];
  if (!admin && !manages) return <><Top title="Audit log" /><Empty title="The audit log is for managers">A manager of the workspace can look up who was given what, and who deleted what.</Empty></>;
  return (
    <>
      <Top title="Audit log">
        <span className="grow" />
        {admin && manages && (
          <span className="seg" role="group" aria-label="Of what">
            <button type="button" className={everywhere ? '' : 'on'} aria-pressed={!everywhere} onClick={() => setEverywhere(false)}>{workspace?.title}</button>
            <button type="button" className={everywhere ? 'on' : ''} aria-pressed={everywhere} onClick={() => setEverywhere(true)}>Everything</button>
          </span>
        )}
      </Top>
      <Filters filter={filter} people={people} />
      <div className="table-scroll" role="region" aria-label="Lines of the log" tabIndex={0}>
        {log.isPending && <div className="scroll col" aria-busy="true" style={{ gap: 22 }}>{[0, 1, 2].map((each) => <Skeleton key={each} width="60%" height={18} />)}</div>}
        {log.isError && <Failure error={log.error} retry={() => void log.refetch()} what="The audit log" />}
        {log.isSuccess && lines.length === 0 && <Empty art={<Icon name="log" size={28} />} title="Nothing of that kind is in the log">Roles, invitations, tokens, deletions and refusals are written down here as they happen.</Empty>}
        {lines.length > 0 && <Lines lines={lines} people={people} />}
        {log.hasNextPage && <div className="more"><button type="button" className="btn" disabled={log.isFetchingNextPage} onClick={() => void log.fetchNextPage()}>Show older ones</button></div>}
      </div>
    </>
  );
}

function Filters({ filter, people }: { filter: AuditSearch; people: readonly Person[] }) {
  const navigate = useNavigate();
  const go = (change: AuditSearch | Record<string, undefined>) => navigate({ to: '/audit-log', search: Object.fromEntries(Object.entries({ ...filter, ...change }).filter(([, value]) => value !== undefined)), replace: true });
  const isFiltered = filter.actor !== undefined || filter.action !== undefined;
  return (
    <div className="tools" role="group" aria-label="Filters">
      <select className="input audit-filter" aria-label="By whom" value={filter.actor ?? ''} onChange={(event) => void go({ actor: Number(event.target.value) || undefined } as AuditSearch)}>
        <option value="">By anybody</option>{people.map((person) => <option key={person.id} value={person.id}>By {nameOf(person)}</option>)}
      </select>
      <select className="input audit-filter" aria-label="What" value={filter.action ?? ''} onChange={(event) => void go({ action: event.target.value || undefined } as AuditSearch)}>
        <option value="">Everything that was done</option>{ACTIONS.map(([action, words]) => <option key={action} value={action}>{words}</option>)}
      </select>
      {isFiltered && <button type="button" className="btn ghost" onClick={() => void go({ actor: undefined, action: undefined })}>Show all</button>}
    </div>
  );
}

function Lines({ lines, people }: { lines: readonly AuditEntry[]; people: readonly Person[] }) {
  const byId = new Map(people.map((person) => [person.id, person]));
  const projects = useQuery(projectsQuery({})).data?.results ?? [];
  const names = { people: byId, projects: new Map(projects.map(({ id, title }) => [id, title])) };
  return (
    <table className="table">
      <thead><tr><th>Who</th><th>What</th><th className="num">When</th></tr></thead>
      <tbody>
        {lines.map((line) => {
          const person = byId.get(line.actor_id ?? 0);
          const name = person ? nameOf(person) : (line.actor ?? 'The server');
          return (
            <tr key={line.id}>
              <td className="tight"><span className="row">{line.actor && <span className="wide"><Avatar seed={line.actor} initials={name.slice(0, 2).toUpperCase()} /></span>}<span className="cut audit-who" title={line.actor ?? undefined}>{name}</span></span></td>
              <td><span className="audit-line">{sentenceOf(line, names)}</span>{line.action === 'access.refused' && <> <Pill tone="warn">refused</Pill></>}</td>
              <td className="num muted tight" title={moment(line.at)}>{ago(line.at)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
