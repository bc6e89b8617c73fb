/** Tabs of one person tell each other which task they have open. */

interface Told {
  readonly taskId: number | null;
  /** Asks the others to tell theirs. */
  readonly asks: boolean;
}

export class OpenTabs {
  readonly #channel: BroadcastChannel;
  readonly #onElsewhere: (isElsewhere: boolean) => void;
  #taskId: number | null = null;

  /** onElsewhere: whether the open task was found in another tab, after each opening. */
  constructor(name: string, onElsewhere: (isElsewhere: boolean) => void) {
    this.#onElsewhere = onElsewhere;
    this.#channel = new BroadcastChannel(name);
    this.#channel.addEventListener('message', (event: MessageEvent<Told>) => this.#hear(event.data));
  }

  opened(taskId: number | null): void {
    this.#taskId = taskId;
    this.#onElsewhere(false);
    if (taskId !== null) this.#tell(true);
  }

  close(): void {
    this.#channel.close();
  }

  #hear({ taskId, asks }: Told): void {
    if (taskId === null || taskId !== this.#taskId) return;
    this.#onElsewhere(true);
    if (asks) this.#tell(false);
  }

  #tell(asks: boolean): void {
    this.#channel.postMessage({ taskId: this.#taskId, asks } satisfies Told);
  }
}
