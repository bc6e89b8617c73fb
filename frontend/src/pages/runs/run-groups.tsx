import { useQuery } from '@tanstack/react-query';
import { MOST_GROUPED, runGroupsQuery, type RunQuestion } from '../../api/tracking';
import { writeFigure } from '../../charts/figure';
import { count } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Empty, Failure, Skeleton } from '../../ui/parts';

interface GroupsProps {
  question: RunQuestion;
  /** Such as "params.lr". */
  by: string;
  /** What the value is called. */
  title: string;
  onOpen: (value: string | null) => void;
}

/** Runs that have a value in common, with the least, mean and greatest of each shown metric. A count leads to its runs. */
export function RunGroups({ question, by, title, onOpen }: GroupsProps) {
  const groups = useQuery(runGroupsQuery(question, by));
  const metrics = question.columns.metrics.slice(0, MOST_GROUPED);
  if (groups.isError) return <Failure error={groups.error} retry={() => void groups.refetch()} what="The groups" />;
  if (!groups.data) return <div className="scroll col" aria-busy="true" style={{ gap: 22 }}>{[0, 1, 2].map((each) => <Skeleton key={each} width="60%" height={18} />)}</div>;
  if (groups.data.length === 0) return <Empty art={<Icon name="filter" size={28} />} title="No run is like that" />;
  return (
    <div className="table-scroll run-groups" role="region" aria-label={`Runs by ${title}`} tabIndex={0}>
      <table className="table">
        <thead><tr><th>{title}</th><th className="num">Runs</th>{metrics.map((metric) => <th key={metric} className="num">{metric}<span className="muted"> mean (least … greatest)</span></th>)}</tr></thead>
        <tbody>
          {groups.data.map(({ value, count: runs, metrics: found }) => (
            <tr key={value ?? ''}>
              <td><b className="b">{value ?? <span className="muted">without one</span>}</b></td>
              <td className="num"><button type="button" className="link" aria-label={`${count(runs)} runs where ${title} is ${value ?? 'not there'}`} onClick={() => onOpen(value)}>{count(runs)}</button></td>
              {metrics.map((metric) => { const each = found[metric]; return <td key={metric} className="num">{each && each.mean !== null ? <>{writeFigure(each.mean)} <span className="muted">({writeFigure(each.min)} … {writeFigure(each.max)})</span></> : <span className="muted">–</span>}</td>; })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
