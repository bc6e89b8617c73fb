import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
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

export const queryClient = new QueryClient({
  queryCache: new QueryCache({ onError: noticeSignOut }),
  mutationCache: new MutationCache({ onError: noticeSignOut }),
  defaultOptions: { queries: { retry: mayRetry, staleTime: 5_000 }, mutations: { retry: false } },
});
