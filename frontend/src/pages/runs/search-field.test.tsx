import { act, createRef } from 'react';
import { afterEach, expect, test, vi } from 'vitest';
import { mount, type } from '../../test-screens';
import { SearchField } from './search-field';
import { complete } from './search-text';

afterEach(() => vi.restoreAllMocks());

const runs = { things: 'runs', placeholder: '', complete: (text: string, caret: number) => complete(text, caret, { metrics: ['loss'], params: ['lr'], tags: [] }) };
const field = () => document.querySelector('input') as HTMLInputElement;
const press = (key: string) => act(async () => void field().dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true })));

test('arrows choose what could stand there, Tab takes it, Enter searches', async () => {
  const onSearch = vi.fn();
  await mount().show(<SearchField value="" {...runs} wrong={undefined} onSearch={onSearch} field={createRef()} />);
  await act(async () => field().focus());
  await type(field(), 'los');
  expect(document.querySelectorAll('[role="option"]')).toHaveLength(1);
  await press('ArrowDown');
  await press('Tab');
  expect(field().value).toBe('metrics.loss ');
  await type(field(), 'metrics.loss < 1');
  await press('Escape');
  await press('Enter');
  expect(onSearch).toHaveBeenLastCalledWith('metrics.loss < 1');
});

test('what was not understood is marked until the words change', async () => {
  const page = mount();
  await page.show(<SearchField value="metrics.loss <> 3" {...runs} wrong={{ at: 14, message: 'Here stands a number.' }} onSearch={() => undefined} field={createRef()} />);
  expect(page.host.querySelector('u')?.textContent).toBe('>');
  expect(field().getAttribute('aria-invalid')).toBe('true');
  await type(field(), 'metrics.loss < 3');
  expect(page.host.querySelector('[role="alert"]')).toBeNull();
});
