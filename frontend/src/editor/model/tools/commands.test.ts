import { expect, it, vi } from 'vitest';
import { CommandRegistry } from './commands';

it('a command that may not run now does not', () => {
  const registry = new CommandRegistry();
  const run = vi.fn();
  let isEnabled = false;
  const off = registry.register({ id: 'undo', title: 'Undo', isEnabled: () => isEnabled, run });
  expect(registry.run('undo')).toBe(false);
  isEnabled = true;
  expect(registry.run('undo')).toBe(true);
  off();
  expect(registry.run('undo')).toBe(false);
  expect(run).toHaveBeenCalledTimes(1);
  expect(registry.list()).toEqual([]);
});
