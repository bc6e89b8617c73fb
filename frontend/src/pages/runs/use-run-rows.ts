import { keepPreviousData, useQueries, useQuery } from '@tanstack/react-query';
import { useCallback, useEffect, useState } from 'react';
import { runIds, runPageQuery, type RunQuestion, type RunRow, RUNS_A_PAGE } from '../../api/tracking';
import { count } from '../../ui/format';
import { say } from '../../ui/toast';

const MOST_AT_ONCE = 5_000;
/** The most ids that one answer holds. */
const IDS_A_PAGE = 1_000;
/** A list that flies past asks for nothing; one that rests this long does. */
const RESTED_MS = 80;

/** The runs that answer a question, by their place; pages are fetched as they come into sight, and forgotten after. */
export function useRunRows(question: RunQuestion, isReady: boolean) {
  const first = useQuery({ ...runPageQuery(question, 0), placeholderData: keepPreviousData, enabled: isReady });
  const total = first.data?.total ?? 0;

  const useRange = (from: number, to: number, active: number): ((index: number) => RunRow | undefined) => {
    const pages = [...new Set([...pagesOf(from, Math.min(to, total)), ...pagesOf(active, Math.min(active + 1, total))])];
    const mayAsk = useRested(pages);
    const answers = useQueries({ queries: pages.map((page) => ({ ...runPageQuery(question, page), enabled: first.isSuccess && mayAsk })) });
    const byPage = new Map(pages.map((page, index) => [page, answers[index]?.data?.results]));
    return (index) => {
      const page = Math.floor(index / RUNS_A_PAGE);
      return (byPage.get(page) ?? (page === 0 ? first.data?.results : undefined))?.[index % RUNS_A_PAGE];
    };
  };

  /** Ids of a stretch of rows; of a very long one its beginning, and says so. */
  const idsBetween = useCallback(async (from: number, to: number): Promise<string[]> => {
    const wanted = Math.min(to - from + 1, MOST_AT_ONCE);
    if (to - from >= MOST_AT_ONCE) say(`Only the first ${count(MOST_AT_ONCE)} of that stretch are selected. To select more, find them and select all.`);
    return idsFrom(question, from, wanted);
  }, [question]);

  return { first, total, useRange, idsBetween };
}

/** Ids of so many runs of an answer, from a place on. */
export async function idsFrom(question: RunQuestion, from: number, wanted: number): Promise<string[]> {
  const found: string[] = [];
  while (found.length < wanted) {
    const size = Math.min(IDS_A_PAGE, wanted - found.length);
    const page = await runIds(question, from + found.length, size);
    found.push(...page);
    if (page.length < size) break;
  }
  return found;
}

/** Whether these pages have been in sight for a moment, or lie beside those that were. */
function useRested(pages: readonly number[]): boolean {
  const [rested, setRested] = useState<readonly number[]>([0, 1]);
  const key = pages.join();
  useEffect(() => {
    const timer = setTimeout(() => setRested(key === '' ? [] : key.split(',').map(Number)), RESTED_MS);
    return () => clearTimeout(timer);
  }, [key]);
  return pages.every((page) => rested.some((each) => Math.abs(each - page) <= 1));
}

function pagesOf(from: number, to: number): number[] {
  if (to <= from) return [];
  const [first, last] = [Math.floor(from / RUNS_A_PAGE), Math.floor((to - 1) / RUNS_A_PAGE)];
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
