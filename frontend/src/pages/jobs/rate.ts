/** How far a job was at a moment of this machine's clock, in milliseconds. */
export interface Sample {
  at: number;
  done: number;
}

const LEAST_WATCHED_MS = 2_000;
const WATCHED_MS = 30_000;

/** Samples with the newest added; those older than half a minute go, so that a job that slows down says so. */
export function watched(samples: readonly Sample[], newest: Sample): Sample[] {
  const before = samples.at(-1);
  const went = before && newest.done < before.done ? [] : samples; // it began anew
  return [...went.filter(({ at }) => newest.at - at <= WATCHED_MS), newest];
}

/** Seconds until the end at the pace of the samples; undefined while nobody can know. */
export function secondsLeft(samples: readonly Sample[], total: number | null): number | undefined {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last || !total || last.at - first.at < LEAST_WATCHED_MS || last.done <= first.done) return undefined;
  return Math.max(0, ((total - last.done) / (last.done - first.done)) * ((last.at - first.at) / 1000));
}
