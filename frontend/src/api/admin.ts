import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { addressOf, get, patch, post, remove } from './client';
import type { AuditFilter } from './audit';
import type { Role, Time, Token } from './types';

const A_PAGE = 100;

export type PeopleState = 'active' | 'deactivated' | 'admins' | 'all';

export interface AdminPerson {
  id: number;
  email: string;
  first_name: string;
  last_name: string;
  is_admin: boolean;
  is_active: boolean;
  /** Without one they were invited, and have not set one yet. */
  has_password: boolean;
  created_at: Time;
  last_activity_at: Time | null;
  tokens: number;
  roles: Array<{ workspace: number; workspace_name: string; role: Role }>;
}

/** A link by which somebody sets a password, once; `url` is below the mount point. */
export interface PasswordLink {
  token: string;
  url: string;
  expires_at: Time;
}

export interface AdminWorkspace {
  id: number;
  name: string;
  title: string;
  created_at: Time;
  people: number;
  service_accounts: number;
  projects: number;
  repos: number;
}

/** A token, or an S3 key with its access key id; `role` is the most that a key may. */
export interface AdminToken extends Token {
  kind: 'personal' | 'refresh' | 'legacy' | 's3';
  access_key_id: string | null;
  role: Role | null;
  owner: { id: number; email: string; is_service_account: boolean };
}

interface Page<T> {
  count: number;
  next: string | null;
  results: T[];
}

/** Everything of these pages, to be asked for anew after a change. */
export const ADMIN = ['admin'];

export const adminPeopleQuery = (search: string, state: PeopleState) =>
  infiniteQueryOptions({
    queryKey: [...ADMIN, 'people', search, state],
    queryFn: ({ pageParam, signal }) => get<Page<AdminPerson>>('api/admin/people/', { search, state, page: pageParam, page_size: A_PAGE }, signal),
    initialPageParam: 1,
    getNextPageParam: (last, pages) => (last.next ? pages.length + 1 : undefined),
  });

export const invitePerson = (wanted: { email: string; first_name?: string; last_name?: string; workspace?: number; role?: Role }) => post<{ person: AdminPerson; link: PasswordLink }>('api/admin/people/', wanted);
export const changePerson = (id: number, change: { is_active?: boolean; is_admin?: boolean }) => patch<AdminPerson>(`api/admin/people/${id}/`, change);
export const makePasswordLink = (id: number) => post<PasswordLink>(`api/admin/people/${id}/password-link/`);

export const adminWorkspacesQuery = queryOptions({ queryKey: [...ADMIN, 'workspaces'], queryFn: ({ signal }) => get<AdminWorkspace[]>('api/admin/workspaces/', {}, signal) });
export const renameWorkspace = (id: number, change: { name: string; title: string }) => patch<unknown>(`api/workspaces/${id}`, change);
export const deleteWorkspace = (id: number) => remove(`api/workspaces/${id}`);

export const adminTokensQuery = (search: string) =>
  infiniteQueryOptions({
    queryKey: [...ADMIN, 'tokens', search],
    queryFn: ({ pageParam, signal }) => get<Page<AdminToken>>('api/admin/tokens/', { search, page: pageParam, page_size: A_PAGE }, signal),
    initialPageParam: 1,
    getNextPageParam: (last, pages) => (last.next ? pages.length + 1 : undefined),
  });
export const revokeAnyToken = ({ id, access_key_id }: AdminToken) =>
  remove(access_key_id === null ? `api/admin/tokens/${id}/` : `api/admin/s3-keys/${access_key_id}/`);

/** Where the log is downloaded as a file, with the filters of the page. */
export const auditFileAddress = (workspace: number | undefined, filter: AuditFilter, format: 'csv' | 'jsonl'): string =>
  addressOf(workspace === undefined ? 'api/audit-log/export' : `api/workspaces/${workspace}/audit-log/export`, { ...filter, format });
