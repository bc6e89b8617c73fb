import { expect, it, vi } from 'vitest';
import { CommandRegistry } from './commands';
import { StateNode } from './state-node';

type Press = { readonly type: 'down' | 'up' | 'escape' };

class Idle extends StateNode<string[], Press> {
  readonly id = 'idle';

  protected override handle(event: Press): boolean {
    if (event.type !== 'down') return false;
    this.parent!.transition('drawing', 7);
    return true;
  }
}

class Drawing extends StateNode<string[], Press> {
  readonly id = 'drawing';

  protected override onEnter(from: unknown): void {
    this.context.push(`begin ${String(from)}`);
  }

  protected override onExit(): void {
    this.context.push('end');
  }

  protected override handle(event: Press): boolean {
    if (event.type !== 'up') return false;
    this.parent!.transition('idle');
    return true;
  }
}

class Tool extends StateNode<string[], Press> {
  readonly id = 'rectangle';

  constructor(log: string[]) {
    super(log);
    this.setChildren([new Idle(log), new Drawing(log)]);
  }

  protected override handle(event: Press): boolean {
    if (event.type === 'escape') this.transition('idle');
    return event.type === 'escape';
  }
}

it('events go to the deepest state first and climb', () => {
  const log: string[] = [];
  const tool = new Tool(log);
  tool.enter();
  expect(tool.path).toBe('rectangle.idle');
  expect(tool.dispatch({ type: 'up' })).toBe(false);
  expect(tool.dispatch({ type: 'down' })).toBe(true);
  expect(tool.isIn('rectangle.drawing')).toBe(true);
  expect(tool.dispatch({ type: 'escape' })).toBe(true);
  expect(tool.path).toBe('rectangle.idle');
  expect(log).toEqual(['begin 7', 'end']);
});

it('leaving a tool leaves the state it is in', () => {
  const log: string[] = [];
  const tool = new Tool(log);
  tool.enter();
  tool.dispatch({ type: 'down' });
  tool.exit();
  expect(tool.path).toBe('rectangle');
  expect(log).toEqual(['begin 7', 'end']);
});

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
