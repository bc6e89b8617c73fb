import { act } from 'react';
import { expect, test } from 'vitest';
import { mount } from '../../test-screens';
import { TaskPicture } from './task-picture';

test('a picture that comes after a broken one in its place is shown', async () => {
  const { show, host } = mount();
  const draw = (name: string) => show(<TaskPicture address={`http://localhost/${name}`} results={[]} isPredicted={false} colours={new Map()} fit="contain" alt="" />);
  await draw('broken.png');
  await act(async () => { host.querySelector('img')?.dispatchEvent(new Event('error')); });
  expect(host.textContent).toContain('cannot be opened');
  await draw('good.png');
  expect(host.querySelector('img')?.getAttribute('src')).toBe('http://localhost/good.png');
});
