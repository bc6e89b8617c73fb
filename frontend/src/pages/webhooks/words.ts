import type { Delivery, Webhook, WebhookAction } from '../../api/webhooks';
import { counted } from '../../ui/format';
import type { Tone } from '../../ui/parts';

/** An address as a list shows it: without the scheme, and without a query, which may hold a key. */
export const placeOf = (url: string): string => url.replace(/^https?:\/\//, '').replace(/[?#].*$/, '');

/** How a webhook fares. */
export function stateOf(hook: Webhook): { word: string; tone: Tone } {
  if (!hook.is_active) return hook.problem ? { word: 'switched off by itself', tone: 'bad' } : { word: 'off', tone: '' };
  if (hook.failing_since) return { word: 'not taken', tone: 'warn' };
  if (hook.waiting > 0) return { word: `${hook.waiting} to send`, tone: 'accent' };
  return { word: 'on', tone: 'good' };
}

/** What it is told of, in a few words. */
export const subjectOf = (hook: Webhook): string =>
  `${hook.send_for_all_actions ? 'everything' : counted(hook.actions.length, 'kind of event', 'kinds of events')}${hook.send_payload ? '' : ', by name alone'}`;

const DELIVERY: Record<Delivery['state'], { word: string; tone: Tone }> = {
  waiting: { word: 'to be sent', tone: 'accent' },
  delivered: { word: 'taken', tone: 'good' },
  failed: { word: 'not taken', tone: 'bad' },
};

/** What came of a delivery. */
export function deliveryState(delivery: Delivery): { word: string; tone: Tone } {
  if (delivery.state === 'waiting' && delivery.attempts > 0) return { word: 'sent again later', tone: 'warn' };
  return DELIVERY[delivery.state];
}

/** How the name of an action reads; those that came after this page by their ids. */
export const nameOfAction = (id: string, actions: Record<string, WebhookAction> | undefined): string =>
  id === 'TEST' ? 'Test' : actions?.[id]?.name ?? id;

/** Nothing here makes label links; whoever set them elsewhere keeps them. */
const NEVER = /^LABEL_LINK_/;

/** The actions that a form offers, in the order of the server. */
export const offered = (actions: Record<string, WebhookAction>, isOfProject: boolean, chosen: readonly string[]): Array<[id: string, name: string]> =>
  Object.entries(actions)
    .filter(([id, action]) => (!NEVER.test(id) || chosen.includes(id)) && !(isOfProject && action['organization-only']))
    .map(([id, { name }]) => [id, name]);

/** Headers as lines, `Name: value`. */
export const headerLines = (headers: Record<string, string>): string => Object.entries(headers).map(([name, value]) => `${name}: ${value}`).join('\n');

/** The headers in lines, or the line that is none. */
export function headersIn(lines: string): { headers: Record<string, string>; wrong?: string } {
  const headers: Record<string, string> = {};
  for (const line of lines.split('\n')) {
    if (!line.trim()) continue;
    const at = line.indexOf(':');
    if (at < 1) return { headers, wrong: `“${line.trim()}” is no header. Write it as Name: value.` };
    headers[line.slice(0, at).trim()] = line.slice(at + 1).trim();
  }
  return { headers };
}
