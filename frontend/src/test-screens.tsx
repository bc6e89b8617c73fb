/** What tests of screens share: a place to draw in, an answer of the server, a button by its words. */

import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createMemoryHistory, createRootRoute, createRoute, createRouter, Outlet, RouterProvider } from '@tanstack/react-router';
import { act, type ReactNode } from 'react';
import { createRoot, type Root } from 'react-dom/client';

(globalThis as Record<string, unknown>)['IS_REACT_ACT_ENVIRONMENT'] = true;

export const newClient = (): QueryClient => new QueryClient({ defaultOptions: { queries: { retry: false } } });

let drawn: Root | undefined;

/** An empty page, and how to draw on it, again and again. */
export function mount(client: QueryClient = newClient()) {
  if (drawn) act(() => drawn?.unmount()); // its keys and timers go with it
  const host = document.createElement('div');
  document.body.replaceChildren(host);
  const root = createRoot(host);
  drawn = root;
  return {
    host, client,
    show: (node: ReactNode) => act(async () => root.render(<QueryClientProvider client={client}>{node}</QueryClientProvider>)),
    unmount: () => act(async () => { root.unmount(); drawn = undefined; }),
  };
}

/** A page of the shell at an address, with the routes that its links and searches need. */
export function routed(component: () => ReactNode, at = '/'): ReactNode {
  const root = createRootRoute({ component: Outlet });
  const inside = createRoute({ getParentRoute: () => root, id: 'inside', component: Outlet });
  const page = (path: string) => createRoute({ getParentRoute: () => inside, path, component, validateSearch: (search: Record<string, unknown>) => search });
  const pages = ['/', '/projects/$projectId/versions', '/projects/$projectId/data', '/projects/$projectId/learning', '/repos/$repoId', '/runs/$runId', '/admin/set-up'].map(page);
  return <RouterProvider router={createRouter({ routeTree: root.addChildren([inside.addChildren(pages)]), history: createMemoryHistory({ initialEntries: [at] }) }) as never} />;
}

/** Lets what was asked for come in and be drawn. */
export const settle = (until: () => boolean = () => true): Promise<void> => act(async () => {
  for (let turn = 0; turn < 100 && (turn < 10 || !until()); turn += 1) await new Promise((done) => setTimeout(done, 2));
});

export const answer = (body: unknown, status = 200): Response => new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } });

export const button = (words: string | RegExp): HTMLButtonElement =>
  [...document.querySelectorAll('button')].find(({ textContent }) => (typeof words === 'string' ? textContent?.trim() === words : words.test(textContent ?? ''))) as HTMLButtonElement;

export const press = (element: Element | null | undefined): Promise<void> => act(async () => (element as HTMLElement).click());

/** Types into a field as a person does. */
export const type = (field: HTMLInputElement, text: string): Promise<void> => act(async () => {
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set?.call(field, text);
  field.dispatchEvent(new Event('input', { bubbles: true }));
});
