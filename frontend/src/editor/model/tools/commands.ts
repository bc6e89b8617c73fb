import type { Unsubscribe } from '../store/record-store';

export interface Command {
  /** "tool.rectangle", "undo": also the name under which its key is remembered. */
  readonly id: string;
  /** What a person reads: "Draw rectangles". */
  readonly title: string;
  /** The key it is given at first, in the form of tools/keys.ts. */
  readonly key?: string;
  readonly isEnabled?: () => boolean;
  readonly run: () => void;
}

/** Every act of the page, for keys, palette and tooltips alike. */
export class CommandRegistry {
  readonly #commands = new Map<string, Command>();
  readonly #listeners = new Set<() => void>();
  #list: readonly Command[] = [];

  /** Adds commands, in place of those with the same ids; the answer takes them away again. */
  register(...commands: readonly Command[]): Unsubscribe {
    for (const command of commands) this.#commands.set(command.id, command);
    this.#changed();
    return () => {
      for (const command of commands) {
        if (this.#commands.get(command.id) === command) this.#commands.delete(command.id);
      }
      this.#changed();
    };
  }

  get(id: string): Command | undefined {
    return this.#commands.get(id);
  }

  /** The same array until a command comes or goes. */
  list(): readonly Command[] {
    return this.#list;
  }

  isEnabled(id: string): boolean {
    const command = this.#commands.get(id);
    return command !== undefined && (command.isEnabled?.() ?? true);
  }

  /** Runs a command; false when there is none or it may not run now. */
  run(id: string): boolean {
    if (!this.isEnabled(id)) return false;
    this.#commands.get(id)!.run();
    return true;
  }

  subscribe(listener: () => void): Unsubscribe {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #changed(): void {
    this.#list = [...this.#commands.values()];
    for (const listener of [...this.#listeners]) listener();
  }
}
