/** How long a person worked on a task: visible page and a sign of life in the last minute. */

export const PAUSE_AFTER_MS = 60_000;

export class LeadTime {
  #activeMs = 0;
  #lastSignAt: number | null = null;
  readonly #now: () => number;

  /** earlierS: what the annotation or its draft already counts. */
  constructor(earlierS: number, now: () => number) {
    this.#activeMs = earlierS * 1000;
    this.#now = now;
    this.sign();
  }

  /** A key, a press, a movement: the person is there. */
  sign(): void {
    const now = this.#now();
    if (this.#lastSignAt !== null) this.#activeMs += Math.min(now - this.#lastSignAt, PAUSE_AFTER_MS);
    this.#lastSignAt = now;
  }

  /** The page went out of sight. */
  pause(): void {
    this.sign();
    this.#lastSignAt = null;
  }

  /** Seconds, to the millisecond. */
  seconds(): number {
    const open = this.#lastSignAt === null ? 0 : Math.min(this.#now() - this.#lastSignAt, PAUSE_AFTER_MS);
    return Math.round(this.#activeMs + open) / 1000;
  }
}
