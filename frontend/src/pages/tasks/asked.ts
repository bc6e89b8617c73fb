import type { TasksSearch } from '../../app/router';
import type { TaskSelection } from '../../api/tasks';
import type { Column, View } from '../../api/types';
import { type Filter, fromItem, type Match, parseWhere, toItem, writeWhere } from './filters';

/** Which tasks, in which order. */
export interface Asked {
  filters: readonly Filter[];
  match: Match;
  /** A column on the wire, with "-" before it for downwards; undefined: in order. */
  sort: string | undefined;
}

/** In the address: a view without its filters. No filter has this shape. */
const NO_FILTERS = 'all';
const IN_ORDER = 'tasks:id';

export const EVERYTHING_ASKED: Asked = { filters: [], match: 'and', sort: undefined };

export const askedOf = (data: View['data']): Asked => ({
  filters: (data.filters?.items ?? []).map(fromItem), match: data.filters?.conjunction ?? 'and', sort: plain(data.ordering?.[0]),
});

const plain = (sort: string | undefined): string | undefined => (sort === IN_ORDER || !sort ? undefined : sort);

/** What the address asks for: a view's own, but for what was changed in it. */
export function readAsked({ where, match, sort }: TasksSearch, view: View | undefined): Asked {
  const kept = view ? askedOf(view.data) : EVERYTHING_ASKED;
  return {
    filters: where === undefined ? kept.filters : parseWhere(where),
    match: match ?? kept.match,
    sort: sort === undefined ? kept.sort : plain(sort),
  };
}

/** The address for what is asked: a view's number, and what is otherwise than in it. */
export function searchFor({ filters, match, sort }: Asked, view: View | undefined): TasksSearch {
  const kept = view ? askedOf(view.data) : EVERYTHING_ASKED;
  const where = sameFilters(filters, kept.filters) ? undefined : (writeWhere(filters) ?? NO_FILTERS);
  return {
    ...(view ? { view: view.id } : {}),
    ...(where ? { where } : {}),
    ...(filters.length > 1 && match !== kept.match ? { match } : {}),
    ...(sort !== kept.sort ? { sort: sort ?? IN_ORDER } : {}),
  };
}

/** Which tasks are asked for, in whatever order: the same text for the same question. */
export const questionOf = ({ filters, match }: Asked): string => JSON.stringify([filters, match]);

export const sameFilters = (a: readonly Filter[], b: readonly Filter[]): boolean => writeWhere(a) === writeWhere(b);

export const sameAsked = (a: Asked, b: Asked): boolean =>
  sameFilters(a.filters, b.filters) && a.sort === b.sort && (a.match === b.match || a.filters.length < 2);

/** As the server wants it. */
export const toSelection = ({ filters, match, sort }: Asked, columns: readonly Column[]): TaskSelection => ({
  items: filters.map((filter) => toItem(filter, columns)), ordering: sort ? [sort] : [], conjunction: match,
});
