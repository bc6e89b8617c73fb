import { queryOptions } from '@tanstack/react-query';
import { call, get, patch, post, put, remove, csrfToken } from './client';
import type { Person, Session, Workspace } from './types';

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: ({ signal }) => get<Session>('api/session', {}, signal),
  staleTime: 60_000,
});

/** Everybody this person may see, for the names behind the ids in task rows. */
export const peopleQuery = queryOptions({
  queryKey: ['people'],
  queryFn: ({ signal }) => get<Person[]>('api/users/', {}, signal),
  staleTime: 5 * 60_000,
});

export interface Credentials {
  email: string;
  password: string;
  first_name?: string;
  last_name?: string;
  invitation?: string;
}

/** Signs in (or up) and returns where the server would have sent the browser. Raises ApiError with fields. */
export async function enter(door: 'login' | 'signup', credentials: Credentials): Promise<string> {
  const form = new URLSearchParams();
  for (const [key, value] of Object.entries(credentials)) if (value) form.set(key, value as string);
  form.set('csrfmiddlewaretoken', csrfToken());
  return (await call<{ next: string }>('POST', `user/${door}`, { form })).body?.next ?? '';
}

/** Sets the password of whom the link is for, and signs in. Raises ApiError with fields. */
export async function setPasswordByLink(token: string, password: string): Promise<void> {
  await call('POST', 'user/reset-password', { form: new URLSearchParams({ token, password, csrfmiddlewaretoken: csrfToken() }) });
}

export const signOut = () => call('POST', 'logout');
export const renamePerson = (id: number, names: Pick<Person, 'first_name' | 'last_name'>) => patch<Person>(`api/users/${id}/`, names);
/** Shows a picture of a person in place of their initials; the server keeps a small one. */
export function setPicture(id: number, file: File): Promise<unknown> {
  const form = new FormData();
  form.append('avatar', file, file.name);
  return call('POST', `api/users/${id}/avatar/`, { form });
}
export const removePicture = (id: number) => remove(`api/users/${id}/avatar/`);
/** A language of one's own; null: as this installation and the browser say. */
export const chooseLanguage = (language: string | null) => put<unknown>('api/current-user/language', { language });
export const changePassword = (passwords: { current_password: string; password: string }) => post<unknown>('api/current-user/password/', passwords);
export const createWorkspace = (wanted: { name: string; title: string }) => post<Workspace>('api/workspaces', wanted);
export const acceptInvitation = (token: string) => post<unknown>('api/invitations/accept', { token });

export function nameOf(person: Pick<Person, 'first_name' | 'last_name' | 'email'>): string {
  return [person.first_name, person.last_name].filter(Boolean).join(' ') || person.email;
}

export function initialsOf(person: Pick<Person, 'first_name' | 'last_name' | 'email'>): string {
  const [first, last] = [person.first_name.trim(), person.last_name.trim()];
  if (first || last) return `${first.slice(0, 1)}${last.slice(0, 1)}`.toUpperCase() || '?';
  return person.email.slice(0, 2).toUpperCase();
}
