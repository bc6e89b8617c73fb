import { useEffect, useState } from 'react';
import { base } from '../../api/addresses';
import { type Check, judge, type Seen, tryArrival, tryEvents, trySilence, tryUpload } from '../../api/doctor';

const SIZES = [512 * 1024, 2 * 1024 ** 2, 12 * 1024 ** 2];

export type Trial = 'Uploads' | 'Time-outs' | 'Streams';

export interface Way {
  checks: Check[];
  /** What is being tried, by the names of the checks. */
  trying: ReadonlySet<string>;
  error: unknown;
}

const START: Way = { checks: [], trying: new Set<Trial>(['Uploads', 'Time-outs', 'Streams']), error: undefined };

/** What is wrong with the way from this browser to the server, as it is found; `round` begins anew. */
export function useWay(round: number, waitS: number): Way {
  const [way, setWay] = useState(START);
  useEffect(() => {
    const stopped = new AbortController();
    setWay(START);
    tryWay(waitS, stopped.signal, (change) => setWay((before) => ({ ...before, ...change(before) })))
      .catch((error: unknown) => { if (!stopped.signal.aborted) setWay((before) => ({ ...before, trying: new Set(), error })); });
    return () => stopped.abort();
  }, [round, waitS]);
  return way;
}

type Tell = (change: (before: Way) => Partial<Way>) => void;

async function tryWay(waitS: number, signal: AbortSignal, tell: Tell): Promise<void> {
  let seen: Seen = { site: base.href.replace(/\/$/, ''), sent_origin: location.origin, ...(await tryArrival(signal)) };
  const learn = async (more: Partial<Seen>, done?: Trial): Promise<void> => {
    seen = { ...seen, ...more };
    const checks = await judge(seen, signal);
    tell(({ trying }) => ({ checks, trying: new Set([...trying].filter((each) => each !== done)) }));
  };
  await learn({});
  await Promise.all([
    trySilence(waitS, signal).then((silence) => learn({ silence }, 'Time-outs')),
    tryEvents(signal).then((events) => learn({ events }, 'Streams')),
    tryUploads(signal).then((uploads) => learn({ uploads }, 'Uploads')),
  ]);
}

/** Growing bodies, up to the first that does not arrive. */
async function tryUploads(signal: AbortSignal): Promise<NonNullable<Seen['uploads']>> {
  const tried: NonNullable<Seen['uploads']> = [];
  for (const size of SIZES) {
    const upload = await tryUpload(size, signal);
    tried.push(upload);
    if (upload.status === 0 || upload.status >= 400) break;
  }
  return tried;
}
