import { queryOptions } from '@tanstack/react-query';
import { get, post, remove } from './client';
import { address } from './addresses';
import type { Invitation, Member, Role } from './types';

/** Where a role holds: in a workspace, or in one project of it. */
export type Place = { workspace: number } | { project: number };

const pathOf = (place: Place): string => ('workspace' in place ? `api/workspaces/${place.workspace}/members` : `api/projects/${place.project}/members`);

export const membersQuery = (place: Place) =>
  queryOptions({ queryKey: ['members', place], queryFn: ({ signal }) => get<Member[]>(pathOf(place), {}, signal) });

/** `user` is an id, or the e-mail address of somebody who has an account. */
export const giveRole = (place: Place, user: number | string, role: Role) => post<Member>(pathOf(place), { user, role });
export const takeRole = (place: Place, user: number) => remove(`${pathOf(place)}/${user}`);

export const invitationsQuery = (workspace: number) =>
  queryOptions({ queryKey: ['invitations', workspace], queryFn: ({ signal }) => get<Invitation[]>(`api/workspaces/${workspace}/invitations`, {}, signal) });

/** The answer holds the token of the link, this once. */
export const invite = (workspace: number, wanted: { role: Role; email?: string; expires_in_days: number }) => post<Invitation & { token: string }>(`api/workspaces/${workspace}/invitations`, wanted);
export const revokeInvitation = (workspace: number, id: number) => remove(`api/workspaces/${workspace}/invitations/${id}`);

/** The page where somebody accepts, signed in or signing up. */
export const linkOf = (token: string): string => address(`user/signup?invitation=${encodeURIComponent(token)}`);
