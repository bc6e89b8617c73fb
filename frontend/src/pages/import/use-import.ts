import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { ApiError } from '../../api/client';
import { importInto, type ImportStage, type LabelsAs } from '../../api/transfer';
import type { ImportCounts } from '../../api/types';
import { isUncertain } from '../../api/upload';
import { t } from '../../i18n/words';

export type ImportState =
  | { is: 'ready' }
  | { is: 'running'; stage: ImportStage; startedAt: number }
  | { is: 'done'; counts: ImportCounts }
  | { is: 'failed'; error: unknown };

/** One import at a time: start it, watch it, stop it. A failed or stopped one has added nothing, unless `isUncertain` of its error. */
export function useImport() {
  const [state, setState] = useState<ImportState>({ is: 'ready' });
  const stopper = useRef<AbortController | undefined>(undefined);
  const client = useQueryClient();
  useEffect(() => {
    const warn = (event: BeforeUnloadEvent) => { if (state.is === 'running' && state.stage.at === 'sending') event.preventDefault(); };
    window.addEventListener('beforeunload', warn);
    return () => window.removeEventListener('beforeunload', warn);
  }, [state]);

  const refresh = () => Promise.all(['tasks', 'columns', 'project', 'projects', 'jobs'].map((key) => client.invalidateQueries({ queryKey: [key] })));
  const reading = useRef(false);
  const onStage = (stage: ImportStage, startedAt: number) => {
    setState({ is: 'running', stage, startedAt });
    if (stage.at === 'reading' && !reading.current) void client.invalidateQueries({ queryKey: ['jobs'] }); // a job runs from now on
    reading.current = stage.at === 'reading';
  };

  const start = async (project: number, source: readonly File[] | { urls: readonly string[] }, labelsAs?: LabelsAs): Promise<boolean> => {
    const startedAt = Date.now();
    stopper.current = new AbortController();
    const totalBytes = 'urls' in source ? 0 : source.reduce((sum, file) => sum + file.size, 0);
    setState({ is: 'running', startedAt, stage: { at: 'sending', sentBytes: 0, totalBytes } });
    try {
      const counts = await importInto(project, 'urls' in source ? { json: { urls: source.urls } } : source, { signal: stopper.current.signal, onStage: (stage) => onStage(stage, startedAt) }, labelsAs);
      setState({ is: 'done', counts });
      await refresh();
      return true;
    } catch (error) {
      setState({ is: 'failed', error: error instanceof DOMException ? new ApiError(t('It was stopped.'), 0, 'stopped', {}, null) : error });
      if (isUncertain(error)) await refresh();
      return false;
    }
  };
  return { state, start, stop: () => stopper.current?.abort(), again: () => setState({ is: 'ready' }) };
}
