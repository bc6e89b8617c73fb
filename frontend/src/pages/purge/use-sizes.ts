import { useEffect, useState } from 'react';
import { SIZES_AT_ONCE, sizesOf } from '../../api/purge';

export type Sizes = ReadonlyMap<string, number | null>;

/** Bytes of what is shown, told as the server comes to them; null: it did not, however often it was asked. */
export function useSizes(workspace: number | undefined, shown: readonly string[]): Sizes {
  const [sizes, setSizes] = useState<Sizes>(new Map());
  const missing = shown.filter((of) => !sizes.has(of)).slice(0, SIZES_AT_ONCE).join(',');
  useEffect(() => setSizes(new Map()), [workspace]);
  useEffect(() => {
    if (workspace === undefined || missing === '') return undefined;
    const asking = new AbortController();
    const wanted = missing.split(',');
    void sizesOf(workspace, wanted, asking.signal).then(
      // What the server had no time for is asked again, but for the first of it: that alone takes too long.
      (found) => setSizes((before) => new Map([...before, ...counted(found)])),
      () => { if (!asking.signal.aborted) setSizes((before) => new Map([...before, ...wanted.map((of) => [of, null] as const)])); },
    );
    return () => asking.abort();
  }, [workspace, missing]);
  return sizes;
}

/** What was counted; where nothing was, the first stays without a size. */
export function counted(found: ReadonlyArray<readonly [of: string, size: number | null]>): ReadonlyArray<readonly [of: string, size: number | null]> {
  const known = found.filter(([, size]) => size !== null);
  return known.length > 0 ? known : found.slice(0, 1);
}
