import { queryOptions } from '@tanstack/react-query';
import { get, patch, post, remove } from './client';
import type { Time } from './types';

/** Of what a webhook is told: of one project, or of all in a workspace. */
export type Scope = { project: number; workspace?: never } | { workspace: number; project?: never };

export interface Webhook {
  id: number;
  project: number | null;
  workspace: number;
  url: string;
  send_payload: boolean;
  send_for_all_actions: boolean;
  actions: string[];
  headers: Record<string, string>;
  is_active: boolean;
  created_at: Time;
  updated_at: Time;
  consecutive_failures: number;
  failing_since: Time | null;
  rests_until: Time | null;
  /** How many deliveries are still to be made. */
  waiting: number;
  /** Why it was switched off by itself, or cannot be used. */
  problem: string;
}

/** A webhook with the secret that signs its deliveries, which is told this once. */
export interface NewWebhook extends Webhook {
  secret: string;
}

export interface WebhookForm {
  url: string;
  send_payload: boolean;
  send_for_all_actions: boolean;
  actions: string[];
  headers: Record<string, string>;
}

export interface WebhookAction {
  name: string;
  key: string;
  'organization-only': boolean;
}

export type DeliveryState = 'waiting' | 'delivered' | 'failed';

export interface Delivery {
  id: number;
  action: string;
  cause: 'event' | 'replay' | 'test';
  state: DeliveryState;
  attempts: number;
  created_at: Time;
  due_at: Time;
  sent_at: Time | null;
  status_code: number | null;
  duration_ms: number | null;
  response: string;
  problem: string;
  event: string;
  project: number | null;
  /** What is sent; only of one that was asked for by itself. */
  body?: unknown;
}

export interface Deliveries {
  results: Delivery[];
  /** Where older ones begin. */
  before: number | null;
}

const KEY = 'webhooks';
const AT = 'api/webhooks';
const one = (id: number): string => `${AT}/${id}`;

export const webhooksQuery = (scope: Scope) =>
  queryOptions({
    queryKey: [KEY, scope.project ?? null, scope.workspace ?? null],
    queryFn: async ({ signal }) => {
      const found = await get<Webhook[]>(`${AT}/`, { project: scope.project ?? 'null' }, signal);
      return found.filter(({ workspace }) => scope.workspace === undefined || workspace === scope.workspace);
    },
    refetchInterval: 10_000,
  });

export const actionsQuery = queryOptions({
  queryKey: ['webhook-actions'],
  queryFn: ({ signal }) => get<Record<string, WebhookAction>>(`${AT}/info/`, {}, signal),
  staleTime: Infinity,
});

export const createWebhook = (scope: Scope, form: WebhookForm) => post<NewWebhook>(`${AT}/`, { ...form, ...scope });
export const changeWebhook = (id: number, change: Partial<WebhookForm> & { is_active?: boolean }) => patch<Webhook>(`${one(id)}/`, change);
export const deleteWebhook = (id: number) => remove(`${one(id)}/`);
export const renewSecret = (id: number) => post<{ secret: string }>(`${one(id)}/secret/`);
export const testWebhook = (id: number) => post<Delivery>(`${one(id)}/test/`);

export const deliveriesQuery = (id: number, state: DeliveryState | '', before: number | undefined) =>
  queryOptions({
    queryKey: [KEY, 'deliveries', id, state, before ?? null],
    queryFn: ({ signal }) => get<Deliveries>(`${one(id)}/deliveries/`, { state: state || undefined, before }, signal),
    refetchInterval: before === undefined ? 3_000 : false,
  });

export const deliveryQuery = (id: number, delivery: number) =>
  queryOptions({ queryKey: [KEY, 'delivery', id, delivery], queryFn: ({ signal }) => get<Delivery>(`${one(id)}/deliveries/${delivery}/`, {}, signal) });

export const replay = (id: number, delivery: number) => post<Delivery>(`${one(id)}/deliveries/${delivery}/replay/`);
export const replayFailed = (id: number) => post<{ count: number }>(`${one(id)}/replay/`);

/** Everything that was asked about webhooks. */
export const WEBHOOKS = [KEY];
