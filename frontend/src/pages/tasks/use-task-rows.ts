import { keepPreviousData, useQueries, useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback } from 'react';
import { taskPageQuery, TASKS_A_PAGE, type TaskSelection } from '../../api/tasks';
import type { TaskRow } from '../../api/types';

const MOST_AT_ONCE = 20_000;

/** The tasks of a selection by their place in it; pages are fetched as they come into sight. */
export function useTaskRows(project: number, selection: TaskSelection) {
  const client = useQueryClient();
  const first = useQuery({ ...taskPageQuery(project, selection, 1), placeholderData: keepPreviousData });
  const total = first.data?.total ?? 0;

  const useRange = (from: number, to: number): ((index: number) => TaskRow | undefined) => {
    const pages = pagesOf(from, Math.min(to, total));
    const answers = useQueries({ queries: pages.map((page) => ({ ...taskPageQuery(project, selection, page), enabled: first.isSuccess })) });
    const byPage = new Map(pages.map((page, index) => [page, answers[index]?.data?.tasks]));
    return (index) => (byPage.get(pageOf(index)) ?? (pageOf(index) === 1 ? first.data?.tasks : undefined))?.[index % TASKS_A_PAGE];
  };

  /** Ids of a stretch of rows, fetched where they were not seen yet. */
  const idsBetween = useCallback(async (from: number, to: number): Promise<number[]> => {
    const pages = pagesOf(from, Math.min(to + 1, from + MOST_AT_ONCE));
    const answers = await Promise.all(pages.map((page) => client.ensureQueryData(taskPageQuery(project, selection, page))));
    const start = ((pages[0] ?? 1) - 1) * TASKS_A_PAGE;
    return answers.flatMap((answer) => answer.tasks).slice(from - start, to - start + 1).map((task) => task.id);
  }, [client, project, selection]);

  return { first, total, useRange, idsBetween };
}

const pageOf = (index: number): number => Math.floor(index / TASKS_A_PAGE) + 1;

function pagesOf(from: number, to: number): number[] {
  if (to <= from) return [];
  const [first, last] = [pageOf(from), pageOf(to - 1)];
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
