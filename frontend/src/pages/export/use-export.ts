import { useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { address } from '../../api/addresses';
import { exportFrom, type ExportOrder } from '../../api/transfer';
import type { ExportFile, Job } from '../../api/types';

type State = { is: 'ready' } | { is: 'running'; job?: Job<ExportFile> } | { is: 'done'; file: ExportFile } | { is: 'failed'; error: unknown };

/** One export at a time: start it, watch it, stop watching it. The file is downloaded as soon as it is there. */
export function useExport(project: number) {
  const [state, setState] = useState<State>({ is: 'ready' });
  const stopper = useRef<AbortController | undefined>(undefined);
  const client = useQueryClient();
  const start = async (order: ExportOrder) => {
    stopper.current = new AbortController();
    setState({ is: 'running' });
    try {
      let known = false;
      const onProgress = (job: Job<ExportFile>) => {
        setState({ is: 'running', job });
        if (!known) void client.invalidateQueries({ queryKey: ['jobs'] }); // a job runs from now on
        known = true;
      };
      const file = await exportFrom(project, order, onProgress, stopper.current.signal);
      setState({ is: 'done', file });
      download(file);
    } catch (error) {
      setState(error instanceof DOMException ? { is: 'ready' } : { is: 'failed', error });
    }
    await client.invalidateQueries({ queryKey: ['jobs'] });
  };
  return { state, start, stop: () => stopper.current?.abort() };
}

function download(file: ExportFile): void {
  const link = document.createElement('a');
  link.href = address(file.url);
  link.download = file.file_name;
  link.click();
}
