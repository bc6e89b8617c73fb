/** A person's own keys: with the person on the server, and in this browser for when the server cannot be asked. */

import type { KeyStorage } from '../../editor/model/tools/keymap.ts';
import { NoAnswer, type Send } from './http.ts';
import type { WireUser } from './wire.ts';

/** Among a person's hotkeys, which other pages and programs keep there too. */
const ENTRY = 'treadle:keys';
const ADDRESS = 'api/current-user/hotkeys/';
/** There, while this browser has changes that the server has not got. */
const UNSENT = 'treadle.keys.unsent';

type Hotkeys = Readonly<Record<string, unknown>>;

/** local: this browser's; null where it keeps nothing. */
export class OwnKeys implements KeyStorage {
  readonly #user: WireUser | null;
  readonly #local: Storage | null;
  readonly #send: Send;
  #kept: string | null = null;
  #sending: Promise<void> = Promise.resolve();

  constructor(user: WireUser | null, local: Storage | null, send: Send) {
    this.#user = user;
    this.#local = local;
    this.#send = send;
    const unsent = local?.getItem(UNSENT) === String(user?.id) ? local?.getItem('treadle.keys') : null;
    if (typeof unsent === 'string') this.#tell(unsent);
    this.#kept = unsent ?? commandsOf(user?.custom_hotkeys);
  }

  getItem(name: string): string | null {
    return this.#kept ?? this.#local?.getItem(name) ?? null;
  }

  /** Throws a DOMException where the browser refuses; by then the server is being told. */
  setItem(name: string, text: string): void {
    this.#kept = text;
    this.#tell(text);
    this.#local?.setItem(name, text);
    if (this.#user) this.#local?.setItem(UNSENT, String(this.#user.id));
  }

  /** Resolves once the server has been told, or could not be. */
  settled(): Promise<void> {
    return this.#sending;
  }

  #tell(text: string): void {
    if (!this.#user) return;
    this.#sending = this.#sending.then(() => this.#put(text)).catch((error: unknown) => {
      if (!(error instanceof NoAnswer)) throw error; // the next opening tries again
    });
  }

  /** Beside what else is kept there: the address takes all of it at once. */
  async #put(text: string): Promise<void> {
    const { status, body } = await this.#send({ method: 'GET', path: ADDRESS });
    if (status !== 200) return;
    const others = (body as { custom_hotkeys?: Hotkeys }).custom_hotkeys;
    const entry = { key: '', active: false, commands: JSON.parse(text) as unknown };
    const reply = await this.#send({ method: 'PATCH', path: ADDRESS, body: { custom_hotkeys: { ...others, [ENTRY]: entry } } });
    if (reply.status === 200 && this.#kept === text) this.#local?.removeItem(UNSENT);
  }
}

function commandsOf(hotkeys: Hotkeys | undefined): string | null {
  const commands = (hotkeys?.[ENTRY] as { commands?: unknown } | undefined)?.commands;
  return commands === undefined ? null : JSON.stringify(commands);
}
