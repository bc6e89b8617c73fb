import { queryOptions } from '@tanstack/react-query';
import { ADMIN } from './admin';
import { get, patch, post, remove } from './client';
import type { Role, Time, Token } from './types';

/** A program that a workspace lets in under a name of its own. */
export interface ServiceAccount {
  id: number;
  name: string;
  email: string;
  description: string;
  workspace: { id: number; name: string };
  role: Role | null;
  is_active: boolean;
  created_at: Time;
  created_by: string | null;
  tokens: number;
  last_used_at: Time | null;
}

export type TokenScope = 'all' | 'read';

const pathOf = (workspace: number): string => `api/workspaces/${workspace}/service-accounts/`;
const pathTo = (account: ServiceAccount): string => `${pathOf(account.workspace.id)}${account.id}/`;

/** Those of a workspace; of every one where none is named. */
export const serviceAccountsQuery = (workspace: number | undefined) =>
  queryOptions({
    queryKey: [...ADMIN, 'service-accounts', workspace],
    queryFn: ({ signal }) => get<ServiceAccount[]>(workspace === undefined ? 'api/admin/service-accounts/' : pathOf(workspace), {}, signal),
  });

export const createServiceAccount = (workspace: number, wanted: { name: string; role: Role; description: string }) => post<ServiceAccount>(pathOf(workspace), wanted);
export const changeServiceAccount = (account: ServiceAccount, change: { is_active?: boolean; role?: Role }) => patch<ServiceAccount>(pathTo(account), change);

export const serviceTokensQuery = (account: ServiceAccount) =>
  queryOptions({ queryKey: [...ADMIN, 'service-tokens', account.id], queryFn: ({ signal }) => get<Token[]>(`${pathTo(account)}tokens/`, {}, signal) });

/** The answer holds the secret, this once. */
export const createServiceToken = (account: ServiceAccount, wanted: { name: string; scope: TokenScope; expires_in_days?: number }) => post<Token & { token: string }>(`${pathTo(account)}tokens/`, wanted);
export const revokeServiceToken = (account: ServiceAccount, token: number) => remove(`${pathTo(account)}tokens/${token}/`);
