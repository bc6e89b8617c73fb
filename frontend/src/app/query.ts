import { type InvalidateOptions, type InvalidateQueryFilters, MutationCache, QueryCache, QueryClient, type QueryKey } from '@tanstack/react-query';
import { ApiError } from '../api/client';

type Listener = () => void;
const listeners = new Set<Listener>();

/** Called when the server says that nobody is signed in any more. */
export const onSignedOut = (listener: Listener): void => void listeners.add(listener);

const noticeSignOut = (error: unknown) => {
  if (error instanceof ApiError && error.status === 401) for (const listener of listeners) listener();
};

/** Whether to ask again by itself: only what the network or a busy server may have spoilt. */
const mayRetry = (failures: number, error: Error) =>
  failures < 2 && (!(error instanceof ApiError) || error.status === 0 || error.status === 502 || error.status === 503);

/**
 * A first answer that is still under way may have been read before the change that makes it old: the kit would wait
 * for it and show it as new. Here it is let go and asked for again, as the kit does with every later answer.
 */
export class FreshClient extends QueryClient {
  override invalidateQueries<Key extends QueryKey = QueryKey>(filters?: InvalidateQueryFilters<Key>, options?: InvalidateOptions): Promise<void> {
    if (filters?.refetchType !== 'none') {
      for (const query of this.getQueryCache().findAll({ ...filters, type: 'active', fetchStatus: 'fetching' })) {
        if (query.state.data === undefined && !query.isDisabled()) void query.cancel({ silent: true });
      }
    }
    return super.invalidateQueries(filters, options);
  }
}

export const queryClient = new FreshClient({
  queryCache: new QueryCache({ onError: noticeSignOut }),
  mutationCache: new MutationCache({ onError: noticeSignOut }),
  defaultOptions: { queries: { retry: mayRetry, staleTime: 5_000 }, mutations: { retry: false } },
});
