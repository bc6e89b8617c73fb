import { queryOptions } from '@tanstack/react-query';
import { call, get, isRecord, patch, post, remove } from './client';
import type { Time } from './types';

/** Whether tasks come from it or annotations go to it. */
export type Direction = 'source' | 'target';

export interface StorageKind {
  name: string;
  title: string;
}

/** One field of the form that describes a storage of some kind, as the server wants it asked. */
export interface StorageField {
  name: string;
  label: string;
  type: string;
  required?: boolean;
  /** What it means, for a person. */
  description?: string | null;
  help?: string | null;
  placeholder?: string | null;
  value?: unknown;
  default?: unknown;
  options?: Array<string | { value: string; label: string }>;
  secret?: boolean;
}

/** A source or target of a project. What else it holds are the values of its form's fields. */
export interface Storage {
  id: number;
  type: string;
  project: number;
  title: string;
  description?: string | null;
  created_at: Time;
  status: 'initialized' | 'queued' | 'in_progress' | 'failed' | 'completed' | 'completed_with_errors';
  last_sync: Time | null;
  last_sync_count: number | null;
  /** The job that works for it now or worked last. */
  last_sync_job?: string | null;
  traceback?: string | null;
  /** What became of its files, by state. */
  counts?: Partial<Record<'new' | 'synced' | 'changed' | 'retired', number>>;
  follow?: boolean;
  [field: string]: unknown;
}

/** What a target still has to commit. */
export interface Pending {
  tasks: number;
  since: string | null;
  branch: string;
  repo?: number | null;
}

const pathOf = (direction: Direction): string => (direction === 'source' ? 'api/storages' : 'api/storages/export');
const of = (direction: Direction, storage: Pick<Storage, 'id' | 'type'>): string => `${pathOf(direction)}/${storage.type}/${storage.id}`;

const LIVELY_MS = 1_500;
const IDLE_MS = 10_000;
const isUnderWay = ({ status }: Storage): boolean => status === 'queued' || status === 'in_progress';

export const storagesQuery = (direction: Direction, project: number) =>
  queryOptions({
    queryKey: ['storages', project, direction],
    queryFn: ({ signal }) => get<Storage[]>(`${pathOf(direction)}/`, { project }, signal),
    refetchInterval: (query) => (query.state.data?.some(isUnderWay) ? LIVELY_MS : IDLE_MS),
  });

export const kindsQuery = (direction: Direction) =>
  queryOptions({ queryKey: ['storage-kinds', direction], queryFn: ({ signal }) => get<StorageKind[]>(`${pathOf(direction)}/types`, {}, signal), staleTime: Infinity });

/** The fields of a kind's form, in order. */
export const formQuery = (direction: Direction, kind: string) =>
  queryOptions({
    queryKey: ['storage-form', direction, kind],
    queryFn: async ({ signal }) => fieldsIn(await get<unknown>(`${pathOf(direction)}/${kind}/form`, {}, signal)),
    staleTime: Infinity,
  });

/** A form's fields, whether the server lists them flat or in groups of columns. */
export function fieldsIn(form: unknown): StorageField[] {
  const groups: unknown[] = Array.isArray(form) ? form : [];
  return groups.flatMap((each) => {
    if (!isRecord(each)) return [];
    if (Array.isArray(each['fields'])) return fieldsIn(each['fields']);
    return typeof each['name'] === 'string' ? [each as unknown as StorageField] : [];
  });
}

export type StorageValues = Record<string, unknown> & { project: number };

export const createStorage = (direction: Direction, kind: string, values: StorageValues) => post<Storage>(`${pathOf(direction)}/${kind}`, values);
export const changeStorage = (direction: Direction, storage: Pick<Storage, 'id' | 'type'>, values: Record<string, unknown>) => patch<Storage>(of(direction, storage), values);
export const deleteStorage = (direction: Direction, storage: Pick<Storage, 'id' | 'type'>) => remove(of(direction, storage));

/** Tries to reach a storage as it is described; with the id of a kept one its secrets need not be given again. Raises ApiError that says what is wrong. */
export const checkStorage = (direction: Direction, kind: string, values: StorageValues, id?: number) =>
  post<unknown>(`${pathOf(direction)}/${kind}/validate`, id === undefined ? values : { ...values, id });

/** A file that a source would read, and whether a task comes of it. */
export interface SourceFile {
  key: string;
  is_task: boolean;
}

/** The first files of a source as it is described. */
export const firstFiles = async (kind: string, values: StorageValues): Promise<SourceFile[]> => (await post<{ files: SourceFile[] }>(`api/storages/${kind}/files/`, values)).files;

const ASYNC = { Prefer: 'respond-async' };

/** Looks at a storage anew; the answer names the job that does. */
export const syncStorage = async (direction: Direction, storage: Pick<Storage, 'id' | 'type'>) =>
  (await call<{ job?: string }>('POST', `${of(direction, storage)}/sync`, { headers: ASYNC })).body;

export const pendingQuery = (storage: Pick<Storage, 'id' | 'type'>) =>
  queryOptions({
    queryKey: ['storages', 'pending', storage.type, storage.id],
    queryFn: ({ signal }) => get<Pending>(`${of('target', storage)}/pending/`, {}, signal),
    refetchInterval: IDLE_MS,
  });

/** Makes one commit of all work since the last; the answer names the job that does. */
export const commitLabels = async (storage: Pick<Storage, 'id' | 'type'>, message: string) =>
  (await call<{ job?: string }>('POST', `${of('target', storage)}/commit/`, { json: { message }, headers: ASYNC })).body;

/** Kinds whose files lie in a repo of this installation, so that they have commits. */
export const isRepoKind = (kind: string): boolean => kind === 'repo' || kind === 'pachyderm';
