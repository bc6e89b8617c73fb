import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Button, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import { auditFileAddress } from '../../api/admin';
import { auditQuery } from '../../api/audit';
import { projectsQuery } from '../../api/projects';
import { nameOf, peopleQuery } from '../../api/session';
import type { AuditEntry, Person } from '../../api/types';
import type { AuditSearch } from '../../app/router';
import { ago, moment } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Avatar, Empty, Failure, Pill, Skeleton } from '../../ui/parts';
import { ACTIONS, sentenceOf } from './words';
import './audit.css';

interface AuditLogProps {
  /** None: of the whole installation. */
  workspace: number | undefined;
  filter: AuditSearch;
  onFilter: (filter: AuditSearch) => void;
}

/** The lines of a log, filtered in the address; newest first. */
export function AuditLog({ workspace, filter, onFilter }: AuditLogProps) {
  const log = useInfiniteQuery(auditQuery(workspace, filter));
  const people = useQuery(peopleQuery).data ?? [];
  const lines = log.data?.pages.flatMap((page) => page.results) ?? [];
  return (
    <>
      <Filters filter={filter} people={people} workspace={workspace} onFilter={onFilter} />
      <div className="table-scroll" role="region" aria-label="Lines of the log" tabIndex={0}>
        {log.isPending && <div className="scroll col" aria-busy="true" style={{ gap: 22 }}>{[0, 1, 2].map((each) => <Skeleton key={each} width="60%" height={18} />)}</div>}
        {log.isError && <Failure error={log.error} retry={() => void log.refetch()} what="The audit log" />}
        {log.isSuccess && lines.length === 0 && <Empty art={<Icon name="log" size={28} />} title="Nothing of that kind is in the log">Roles, invitations, tokens, deletions and refusals are written down here as they happen.</Empty>}
        {lines.length > 0 && <Lines lines={lines} people={people} isOfAll={workspace === undefined} />}
        {log.hasNextPage && <div className="more"><button type="button" className="btn" disabled={log.isFetchingNextPage} onClick={() => void log.fetchNextPage()}>Show older ones</button></div>}
      </div>
    </>
  );
}

function Filters({ filter, people, workspace, onFilter }: AuditLogProps & { people: readonly Person[] }) {
  const go = (change: { [key in keyof AuditSearch]: AuditSearch[key] | undefined }) => onFilter(Object.fromEntries(Object.entries({ ...filter, ...change }).filter(([, value]) => value !== undefined)) as AuditSearch);
  const day = (key: 'since' | 'until', label: string) => (
    <label className="row audit-day"><span className="muted">{label}</span><input className="input" type="date" aria-label={label} value={filter[key] ?? ''} onChange={(event) => go({ [key]: event.target.value || undefined })} /></label>
  );
  return (
    <div className="tools audit-tools" role="group" aria-label="Filters">
      <select className="input audit-filter" aria-label="By whom" value={filter.actor ?? ''} onChange={(event) => go({ actor: Number(event.target.value) || undefined })}>
        <option value="">By anybody</option>{people.map((person) => <option key={person.id} value={person.id}>By {nameOf(person)}</option>)}
      </select>
      <select className="input audit-filter" aria-label="What" value={filter.action ?? ''} onChange={(event) => go({ action: event.target.value || undefined })}>
        <option value="">Everything that was done</option>{ACTIONS.map(([action, words]) => <option key={action} value={action}>{words}</option>)}
      </select>
      <select className="input audit-filter" aria-label="Outcome" value={filter.outcome ?? ''} onChange={(event) => go({ outcome: (event.target.value || undefined) as AuditSearch['outcome'] })}>
        <option value="">Done and refused</option><option value="done">Done</option><option value="refused">Refused</option>
      </select>
      {day('since', 'From')}{day('until', 'Before')}
      {Object.keys(filter).length > 0 && <button type="button" className="btn ghost" onClick={() => onFilter({})}>Show all</button>}
      <span className="grow" />
      <MenuTrigger>
        <Button className="btn"><Icon name="download" />Export</Button>
        <Popover placement="bottom end" className="menu">
          <Menu aria-label="Export the log" style={{ outline: 'none' }}>
            <MenuItem href={auditFileAddress(workspace, filter, 'csv')} download="audit-log.csv">As a table (CSV)</MenuItem>
            <MenuItem href={auditFileAddress(workspace, filter, 'jsonl')} download="audit-log.jsonl">As JSON lines</MenuItem>
          </Menu>
        </Popover>
      </MenuTrigger>
    </div>
  );
}

function Lines({ lines, people, isOfAll }: { lines: readonly AuditEntry[]; people: readonly Person[]; isOfAll: boolean }) {
  const byId = new Map(people.map((person) => [person.id, person]));
  const projects = useQuery(projectsQuery({})).data?.results ?? [];
  const names = { people: byId, projects: new Map(projects.map(({ id, title }) => [id, title])) };
  return (
    <table className="table">
      <thead><tr><th>Who</th><th>What</th>{isOfAll && <th className="wide">Workspace</th>}<th className="num">When</th></tr></thead>
      <tbody>
        {lines.map((line) => {
          const person = byId.get(line.actor_id ?? 0);
          const name = person ? nameOf(person) : (line.actor ?? 'The server');
          return (
            <tr key={line.id}>
              <td className="tight"><span className="row">{line.actor && <span className="wide"><Avatar seed={line.actor} initials={name.slice(0, 2).toUpperCase()} /></span>}<span className="cut audit-who" title={line.actor ?? undefined}>{name}</span></span></td>
              <td><span className="audit-line">{sentenceOf(line, names)}</span>{line.outcome === 'refused' && <> <Pill tone="warn">refused</Pill></>}</td>
              {isOfAll && <td className="wide"><span className="two">{line.workspace ?? ''}</span></td>}
              <td className="num muted tight" title={moment(line.at)}>{ago(line.at)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
