import { useEffect, useState } from 'react';
import { keysWanted } from '../config/config-labels';
import { type Sample, sampleOf } from '../import/sources';

/** The first task of the dropped files, read in the browser. */
export function useSample(files: readonly File[]): Sample | undefined {
  const [sample, setSample] = useState<Sample>();
  useEffect(() => {
    let latest = true;
    let made: Sample | undefined;
    void sampleOf(files).then((found) => {
      made = found;
      if (latest) setSample(found);
      else release(found);
    });
    return () => {
      latest = false;
      release(made);
    };
  }, [files]);
  return sample;
}

function release(sample: Sample | undefined): void {
  if (sample?.plain?.kind === 'picture') URL.revokeObjectURL(sample.plain.value);
}

/** The sample under the keys that the config asks for: a plain file goes under the first of them, as the import does it. */
export function dataFor(config: string, sample: Sample | undefined): Record<string, unknown> | undefined {
  if (!sample) return undefined;
  const [first = 'data'] = keysWanted(config);
  return sample.plain ? { [first]: sample.plain.value } : sample.data;
}
