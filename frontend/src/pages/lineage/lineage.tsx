import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo } from 'react';
import { type Hidden, lineageQuery, type Way } from '../../api/lineage';
import { Top } from '../../app/top';
import { Icon } from '../../ui/icon';
import { Empty, Failure, messageOf, Skeleton } from '../../ui/parts';
import { say } from '../../ui/toast';
import { usePhone } from '../tasks/use-phone';
import { drawLineage } from './layout';
import { LineageGraph } from './graph';
import { LineageList } from './list';
import './lineage.css';

const WAYS: ReadonlyArray<readonly [way: Way, words: string]> = [['both', 'Both ways'], ['up', 'What is this made of'], ['down', 'What came of this']];

/** What is a thing made of, and what came of it? */
export function LineagePage() {
  const { node, way = 'both' } = useSearch({ from: '/inside/lineage' });
  const navigate = useNavigate();
  const turn = (wanted: Way) => void navigate({ to: '/lineage', search: { ...(node ? { node } : {}), ...(wanted === 'both' ? {} : { way: wanted }) }, replace: true });
  return (
    <>
      <Top crumb={<Link to="/repos" className="crumb">Repos</Link>} title="Lineage">
        <span className="grow" />
        {node && <span className="seg wide" role="group" aria-label="Which way">{WAYS.map(([each, words]) => <button key={each} type="button" className={each === way ? 'on' : ''} aria-pressed={each === way} onClick={() => turn(each)}>{words}</button>)}</span>}
        {node && <CopyButton node={node} way={way} />}
      </Top>
      {node ? <Graph key={`${way}`} node={node} way={way} onTurn={turn} /> : <Nothing />}
    </>
  );
}

const Nothing = () => (
  <Empty art={<Icon name="flow" size={28} />} title="Where should it begin?" acts={<><Link className="btn" to="/repos">To the repos</Link><Link className="btn" to="/projects">To the projects</Link></>}>
    Open the lineage from a commit, a task or an annotation: it shows what that is made of, and everything that came of it.
  </Empty>
);

function CopyButton({ node, way }: { node: string; way: Way }) {
  const data = useQuery(lineageQuery(node, way)).data;
  if (!data || !('clipboard' in navigator)) return null;
  const copy = () => void navigator.clipboard.writeText(JSON.stringify(data, null, 2)).then(() => say('The graph is copied as JSON.'), (error: unknown) => say(messageOf(error), { tone: 'bad' }));
  return <button type="button" className="btn wide" onClick={copy}>Copy as JSON</button>;
}

function Graph({ node, way, onTurn }: { node: string; way: Way; onTurn: (way: Way) => void }) {
  const lineage = useQuery(lineageQuery(node, way));
  const isPhone = usePhone();
  const drawing = useMemo(() => (lineage.data ? drawLineage(lineage.data, node) : undefined), [lineage.data, node]);
  const hidden = useMemo(() => new Map((lineage.data?.more ?? []).map((each) => [each.id, countHidden(each)])), [lineage.data]);
  if (lineage.isError) return <Failure error={lineage.error} retry={() => void lineage.refetch()} what="The lineage" acts={<Link className="btn" to="/repos">To the repos</Link>} />;
  if (!drawing) return <div className="scroll col" aria-busy="true" style={{ gap: 20 }}>{[0, 1, 2].map((each) => <Skeleton key={each} width={178} height={62} />)}</div>;
  const shown = { drawing, hidden, way, focus: node };
  if (!isPhone) return <LineageGraph {...shown} />;
  return (
    <>
      <div className="tools"><span className="seg" role="group" aria-label="Which way">{WAYS.map(([each]) => <button key={each} type="button" className={each === way ? 'on' : ''} aria-pressed={each === way} onClick={() => onTurn(each)}>{{ both: 'Both ways', up: 'Made of', down: 'Came of it' }[each]}</button>)}</span></div>
      <LineageList {...shown} />
    </>
  );
}

const countHidden = ({ up = 0, down = 0, count }: Hidden): number => count ?? up + down;
