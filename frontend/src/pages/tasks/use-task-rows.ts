import { keepPreviousData, useQueries, useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useState } from 'react';
import { type PageKind, taskPageQuery, type TaskSelection } from '../../api/tasks';
import type { TaskRow } from '../../api/types';
import { t } from '../../i18n/words';
import { count } from '../../ui/format';
import { say } from '../../ui/toast';

const MOST_AT_ONCE = 5_000;
const PAGES_AT_ONCE = 4;
/** A list that flies past asks for nothing; one that rests this long does. */
const RESTED_MS = 80;

/**
 * The tasks of a selection by their place in it; pages are fetched as they come into sight, and forgotten after.
 * Nothing is asked until `isReady`.
 */
export function useTaskRows(project: number, selection: TaskSelection, kind: PageKind, isReady: boolean) {
  const client = useQueryClient();
  const { size, isWhole } = kind;
  const pageQuery = useCallback((page: number) => taskPageQuery(project, selection, page, { size, isWhole }), [project, selection, size, isWhole]);
  const first = useQuery({ ...pageQuery(1), placeholderData: keepPreviousData, enabled: isReady });
  const total = first.data?.total ?? 0;

  const useRange = (from: number, to: number, active: number): ((index: number) => TaskRow | undefined) => {
    const inSight = pagesOf(from, Math.min(to, total), size);
    const pages = [...new Set([...inSight, ...pagesOf(active, Math.min(active + 1, total), size)])];
    const mayAsk = useRested(pages);
    const answers = useQueries({ queries: pages.map((page) => ({ ...pageQuery(page), enabled: first.isSuccess && mayAsk })) });
    const byPage = new Map(pages.map((page, index) => [page, answers[index]?.data?.tasks]));
    return (index) => {
      const page = pageOf(index, size);
      return (byPage.get(page) ?? (page === 1 ? first.data?.tasks : undefined))?.[index % size];
    };
  };

  /** Ids of a stretch of rows, fetched where they were not seen yet; of a very long one its beginning, and says so. */
  const idsBetween = useCallback(async (from: number, to: number): Promise<number[]> => {
    const pages = pagesOf(from, Math.min(to + 1, from + MOST_AT_ONCE), size);
    const found: number[] = [];
    for (let at = 0; at < pages.length; at += PAGES_AT_ONCE) {
      const answers = await Promise.all(pages.slice(at, at + PAGES_AT_ONCE).map((page) => client.ensureQueryData(pageQuery(page))));
      found.push(...answers.flatMap((answer) => answer.tasks).map((task) => task.id));
    }
    if (to - from >= MOST_AT_ONCE) say(t('Only the first {most} of that stretch are selected. To select more, filter them and select all.', { most: count(MOST_AT_ONCE) }));
    const start = ((pages[0] ?? 1) - 1) * size;
    return found.slice(from - start, Math.min(to + 1, from + MOST_AT_ONCE) - start);
  }, [client, pageQuery, size]);

  return { first, total, useRange, idsBetween };
}

/** Whether these pages have been in sight for a moment, or lie beside those that were. */
function useRested(pages: readonly number[]): boolean {
  const [rested, setRested] = useState<readonly number[]>([1, 2]);
  const key = pages.join();
  useEffect(() => {
    const timer = setTimeout(() => setRested(key === '' ? [] : key.split(',').map(Number)), RESTED_MS);
    return () => clearTimeout(timer);
  }, [key]);
  return pages.every((page) => rested.some((each) => Math.abs(each - page) <= 1));
}

const pageOf = (index: number, size: number): number => Math.floor(index / size) + 1;

function pagesOf(from: number, to: number, size: number): number[] {
  if (to <= from) return [];
  const [first, last] = [pageOf(from, size), pageOf(to - 1, size)];
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
