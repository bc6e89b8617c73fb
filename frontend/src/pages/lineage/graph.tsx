import { Link } from '@tanstack/react-router';
import { useEffect, type KeyboardEvent } from 'react';
import type { Way } from '../../api/lineage';
import { address } from '../../api/addresses';
import { ago, counted, moment } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { useWidth } from '../../ui/use-width';
import { type Bend, type Drawing, GAP, nodeWidthIn, type Place, stepFrom } from './layout';
import { sentenceOf, wordsFor } from './words';

export interface ShownProps {
  drawing: Drawing;
  /** How many neighbours of a node are not drawn. */
  hidden: ReadonlyMap<string, number>;
  way: Way;
  focus: string;
}

const NODE_HEIGHT = 66;
const ROW = 92;
const MARGIN = 30;

const leftOf = ({ layer }: Bend, width: number): number => MARGIN + layer * (width + GAP);
const topOf = ({ row }: Place): number => MARGIN + row * ROW;

/** The graph from left to right; the node in question stands out, and what belongs to it with it. */
export function LineageGraph({ drawing, hidden, way, focus }: ShownProps) {
  const { places, edges, columns, rows } = drawing;
  const [place, room] = useWidth<HTMLDivElement>();
  const nodeWidth = nodeWidthIn(room, columns);
  const self = places.find(({ role }) => role === 'self');
  useEffect(() => { place.current?.querySelector('.node.on')?.scrollIntoView({ block: 'center', inline: 'center' }); }, [focus, drawing, nodeWidth]);
  const onKey = (event: KeyboardEvent<HTMLDivElement>) => {
    const id = (event.target as HTMLElement).closest<HTMLElement>('[data-node]')?.dataset['node'];
    const at = places.find(({ node }) => node.id === id);
    const next = at && stepFrom(drawing, at, event.key);
    if (!next) return;
    event.preventDefault();
    place.current?.querySelector<HTMLElement>(`[data-node="${CSS.escape(next.node.id)}"]`)?.focus();
  };
  const [width, height] = [2 * MARGIN + columns * nodeWidth + (columns - 1) * GAP, 2 * MARGIN + Math.max(0, rows - 1) * ROW + NODE_HEIGHT];
  return (
    <>
      <div className="lineage" ref={place} onKeyDown={onKey} role="region" aria-label="Graph">
        <div className="lineage-sheet" style={{ width, height }}>
          <svg width={width} height={height} fill="none" aria-hidden="true">
            {edges.map((edge) => <path key={`${edge.from.node.id} ${edge.to.node.id}`} d={curve(edge, nodeWidth)} className={edge.isOnPath ? 'on' : ''} />)}
          </svg>
          {places.map((each) => <Node key={each.node.id} place={each} width={nodeWidth} hidden={hidden.get(each.node.id) ?? 0} way={way} />)}
        </div>
      </div>
      {self && <Summary self={self} drawing={drawing} hidden={hidden} />}
    </>
  );
}

/** A line from the right edge of one node to the left edge of another, level where it passes a column. */
function curve({ from, to, by }: Drawing['edges'][number], width: number): string {
  const middle = ({ row }: Bend): number => MARGIN + row * ROW + NODE_HEIGHT / 2;
  const points: Array<[x: number, y: number]> = [[leftOf(from, width) + width, middle(from)], ...by.flatMap((bend): Array<[number, number]> => [[leftOf(bend, width), middle(bend)], [leftOf(bend, width) + width, middle(bend)]]), [leftOf(to, width), middle(to)]];
  return points.slice(1).reduce((path, [x2, y2], at) => {
    const [x1, y1] = points[at] as [number, number];
    const half = (x2 - x1) / 2;
    return `${path}C${x1 + half} ${y1} ${x2 - half} ${y2} ${x2} ${y2}`;
  }, `M${points[0]?.join(' ') ?? ''}`);
}

/** One thing of the graph; pressing it looks from there. Without a width it stands in a list. */
export function Node({ place, width, hidden, way }: { place: Place; width?: number; hidden: number; way: Way }) {
  const { node, role } = place;
  const words = wordsFor(node.kind);
  return (
    <Link
      className={`node${role === 'self' ? ' on' : role === 'beside' ? ' dim' : ''}`} data-node={node.id} style={width === undefined ? undefined : { left: leftOf(place, width), top: topOf(place), width, height: NODE_HEIGHT }}
      to="/lineage" search={{ node: node.id, ...(way === 'both' ? {} : { way }) }}
    >
      <span className="k"><Icon name={words.icon} size={12} />{words.one}{hidden > 0 && <span className="pill" title={`${hidden} more are not drawn; open it to see them`}>+{hidden}</span>}</span>
      <b className="b cut" title={node.title}>{node.title}</b>
      {node.detail && <span className="muted small cut" title={node.detail}>{node.detail}</span>}
    </Link>
  );
}

/** The node in question in a sentence, and the way to its own page. */
export function Summary({ self, drawing, hidden }: { self: Place } & Pick<ShownProps, 'drawing' | 'hidden'>) {
  const { node } = self;
  const more = [...hidden.values()].reduce((sum, each) => sum + each, 0);
  const [above, below] = [sentenceOf(drawing.places, 'above'), sentenceOf(drawing.places, 'below')];
  return (
    <section className="lineage-card card" aria-labelledby="lineage-self">
      <h2 id="lineage-self">{wordsFor(node.kind).one.replace(/^./, (letter) => letter.toUpperCase())} {node.title}</h2>
      <p className="two">{[node.detail, node.at && ago(node.at) !== 'now' ? `${ago(node.at)} ago` : ''].filter(Boolean).join(', ')}{node.at && <span className="unseen"> {moment(node.at)}</span>}</p>
      <dl className="kv">
        <dt>Made of</dt><dd>{above || 'nothing that is known: it came from outside'}</dd>
        <dt>Came of it</dt><dd>{below || 'nothing yet'}</dd>
      </dl>
      {more > 0 && <p className="muted small">{counted(more, 'thing')} more hang on what is drawn: open one to see them.</p>}
      {node.href && <div className="row"><a className="btn" href={address(node.href)}>Open the {wordsFor(node.kind).one}</a></div>}
    </section>
  );
}
