/** Saves of one person must never go out under another's session, whoever signed in meanwhile in another tab. */

import { cookieValue, type HttpReply, type Send } from '../http.ts';
import type { WireSession } from '../wire.ts';

/**
 * As `send`, but asks who is signed in whenever the CSRF token is not the one last seen with this person;
 * with somebody else's, nothing is sent and the answer is a 401. To be made when the person has just been asked for.
 */
export function asPerson(userId: number, send: Send, cookies: () => string): Send {
  let seen = cookieValue(cookies(), 'csrftoken');
  return async (request): Promise<HttpReply> => {
    const token = cookieValue(cookies(), 'csrftoken');
    if (token !== seen && !request.keepalive) {
      const session = (await send({ method: 'GET', path: 'api/session' })).body as WireSession | null;
      if (session?.user?.id !== userId) return signedOut;
      seen = cookieValue(cookies(), 'csrftoken');
    }
    return token === seen || !request.keepalive ? send(request) : signedOut;
  };
}

const signedOut: HttpReply = { status: 401, body: null, etag: null, retryAfterS: null };
