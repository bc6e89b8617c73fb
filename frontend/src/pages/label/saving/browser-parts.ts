/** The outbox's parts as browsers have them. */

import type { Lock, OutboxChannel, OutboxMessage } from './outbox.ts';

/** Web Locks: the next tab takes over when this one closes or crashes. Without them, this tab sends. */
export const webLock: Lock = async (name, work, signal) => {
  if (!navigator.locks) return work();
  try {
    await navigator.locks.request(name, { signal }, work);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
};

export function tabChannel(name: string): OutboxChannel {
  const channel = new BroadcastChannel(name);
  return {
    post: (message) => channel.postMessage(message),
    listen(hear) {
      const relay = (event: MessageEvent<OutboxMessage>): void => hear(event.data);
      channel.addEventListener('message', relay);
      return () => channel.removeEventListener('message', relay);
    },
  };
}

/** Two names that differ by server: many servers may share one origin below different prefixes. */
export function placeName(purpose: string): string {
  return `treadle-${purpose}-${new URL(document.baseURI).pathname}`;
}
