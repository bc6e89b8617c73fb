import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo } from 'react';
import { type TraceQuestion, tracePagesQuery, type TraceRow } from '../../api/traces';

/** Rows drawn as being on their way behind those that are here. */
const COMING = 8;
/** The next page is asked for when so few rows are left below. */
const AHEAD = 40;

/** The traces that answer a question, in order; MLflow gives them page by page, and the next one comes when it is scrolled to. */
export function useTraceRows(question: TraceQuestion) {
  const pages = useInfiniteQuery({ ...tracePagesQuery(question), placeholderData: keepPreviousData });
  const rows = useMemo(() => pages.data?.pages.flatMap(({ traces }) => traces) ?? [], [pages.data]);
  const { hasNextPage: isMore, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = pages;
  const total = rows.length + (isMore ? COMING : 0);

  const useRange = (_: number, to: number): ((index: number) => TraceRow | undefined) => {
    const isDue = isMore && to > rows.length - AHEAD && !isFetchingNextPage && !isFetchNextPageError;
    useEffect(() => { if (isDue) void fetchNextPage(); }, [isDue]);
    return (index) => rows[index];
  };

  const idsBetween = useCallback(async (from: number, to: number): Promise<string[]> => rows.slice(from, to + 1).map(({ id }) => id), [rows]);

  return { pages, rows, total, isMore, useRange, idsBetween };
}
