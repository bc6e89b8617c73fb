import { queryOptions } from '@tanstack/react-query';
import { address } from './addresses';
import { get, post, remove } from './client';
import type { Role, Time } from './types';

export interface S3Key {
  id: number;
  name: string;
  access_key_id: string;
  role?: Role | null;
  workspace?: number | { id: number; name: string } | null;
  created_at: Time;
  last_used_at?: Time | null;
}

export const s3KeysQuery = queryOptions({
  queryKey: ['s3-keys'],
  queryFn: async ({ signal }) => {
    const answer = await get<S3Key[] | { results: S3Key[] }>('api/s3-keys', {}, signal);
    return Array.isArray(answer) ? answer : answer.results;
  },
});

/** The answer holds the secret, this once. */
export const createS3Key = (wanted: { name: string; workspace?: number; role?: Role }) => post<S3Key & { secret_access_key: string }>('api/s3-keys', wanted);
export const deleteS3Key = (id: number) => remove(`api/s3-keys/${id}`);

/** What a program is told as its endpoint. */
export const s3Endpoint = (): string => address('s3');
