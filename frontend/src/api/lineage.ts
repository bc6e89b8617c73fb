import { queryOptions } from '@tanstack/react-query';
import { get } from './client';
import type { Time } from './types';

/** Which way to look: what a thing is made of, what came of it, or both. */
export type Way = 'up' | 'down' | 'both';

export interface LineageNode {
  /** Such as "commit:4f1c…" or "task:12". */
  id: string;
  kind: string;
  title: string;
  detail: string | null;
  at: Time | null;
  /** The page of the thing itself, under the mount point. */
  href: string | null;
}

export interface Lineage {
  nodes: LineageNode[];
  edges: Array<{ from: string; to: string }>;
  /** How many neighbours of a node are not in the answer. */
  more: Hidden[];
}

export interface Hidden {
  id: string;
  up?: number;
  down?: number;
  count?: number;
}

const DEPTH = 4;
const NODES_AT_MOST = 60; // more than that is no picture any more; the rest is counted

const askedFor = (node: string, direction: Way) => ({ node, direction, depth: DEPTH, limit: NODES_AT_MOST });

export const lineageQuery = (node: string, direction: Way) =>
  queryOptions({
    queryKey: ['lineage', node, direction],
    queryFn: ({ signal }) => get<Lineage>('api/lineage/', askedFor(node, direction), signal),
    placeholderData: (before) => before,
  });
