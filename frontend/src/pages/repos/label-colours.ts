import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { isRecord } from '../../api/client';
import { projectQuery } from '../../api/projects';
import { commitQuery } from '../../api/repos';
import { Palette } from '../../editor/model/config/palette';
import { labelColours } from '../tasks/task-kind';

/** What a commit of labels tells of its project: see connectors/committing.py. */
interface Told {
  project: number | undefined;
  /** In the order of the project's config. */
  labels: string[];
}

/** Nothing where the metadata is not of a commit of labels. */
export function toldBy(metadata: Readonly<Record<string, unknown>>): Told | undefined {
  const told = metadata['treadle'];
  if (!isRecord(told) || !isRecord(told['label_ids'])) return undefined;
  const ids = Object.entries(told['label_ids']).filter((pair): pair is [string, number] => typeof pair[1] === 'number');
  return { project: typeof told['project'] === 'number' ? told['project'] : undefined, labels: ids.sort((a, b) => a[1] - b[1]).map(([label]) => label) };
}

/** The colours that the labels at a ref have in their project, so that one label has one colour wherever it is shown. */
export function useProjectColours(repo: number, at: string, isAsked: boolean): ReadonlyMap<string, string> {
  const metadata = useQuery({ ...commitQuery(repo, at), enabled: isAsked, retry: false }).data?.metadata;
  const told = useMemo(() => toldBy(metadata ?? {}), [metadata]);
  const project = useQuery({ ...projectQuery(told?.project ?? 0), enabled: told?.project !== undefined, retry: false }).data;
  return useMemo(() => {
    if (project) return labelColours(project);
    const palette = new Palette(); // the project is gone, or not for this person to see
    return new Map((told?.labels ?? []).map((label) => [label, palette.colour(label, undefined)]));
  }, [project, told]);
}
