import { act } from 'react';
import { expect, test, vi } from 'vitest';
import { button, mount, press } from '../test-screens';
import { Dialog } from './dialog';

const escape = () => act(async () => { document.querySelector('[role="dialog"]')?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true })); });
const draw = (stays: boolean, close: () => void) => mount().show(<Dialog title="The secret" stays={stays} onClose={close} foot={<button type="button" onClick={close}>I have kept it</button>}>abc</Dialog>);

test('a dialog with what is shown once goes by its own button only', async () => {
  const close = vi.fn();
  await draw(true, close);
  await escape();
  expect([close.mock.calls.length, document.querySelector('[aria-label="Close"]')]).toEqual([0, null]);
  await press(button('I have kept it'));
  expect(close).toHaveBeenCalledTimes(1);
});

test('any other goes by Escape too', async () => {
  const close = vi.fn();
  await draw(false, close);
  await escape();
  expect(close).toHaveBeenCalledTimes(1);
});
