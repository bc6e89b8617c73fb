import { act } from 'react';
import { expect, test, vi } from 'vitest';
import { button, mount, press, type } from '../test-screens';
import { Confirm, Dialog } from './dialog';

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

test('Enter deletes once the name is typed, and not before', async () => {
  const remove = vi.fn(async () => undefined);
  await mount().show(<Confirm title="Delete birds?" action="Delete repo" typed="birds" onConfirm={remove} onClose={() => undefined}>It goes.</Confirm>);
  const field = document.querySelector('[role="alertdialog"] input') as HTMLInputElement;
  const enter = () => act(async () => { field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true })); });
  await enter();
  expect(remove).not.toHaveBeenCalled();
  await type(field, 'birds');
  await enter();
  expect(remove).toHaveBeenCalledTimes(1);
});

test('the focus is in the first field as soon as there is one, and is taken from nobody', async () => {
  const { show } = mount();
  const form = (fields: readonly string[], over = false) => (
    <>
      <Dialog title="A form" onClose={() => undefined}>{fields.map((name) => <input key={name} name={name} />)}</Dialog>
      {over && <Confirm title="Sure?" action="Yes" onConfirm={async () => undefined} onClose={() => undefined}><input name="over" /></Confirm>}
    </>
  );
  const focused = () => (document.activeElement as HTMLInputElement).name;
  await show(form([])); // the fields are asked of the server
  await show(form(['first', 'second']));
  expect(focused()).toBe('first');
  act(() => document.querySelector<HTMLInputElement>('[name="second"]')?.focus());
  await show(form(['first', 'second', 'third']));
  expect(focused()).toBe('second');
  await show(form(['first'], true));
  await show(form(['first', 'second'], true));
  expect(focused()).toBe('over');
});
