import type { Lineage, LineageNode } from '../../api/lineage';
import { grouped } from './grouped';

export interface Place {
  node: LineageNode;
  /** Which column it stands in, from the left, and which row of it. */
  layer: number;
  row: number;
  /** How it stands to the node in question. */
  role: 'self' | 'above' | 'below' | 'beside';
}

/** Where a line that is longer than one column passes through a column. */
export interface Bend {
  layer: number;
  row: number;
}

export interface Drawing {
  /** In the order of reading: column by column. */
  places: Place[];
  edges: Array<{ from: Place; to: Place; isOnPath: boolean; by: Bend[] }>;
  columns: number;
  rows: number;
}

const SWEEPS = 4;
/** Between two columns, px. */
export const GAP = 60;
const [NARROWEST, WIDEST] = [188, 320];

/** How wide a node is, px: as wide as the page leaves room for, so that its words are not cut for nothing. */
export function nodeWidthIn(room: number, columns: number): number {
  const each = Math.floor((room - GAP * columns) / Math.max(1, columns)); // a gap more than there are, for the margins
  return Math.max(NARROWEST, Math.min(WIDEST, each));
}

/** Puts every node to the right of all that it is made of, and its like near each other. `focus`: the node in question. */
export function drawLineage({ nodes, edges }: Lineage, focus: string): Drawing {
  const known = new Map(nodes.map((node) => [node.id, node]));
  const real = edges.filter(({ from, to }) => known.has(from) && known.has(to) && from !== to);
  const [above, below] = [reach(focus, real, 'from'), reach(focus, real, 'to')];
  const { layers, links } = withBends(layersOf([...known.keys()], real), real);
  const ordered = orderRows(layers, links);
  const rows = Math.max(0, ...ordered.map((layer) => layer.length));
  const places = new Map<string, Place>();
  const bends = new Map<string, Bend>();
  ordered.forEach((layer, at) => layer.forEach((id, index) => {
    const row = index + (rows - layer.length) / 2;
    if (!known.has(id)) return void bends.set(id, { layer: at, row });
    const role = id === focus ? 'self' : above.has(id) ? 'above' : below.has(id) ? 'below' : 'beside';
    places.set(id, { node: known.get(id) as LineageNode, layer: at, row, role });
  }));
  const isOnPath = (from: string, to: string) => (below.has(to) && (below.has(from) || from === focus)) || (above.has(from) && (above.has(to) || to === focus));
  return {
    places: [...places.values()], columns: ordered.length, rows,
    edges: real.map(({ from, to }) => {
      const [start, end] = [places.get(from) as Place, places.get(to) as Place];
      const by = columnsBetween(start.layer, end.layer).flatMap((layer) => bends.get(bendId(from, to, layer)) ?? []);
      return { from: start, to: end, isOnPath: isOnPath(from, to), by };
    }),
  };
}

const columnsBetween = (from: number, to: number): number[] => Array.from({ length: Math.max(0, to - from - 1) }, (_, at) => from + 1 + at);
const bendId = (from: string, to: string, layer: number): string => `${from} ${to} ${layer}`;

/** Keeps a row free in every column that a line passes, so that it runs beside the nodes and not behind them. */
function withBends(layers: string[][], edges: Lineage['edges']): { layers: string[][]; links: Lineage['edges'] } {
  const layerOf = new Map(layers.flatMap((layer, at) => layer.map((id) => [id, at] as const)));
  const wider = layers.map((layer) => [...layer]);
  const links = edges.flatMap(({ from, to }) => {
    const passed = columnsBetween(layerOf.get(from) ?? 0, layerOf.get(to) ?? 0).map((layer) => {
      const id = bendId(from, to, layer);
      wider[layer]?.push(id);
      return id;
    });
    const way = [from, ...passed, to];
    return way.slice(1).map((next, at) => ({ from: way[at] as string, to: next }));
  });
  return { layers: wider, links };
}

/** Every node that can be reached from one, against or along the edges; itself is not counted. */
function reach(start: string, edges: Lineage['edges'], end: 'from' | 'to'): Set<string> {
  const other = end === 'to' ? 'from' : 'to';
  const next = grouped(edges, (edge) => edge[other]);
  const found = new Set<string>();
  const waiting = [start];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    for (const edge of next.get(id) ?? []) {
      if (found.has(edge[end]) || edge[end] === start) continue;
      found.add(edge[end]);
      waiting.push(edge[end]);
    }
  }
  return found;
}

/** The longest way from a node without parents; those stand right before the first of their children. */
function layersOf(ids: readonly string[], edges: Lineage['edges']): string[][] {
  const parents = grouped(edges, ({ to }) => to);
  const children = grouped(edges, ({ from }) => from);
  const depth = new Map<string, number>();
  const open = new Set<string>();
  const depthOf = (id: string): number => {
    const known = depth.get(id);
    if (known !== undefined) return known;
    if (open.has(id)) return 0; // a circle, which the server never makes: it is cut here
    open.add(id);
    const found = Math.max(0, ...(parents.get(id) ?? []).map(({ from }) => depthOf(from) + 1));
    open.delete(id);
    depth.set(id, found);
    return found;
  };
  for (const id of ids) depthOf(id);
  for (const id of ids) {
    const first = Math.min(...(children.get(id) ?? []).map(({ to }) => depth.get(to) ?? 0));
    if (!parents.has(id) && Number.isFinite(first)) depth.set(id, Math.max(0, first - 1));
  }
  const layers: string[][] = [];
  for (const id of ids) (layers[depth.get(id) ?? 0] ??= []).push(id);
  return Array.from(layers, (layer) => layer ?? []);
}

/** Moves each node towards the middle of those it is joined to, so that few lines cross. */
function orderRows(layers: string[][], edges: Lineage['edges']): string[][] {
  const joined = grouped([...edges, ...edges.map(({ from, to }) => ({ from: to, to: from }))], ({ from }) => from);
  let ordered = layers;
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const row = new Map(ordered.flatMap((layer) => layer.map((id, at) => [id, at / Math.max(1, layer.length)] as const)));
    const middle = (id: string) => {
      const rows = (joined.get(id) ?? []).map(({ to }) => row.get(to) ?? 0);
      return rows.length > 0 ? rows.reduce((sum, each) => sum + each, 0) / rows.length : (row.get(id) ?? 0);
    };
    ordered = ordered.map((layer) => layer.map((id, at) => ({ id, at, to: middle(id) })).sort((a, b) => a.to - b.to || a.at - b.at).map(({ id }) => id));
  }
  return ordered;
}

/** The node that an arrow leads to: the nearest one a column before or after that is joined, or the one above or below. */
export function stepFrom({ places, edges }: Drawing, at: Place, key: string): Place | undefined {
  if (key === 'ArrowUp' || key === 'ArrowDown') {
    const column = places.filter(({ layer }) => layer === at.layer).sort((a, b) => a.row - b.row);
    return column[column.indexOf(at) + (key === 'ArrowUp' ? -1 : 1)];
  }
  const joined = key === 'ArrowLeft' ? edges.filter(({ to }) => to === at).map(({ from }) => from) : key === 'ArrowRight' ? edges.filter(({ from }) => from === at).map(({ to }) => to) : [];
  return joined.sort((a, b) => Math.abs(a.row - at.row) - Math.abs(b.row - at.row))[0];
}
