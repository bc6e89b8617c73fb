import { expect, test, vi } from 'vitest';
import { button, mount, press } from '../../test-screens';
import { AcceptDialog } from './act-dialogs';

test('predictions are accepted once, however often the button is pressed', async () => {
  const accept = vi.fn(() => new Promise(() => undefined));
  const { show, unmount } = mount();
  await show(<AcceptDialog tasks="2 tasks" models={['a', 'b']} onAccept={accept} onClose={() => undefined} />);
  await press(button('Accept predictions'));
  await press(button('Accept predictions'));
  expect(accept).toHaveBeenCalledTimes(1);
  await unmount();
});
