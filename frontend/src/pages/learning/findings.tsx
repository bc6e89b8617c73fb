import { Link } from '@tanstack/react-router';
import type { Finding, Training } from '../../api/learning';
import type { Project } from '../../api/types';
import { Pill } from '../../ui/parts';
import { joinParts, writeWhere } from '../tasks/filters';
import { foundTogether, SEVERITIES } from './words';

/** What was found in the labels before a training, the worst first. */
export function FindingList({ project, findings }: { project: number; findings: readonly Finding[] }) {
  return (
    <ul className="findings">
      {foundTogether(findings).map(({ code, severity, found }) => (
        <li key={`${severity} ${code}`}>
          <Pill tone={SEVERITIES[severity].tone}>{SEVERITIES[severity].word}</Pill>
          <span>{found.map((finding) => <span key={finding.text} className="said"><Words finding={finding} />{finding.tasks.length > 0 && <> <TasksLink project={project} finding={finding} /></>}</span>)}</span>
        </li>
      ))}
    </ul>
  );
}

/** What was found, and on a line of its own what that means. */
function Words({ finding: { severity, text } }: { finding: Finding }) {
  const [, what, why] = /^([^:(]+): (?!\d)(.+)$/s.exec(text) ?? [];
  if (severity === 'ok' || !what || !why) return <span className="found">{text}</span>;
  return <><span className="found">{what}</span><span className="muted why">{why.charAt(0).toUpperCase() + why.slice(1)}</span></>;
}

function TasksLink({ project, finding: { tasks, count } }: { project: number; finding: Finding }) {
  const where = writeWhere([{ column: 'id', operator: 'in_list', value: joinParts(tasks.map(String)) }]) ?? '';
  return <Link className="link" to="/projects/$projectId/data" params={{ projectId: String(project) }} search={{ where }}>{count > tasks.length ? `See ${tasks.length} of them` : `See ${tasks.length === 1 ? 'it' : 'them'}`}</Link>;
}

/** The gate of one training, as it was. */
export function CheckedCard({ project, training }: { project: Project; training: Training }) {
  const { gate, override_reason: override, started_by: by } = training;
  return (
    <section className="card" aria-labelledby="checked">
      <h2 id="checked">Checked before it started</h2>
      {gate.length === 0 ? <p className="two">Nothing was found in the labels.</p> : <FindingList project={project.id} findings={gate} />}
      {override && <p className="override two"><b className="b">{by ? `${by.name} started it` : 'It was started'} all the same:</b> {override}</p>}
    </section>
  );
}
