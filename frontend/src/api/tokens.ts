import { queryOptions } from '@tanstack/react-query';
import { get, post, remove } from './client';
import type { Token } from './types';

export const tokensQuery = queryOptions({
  queryKey: ['tokens'],
  queryFn: async ({ signal }) => {
    const answer = await get<Token[] | { results: Token[] }>('api/tokens', {}, signal);
    return Array.isArray(answer) ? answer : answer.results;
  },
});

/** The answer holds the secret, this once. */
export const createToken = (wanted: { name: string; expires_in_days?: number; scope?: 'all' | 'read'; workspace?: number }) => post<Token & { token: string }>('api/tokens', wanted);
export const revokeToken = (id: number) => remove(`api/tokens/${id}`);
