import { queryOptions } from '@tanstack/react-query';
import { addressOf, call, get, remove } from './client';
import type { Snapshot, SnapshotOrder } from './types';

const EVERY_MS = 1_500;
const isUnderWay = (status: string): boolean => status === 'created' || status === 'in_progress';

/** Snapshots of a project, asked for again while one of them, or a conversion, is being written. */
export const snapshotsQuery = (project: number) =>
  queryOptions({
    queryKey: ['snapshots', project],
    queryFn: ({ signal }) => get<Snapshot[]>(`api/projects/${project}/exports/`, {}, signal),
    refetchInterval: (query) => (query.state.data?.some((each) => isUnderWay(each.status) || each.converted_formats.some(({ status }) => isUnderWay(status))) ? EVERY_MS : false),
  });

const ASYNC = { Prefer: 'respond-async' };

export const createSnapshot = async (project: number, order: SnapshotOrder) => (await call<Snapshot>('POST', `api/projects/${project}/exports/`, { json: order, headers: ASYNC })).body;
export const convertSnapshot = (project: number, id: number, format: string) => call('POST', `api/projects/${project}/exports/${id}/convert/`, { json: { export_type: format }, headers: ASYNC });
export const deleteSnapshot = (project: number, id: number) => remove(`api/projects/${project}/exports/${id}/`);
export const snapshotAddress = (project: number, id: number, format: string): string => addressOf(`api/projects/${project}/exports/${id}/download/`, { exportType: format });
