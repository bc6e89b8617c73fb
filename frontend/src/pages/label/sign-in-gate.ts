/** Requests that need an answer of the right person: an expired session asks for the password in place. */

import { followLanguage } from '../../app/language.ts';
import { saidByServer } from '../../i18n/server-words.ts';
import { t } from '../../i18n/words.ts';
import { NoAnswer, cookieValue, type HttpReply, type HttpRequest, type Send } from './http.ts';
import type { WireSession, WireUser } from './wire.ts';

export class SignInGate {
  readonly #send: Send;
  readonly #onAsk: () => void;
  #asking: { readonly done: Promise<void>; readonly resolve: () => void } | null = null;

  /** onAsk: show the dialog. */
  constructor(send: Send, onAsk: () => void) {
    this.#send = send;
    this.#onAsk = onAsk;
  }

  /** As send, but a 401 waits for the person to sign in and asks again. */
  fetch = async (request: HttpRequest): Promise<HttpReply> => {
    for (;;) {
      const reply = await this.#send(request);
      if (reply.status !== 401) return reply;
      await this.ask();
    }
  };

  /** Who is signed in; asks until somebody is. */
  async user(): Promise<WireUser> {
    for (;;) {
      const reply = await this.#send({ method: 'GET', path: 'api/session', headers: here() });
      const { user, language } = reply.status === 200 ? (reply.body as WireSession) : { user: null, language: null };
      if (user) return inTheirLanguage(user, language);
      if (reply.status >= 500) throw new NoAnswer(t('The server answered {status}.', { status: reply.status }));
      await this.ask();
    }
  }

  /** Shows the dialog; resolves once it has succeeded. */
  ask(): Promise<void> {
    if (!this.#asking) {
      let resolve: () => void = () => undefined;
      this.#asking = { done: new Promise<void>((done) => (resolve = done)), resolve: () => resolve() };
      this.#onAsk();
    }
    return this.#asking.done;
  }

  /** Null when it worked, else what to tell the person. */
  async signIn(email: string, password: string, expected: WireUser | null): Promise<string | null> {
    await this.#send({ method: 'GET', path: 'api/session', headers: here() }); // brings the CSRF cookie
    const csrfmiddlewaretoken = cookieValue(document.cookie, 'csrftoken');
    const reply = await this.#send({ method: 'POST', path: 'user/login', headers: here(), form: { email, password, csrfmiddlewaretoken } });
    if (reply.status >= 400) return refusal(reply);
    const session = (await this.#send({ method: 'GET', path: 'api/session' })).body as WireSession | null;
    if (!session?.user) return t('The server did not keep the sign-in. Does this browser take cookies?');
    if (expected && session.user.id !== expected.id) {
      return t('You signed in as {email}, but the work here is by {other}. Please sign in as {other}.', { email: session.user.email, other: expected.email });
    }
    this.passed();
    return null;
  }

  /** Signed in, here or in another tab. */
  passed(): void {
    this.#asking?.resolve();
    this.#asking = null;
  }
}

/** A page in another language than the person's own is loaded anew, before a task is. */
function inTheirLanguage(user: WireUser, language: string | null | undefined): WireUser | Promise<never> {
  if (!followLanguage(language)) return user;
  location.reload();
  return new Promise(() => undefined);
}

/** The path of this server's cookies: a proxy may strip the sub-path and say nothing of it. */
const here = () => ({ 'X-Treadle-Base': new URL('.', document.baseURI).pathname });

function refusal(reply: HttpReply): string {
  const body = reply.body as { code?: string; detail?: string; validation_errors?: Record<string, string[]> } | null;
  const said = Object.values(body?.validation_errors ?? {}).flat()[0] ?? body?.detail;
  return said === undefined ? t('The server answered {status}. Please try again.', { status: reply.status }) : saidByServer(body?.code, said);
}
