import { describe, expect, it, vi } from 'vitest';
import fc from '../../../test-examples';
import type { Diff, Region } from '../types';
import { invertDiff, MeltedDiff } from './diff';
import { History } from './history';
import { RecordStore } from './record-store';
import { Selection } from './selection';

function region(id: string, x = 0): Region {
  return {
    id, fromName: 'k', toName: 'img', labels: ['A'], origin: 'manual', suggested: false,
    shape: { kind: 'keypoint', x, y: 0, width: 1 },
  };
}

function diff(change: Partial<Diff>): Diff {
  return { added: [], removed: [], updated: [], ...change };
}

function loaded(...regions: Region[]): RecordStore {
  const store = new RecordStore();
  store.load({ regions, answers: [], passthrough: [], order: [] });
  return store;
}

/** Random steps that are possible in the store as it is. */
const steps = fc.array(fc.record({ act: fc.constantFrom('add', 'remove', 'update', 'answer', 'mark'), pick: fc.nat(), x: fc.integer() }), { maxLength: 30 });

function take(store: RecordStore, history: History, step: { act: string; pick: number; x: number }, n: number): void {
  const all = store.all();
  const picked = all[step.pick % Math.max(1, all.length)];
  if (step.act === 'mark') history.mark('step');
  if (step.act === 'add') store.apply(diff({ added: [region(`n${n}`, step.x)] }));
  if (step.act === 'remove' && picked) store.apply(diff({ removed: [picked] }));
  if (step.act === 'update' && picked) store.apply(diff({ updated: [[picked, region(picked.id, step.x)]] }));
  if (step.act === 'answer') {
    const to = step.x % 3 === 0 ? undefined : { fromName: 'c', toName: 'img', values: [String(step.x)] };
    store.apply(diff({ answers: [['c', store.answers().get('c'), to]] }));
  }
}

function stateOf(store: RecordStore): unknown {
  return { regions: store.all(), answers: Object.fromEntries(store.answers()) };
}

describe('history', () => {
  it('undo leads back through every state and redo forward again', () => {
    fc.assert(
      fc.property(steps, (acts) => {
        const store = loaded(region('a'), region('b', 1), region('c', 2));
        const history = new History(store);
        const start = stateOf(store);
        acts.forEach((step, n) => take(store, history, step, n));
        const end = stateOf(store);
        while (history.undo());
        expect(stateOf(store)).toStrictEqual(start);
        while (history.redo());
        expect(stateOf(store)).toStrictEqual(end);
      }),
    );
  });

  it('bailing to a mark leaves what was before it, and nothing to redo', () => {
    fc.assert(
      fc.property(steps, steps, (before, after) => {
        const store = loaded(region('a'), region('b', 1));
        const history = new History(store);
        before.forEach((step, n) => take(store, history, step, n));
        const start = stateOf(store);
        const mark = history.mark('act');
        after.forEach((step, n) => take(store, history, step, 100 + n));
        history.bailToMark(mark);
        expect(stateOf(store)).toStrictEqual(start);
        expect(history.canRedo).toBe(false);
      }),
    );
  });

  it('squashing to a mark makes one step of many', () => {
    const store = loaded(region('a'));
    const history = new History(store);
    const mark = history.mark('drag');
    for (let x = 1; x <= 5; x++) {
      history.mark('frame');
      store.apply(diff({ updated: [[store.get('a')!, region('a', x)]] }));
    }
    history.squashToMark(mark);
    expect(history.undoName).toBe('drag');
    expect(history.undo()).toBe(true);
    expect(store.get('a')).toEqual(region('a'));
    expect(history.canUndo).toBe(false);
    history.redo();
    expect(store.get('a')).toEqual(region('a', 5));
  });

  it('a change that is taken back within a step is no step', () => {
    const store = loaded(region('a'));
    const history = new History(store);
    const before = store.get('a')!;
    history.mark('drag');
    store.apply(diff({ updated: [[before, region('a', 4)]] }));
    store.apply(diff({ updated: [[before, before]] }));
    expect(history.canUndo).toBe(false);
    expect(history.undo()).toBe(false);
  });

  it('a new change after undo leaves nothing to redo', () => {
    const store = loaded();
    const history = new History(store);
    history.mark('add');
    store.apply(diff({ added: [region('a')] }));
    history.undo();
    expect(history.canRedo).toBe(true);
    history.mark('add');
    store.apply(diff({ added: [region('b')] }));
    expect(history.canRedo).toBe(false);
  });

  it('undo keeps a region hidden that was hidden since', () => {
    const store = loaded(region('a'));
    const history = new History(store);
    history.mark('move');
    store.apply(diff({ updated: [[store.get('a')!, region('a', 3)]] }));
    store.apply(diff({ updated: [[store.get('a')!, { ...store.get('a')!, hidden: true }]] }), { history: 'ignore' });
    history.undo();
    expect(store.get('a')).toMatchObject({ hidden: true, shape: { x: 0 } });
  });
});

