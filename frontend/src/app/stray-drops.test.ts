import { afterEach, expect, test } from 'vitest';
import { refuseStrayDrops } from './stray-drops';

const stop = refuseStrayDrops();
afterEach(() => document.body.replaceChildren());

const drag = (kind: 'dragover' | 'drop', on: Element, types: string[]) => {
  const event = new Event(kind, { bubbles: true, cancelable: true });
  const dataTransfer = { types, dropEffect: 'copy' };
  on.dispatchEvent(Object.assign(event, { dataTransfer }));
  return { isRefused: event.defaultPrevented, effect: dataTransfer.dropEffect };
};

test('a file that is dropped beside a drop zone does not make the browser leave the page', () => {
  expect(drag('drop', document.body, ['Files'])).toEqual({ isRefused: true, effect: 'none' });
  expect(drag('dragover', document.body, ['Files'])).toEqual({ isRefused: true, effect: 'none' });
});

test('a place that takes files keeps its own effect, and words are dropped as ever', () => {
  const zone = document.createElement('div');
  zone.addEventListener('dragover', (event) => event.preventDefault());
  document.body.append(zone);
  expect(drag('dragover', zone, ['Files']).effect).toBe('copy');
  expect(drag('drop', document.body, ['text/plain']).isRefused).toBe(false);
  stop();
  expect(drag('drop', document.body, ['Files']).isRefused).toBe(false);
});
