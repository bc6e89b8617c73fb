import { queryOptions, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { get, post, remove } from '../../api/client';
import { followJob } from '../../api/jobs';
import { t } from '../../i18n/words';
import { messageOf } from '../../ui/parts';
import { say } from '../../ui/toast';

/** A field of the tasks' data that the server keeps sorted, so that filters and orders by it are quick. */
export interface QuickField {
  id: number;
  /** As in "data.city", without "data.". */
  path: string;
  state: 'building' | 'ready' | 'removing';
  job: string | null;
}

const quickFieldsQuery = (project: number) =>
  queryOptions({ queryKey: ['quick-fields', project], queryFn: ({ signal }) => get<QuickField[]>(`api/projects/${project}/field-indexes/`, {}, signal), staleTime: 30_000 });

export interface QuickFields {
  /** Undefined until they are known. */
  fields: readonly QuickField[] | undefined;
  /** How far each field is that is being made quick here, 0 to 1; undefined while that is not known. */
  progress: ReadonlyMap<string, number | undefined>;
  make: (path: string) => void;
  drop: (field: QuickField) => void;
}

/** The quick fields of a project, and making more of them, for those who may. */
export function useQuickFields(project: number, makes: boolean): QuickFields {
  const client = useQueryClient();
  const fields = useQuery({ ...quickFieldsQuery(project), enabled: makes }).data;
  const [progress, setProgress] = useState<ReadonlyMap<string, number | undefined>>(new Map());
  const followed = useRef(new Set<string>());
  const refresh = () => client.invalidateQueries(quickFieldsQuery(project));
  const follow = async (path: string, job: string) => {
    if (followed.current.has(job)) return;
    followed.current.add(job);
    setProgress((all) => new Map(all).set(path, undefined));
    try {
      await followJob(job, ({ progress: at }) => setProgress((all) => new Map(all).set(path, at?.total ? at.done / at.total : undefined)));
      say(t('Filters and orders by “{path}” are quick now.', { path }));
    } catch (error) {
      say(t('“{path}” could not be made quick: {error}', { path, error: messageOf(error) }), { tone: 'bad' });
    }
    setProgress((all) => new Map([...all].filter(([each]) => each !== path)));
    await refresh();
  };
  useEffect(() => {
    for (const { state, path, job } of fields ?? []) if (state === 'building' && job) void follow(path, job); // also those that others began
  });
  const make = (path: string) => {
    post<QuickField>(`api/projects/${project}/field-indexes/`, { path })
      .then(({ job, state }) => (job && state === 'building' ? follow(path, job) : refresh()))
      .catch((error: unknown) => say(messageOf(error), { tone: 'bad' }));
  };
  const drop = (field: QuickField) => {
    remove(`api/projects/${project}/field-indexes/${field.id}/`)
      .catch((error: unknown) => say(messageOf(error), { tone: 'bad' }))
      .finally(() => void refresh());
  };
  return { fields: fields?.filter((field) => field.state !== 'removing'), progress, make, drop };
}