describe('the record store', () => {
  it('gives a region its old place back when its removal is undone', () => {
    const store = loaded(region('a'), region('b'), region('c'));
    const history = new History(store);
    history.mark('delete');
    store.apply(diff({ removed: [store.get('a')!] }));
    store.apply(diff({ added: [region('d')] }));
    expect(store.all().map(({ id }) => id)).toEqual(['b', 'c', 'd']);
    history.undo();
    expect(store.all().map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  });

  it('tells the listeners of a region and no others', () => {
    const store = loaded(region('a'), region('b'));
    const [onA, onB] = [vi.fn(), vi.fn()];
    store.subscribeId('a', onA);
    const off = store.subscribeId('b', onB);
    store.apply(diff({ updated: [[store.get('a')!, region('a', 1)]] }));
    off();
    store.apply(diff({ removed: [store.get('b')!] }));
    expect(onA).toHaveBeenCalledTimes(1);
    expect(onB).not.toHaveBeenCalled();
  });

  it('corrects the states that a diff says it came from', () => {
    const store = loaded(region('a', 1));
    const seen: Diff[] = [];
    store.subscribe((change) => seen.push(change));
    store.apply(diff({ updated: [[region('a', 99), region('a', 2)]] }));
    expect(seen[0]!.updated[0]![0]).toEqual(region('a', 1));
  });

  it('refuses to change what it does not hold', () => {
    const store = loaded(region('a'));
    expect(() => store.apply(diff({ removed: [region('x')] }))).toThrow('There is no region x.');
    expect(() => store.apply(diff({ added: [region('a')] }))).toThrow('Region a exists already.');
  });

  it('does nothing, and tells nobody, for a diff that changes nothing', () => {
    const store = loaded(region('a'));
    const listener = vi.fn();
    store.subscribe(listener);
    store.apply(diff({ updated: [[store.get('a')!, store.get('a')!]] }));
    expect(listener).not.toHaveBeenCalled();
    expect(store.version).toBe(1);
  });
});

it('diffs melted together do what they did one by one', () => {
  fc.assert(
    fc.property(steps, (acts) => {
      const store = loaded(region('a'), region('b', 1));
      const melted = new MeltedDiff();
      store.subscribe((change) => melted.add(change));
      const start = stateOf(store);
      acts.forEach((step, n) => take(store, new History(store), step, n));
      store.apply(invertDiff(melted.toDiff()));
      expect(stateOf(store)).toStrictEqual(start);
      expect(melted.isEmpty).toBe(true);
    }),
  );
});

it('a removed region leaves the selection', () => {
  const store = loaded(region('a'), region('b'));
  const selection = new Selection(store);
  selection.set(['a', 'b']);
  selection.setHovered('a');
  store.apply(diff({ removed: [store.get('a')!] }));
  expect([...selection.ids()]).toEqual(['b']);
  expect(selection.only()).toBe('b');
  expect(selection.hovered).toBeNull();
});
