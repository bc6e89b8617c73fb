import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo } from 'react';
import { columnsQuery, type TaskSelection, viewsQuery } from '../../api/tasks';
import type { Column, View } from '../../api/types';
import { isPassing } from './export-selection';
import { type Asked, askedOf, EVERYTHING_ASKED, readAsked, sameAsked, searchFor, toSelection } from './asked';

export interface Asking {
  columns: readonly Column[];
  views: readonly View[];
  /** The saved view that is open. */
  view: View | undefined;
  /** The address names a view that is not there: deleted, or another person's own. */
  isViewGone: boolean;
  /** Why it is not known what to ask: the list of views, or of columns, did not come. */
  failed: Error | null;
  /** Asks anew for what failed. */
  retry: () => void;
  asked: Asked;
  selection: TaskSelection;
  /** Whether something else is asked than the open view keeps. */
  isChanged: boolean;
  /** Whether everything that decides what to ask is known. */
  isReady: boolean;
  /** The task that is looked at beside the table. */
  preview: number | undefined;
  /** Asks for other tasks, within the open view unless another is named. */
  ask: (asked: Asked, view?: View | null) => void;
  openView: (view: View | undefined) => void;
  look: (task: number | undefined) => void;
}

/** What the address asks for: the back button brings the former question back. */
export function useAsking(project: number): Asking {
  const search = useSearch({ from: '/inside/projects/$projectId/data' });
  const navigate = useNavigate();
  const columns = useQuery(columnsQuery(project));
  const views = useQuery(viewsQuery(project));
  const view = views.data?.find((each) => each.id === search.view);
  const { where, match, sort } = search;
  const asked = useMemo(() => readAsked({ ...(where ? { where } : {}), ...(match ? { match } : {}), ...(sort ? { sort } : {}) }, view), [where, match, sort, view]);
  const selection = useMemo(() => toSelection(asked, columns.data ?? []), [asked, columns.data]);
  const [needsViews, needsColumns] = [search.view !== undefined, asked.filters.length > 0];
  const params = { projectId: String(project) };
  const ask = (next: Asked, inside: View | null | undefined = view) => {
    void navigate({ to: '/projects/$projectId/data', params, search: { ...searchFor(next, inside ?? undefined), ...(search.task === undefined ? {} : { task: search.task }) } });
  };
  return {
    columns: columns.data ?? [], views: (views.data ?? []).filter((each) => !isPassing(each)), view, asked, selection,
    isChanged: view !== undefined && !sameAsked(asked, askedOf(view.data)),
    isViewGone: needsViews && views.isSuccess && !views.isFetching && !view, failed: (needsViews && views.isLoadingError ? views.error : null) ?? (needsColumns && columns.isLoadingError ? columns.error : null),
    retry: () => { void views.refetch(); void columns.refetch(); },
    isReady: (!needsViews || view !== undefined) && (!needsColumns || columns.data !== undefined),
    preview: search.task,
    ask,
    openView: (next) => ask(next ? askedOf(next.data) : EVERYTHING_ASKED, next ?? null),
    look: (task) => void navigate({ to: '/projects/$projectId/data', params, search: ({ task: _, ...rest }) => ({ ...rest, ...(task === undefined ? {} : { task }) }), replace: true }),
  };
}
