import { Node, type ShownProps, Summary } from './graph';
import type { Place } from './layout';

/** The graph as a column, for a narrow screen: what it is made of, itself, what came of it. */
export function LineageList({ drawing, hidden, way }: ShownProps) {
  const self = drawing.places.find(({ role }) => role === 'self');
  const of = (role: Place['role']) => drawing.places.filter((place) => place.role === role);
  return (
    <div className="scroll lineage-list">
      {self && <Summary self={self} drawing={drawing} hidden={hidden} />}
      {([['above', 'Made of'], ['below', 'Came of it'], ['beside', 'Also']] as const).map(([role, words]) => (of(role).length > 0 ? (
        <section key={role} aria-label={words}><h2>{words}</h2><ul>{of(role).map((place) => <li key={place.node.id}><Node place={place} hidden={hidden.get(place.node.id) ?? 0} way={way} /></li>)}</ul></section>
      ) : null))}
    </div>
  );
}
