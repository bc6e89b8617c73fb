import { queryOptions, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { get, post, remove } from '../../api/client';
import { followJob } from '../../api/jobs';
import { messageOf } from '../../ui/parts';
import { say } from '../../ui/toast';

/** A field of the tasks' data that the server keeps sorted, so that filters and orders by it are quick. */
export interface QuickField {
  id: number;
  /** As in "data.city", without "data.". */
  path: string;
  state: 'building' | 'ready';
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
  const refresh = () => client.invalidateQueries(quickFieldsQuery(project));
  const tell = (path: string, share: number | undefined) => setProgress((all) => new Map(all).set(path, share));
  const build = async (path: string) => {
    tell(path, undefined);
    const made = await post<QuickField>(`api/projects/${project}/field-indexes/`, { path });
    if (made.job) await followJob(made.job, ({ progress: at }) => tell(path, at?.total ? at.done / at.total : undefined));
    say(`Filters and orders by “${path}” are quick now.`);
  };
  const make = (path: string) => {
    build(path)
      .catch((error: unknown) => say(`“${path}” could not be made quick: ${messageOf(error)}`, { tone: 'bad' }))
      .finally(() => {
        setProgress((all) => new Map([...all].filter(([each]) => each !== path)));
        void refresh();
      });
  };
  const drop = (field: QuickField) => {
    remove(`api/projects/${project}/field-indexes/${field.id}/`)
      .catch((error: unknown) => say(messageOf(error), { tone: 'bad' }))
      .finally(() => void refresh());
  };
  return { fields, progress, make, drop };
}
