import { describe, expect, it } from 'vitest';
import { parseConfig } from './config/parse';
import { Editor } from './editor';
import type { LsResult, Prediction, RectangleShape } from './types';

const CONFIG = parseConfig(`<View>
  <Image name="img" value="$image"/>
  <RectangleLabels name="box" toName="img"><Label value="Car"/><Label value="Bus"/></RectangleLabels>
  <RectangleLabels name="sign" toName="img" choice="multiple"><Label value="Stop"/><Label value="Old"/></RectangleLabels>
  <PolygonLabels name="poly" toName="img"><Label value="Road"/></PolygonLabels>
  <Choices name="weather" toName="img"><Choice value="Sun"/><Choice value="Rain"/></Choices>
  <Choices name="seen" toName="img" choice="multiple"><Choice value="Snow"/><Choice value="Night"/></Choices>
</View>`);

const SIZES = new Map([['img', { width: 1000, height: 500 }]]);

function result(id: string, x: number, more: Partial<LsResult> = {}): LsResult {
  return {
    id, from_name: 'box', to_name: 'img', type: 'rectanglelabels', original_width: 1000, original_height: 500, image_rotation: 0,
    value: { x, y: 10, width: 10, height: 10, rotation: 0, rectanglelabels: ['Car'] }, ...more,
  };
}

function opened(results: readonly LsResult[] = [], predictions: readonly Prediction[] = []): Editor {
  const editor = new Editor(CONFIG);
  editor.load(results, predictions, SIZES, new Map());
  return editor;
}

function drawn(x = 10, y = 10): RectangleShape {
  return { kind: 'rectangle', x, y, width: 100, height: 50, rotation: 0 };
}

describe('labels and tools', () => {
  it('a label takes up the tool of its shape', () => {
    const editor = opened();
    editor.chooseLabel('poly', 'Road');
    expect(editor.labelState).toEqual({ tool: 'polygon', active: [{ fromName: 'poly', value: 'Road' }] });
  });

  it('a tool takes up the label used last with it, or the first', () => {
    const editor = opened();
    editor.setTool('rectangle');
    expect(editor.labelState.active).toEqual([{ fromName: 'box', value: 'Car' }]);
    editor.setActiveLabel('box', 'Bus');
    editor.setTool('polygon');
    editor.setTool('rectangle');
    expect(editor.labelState.active).toEqual([{ fromName: 'box', value: 'Bus' }]);
  });

  it('select and hand keep the label', () => {
    const editor = opened();
    editor.setActiveLabel('box', 'Bus');
    editor.setTool('select');
    expect(editor.labelState).toEqual({ tool: 'select', active: [{ fromName: 'box', value: 'Bus' }] });
  });

  it('several labels go onto one region where the control allows it', () => {
    const editor = opened();
    editor.chooseLabel('sign', 'Stop');
    editor.chooseLabel('sign', 'Old');
    expect(editor.addRegion(drawn(), 'img')).toMatchObject({ fromName: 'sign', labels: ['Stop', 'Old'] });
  });

  it('a label of another control gives way to a shape that it cannot make', () => {
    const editor = opened();
    editor.setActiveLabel('poly', 'Road');
    expect(editor.addRegion(drawn(), 'img')).toBeNull();
    editor.setTool('rectangle');
    expect(editor.addRegion(drawn(), 'img')).toMatchObject({ fromName: 'box', labels: ['Car'] });
  });
});

describe('regions', () => {
  it('a label key relabels what is selected, by another control where that has the label', () => {
    const editor = opened([result('a', 10), result('b', 30)]);
    editor.selection.set(['a']);
    editor.chooseLabel('sign', 'Stop');
    expect(editor.store.get('a')).toMatchObject({ fromName: 'sign', labels: ['Stop'] });
    expect(editor.results()[0]).toMatchObject({ from_name: 'sign', type: 'rectanglelabels', value: { rectanglelabels: ['Stop'] } });
    expect(editor.results()[1]).toEqual({ ...result('b', 30), origin: 'manual' });
  });

  it('a label that the selected region cannot carry is taken up instead', () => {
    const editor = opened([result('a', 10)]);
    editor.selection.set(['a']);
    editor.chooseLabel('poly', 'Road');
    expect(editor.tool).toBe('polygon');
    expect(editor.history.canUndo).toBe(false);
  });

  it('a nudge stops at the edge of the picture, together for all that is selected', () => {
    const editor = opened([result('a', 0), result('b', 30)]);
    editor.selection.set(['a', 'b']);
    editor.nudge(-5, 3);
    expect(editor.store.get('a')!.shape).toMatchObject({ x: 0, y: 53 });
    expect(editor.store.get('b')!.shape).toMatchObject({ x: 300, y: 53 });
    expect(editor.nudge(-5, 0)).toBe(false);
  });

  it('a turn keeps the shape in the picture', () => {
    const editor = opened([result('a', 0)]);
    editor.rotate(['a'], 90);
    const { x, y, rotation } = editor.store.get('a')!.shape as RectangleShape;
    expect(rotation).toBe(90);
    expect(x).toBeCloseTo(75 + (0 - 0), 6);
    expect(y).toBeCloseTo(25, 6);
  });

  it('a locked region stays as it is', () => {
    const editor = opened([result('a', 10)]);
    editor.setLocked(['a'], true);
    editor.selection.set(['a']);
    expect([editor.nudge(1, 1), editor.remove(['a']), editor.relabel(['a'], 'Bus')]).toEqual([false, false, false]);
    expect(editor.history.canUndo).toBe(false);
  });

  it('hiding is neither saved nor undone', () => {
    const editor = opened([result('a', 10)]);
    const before = editor.results();
    editor.setHidden(['a'], true);
    expect(editor.results()).toEqual(before);
    expect(editor.history.canUndo).toBe(false);
  });

  it('a drag of many frames is one step', () => {
    const editor = opened([result('a', 10)]);
    const before = editor.store.get('a');
    editor.history.mark('drag');
    for (let x = 0; x < 20; x++) editor.reshape([['a', drawn(x)]]);
    editor.history.undo();
    expect(editor.store.get('a')).toBe(before);
    expect(editor.history.canUndo).toBe(false);
  });

  it('a copy has an id and an origin of its own', () => {
    const editor = opened([result('a', 10, { origin: 'prediction', score: 0.5 })]);
    const [copy] = editor.duplicate(['a']);
    expect(copy).toMatchObject({ origin: 'manual', labels: ['Car'] });
    expect(copy!.id).not.toBe('a');
    expect([...editor.selection.ids()]).toEqual([copy!.id]);
    expect(editor.results()[1]).not.toHaveProperty('score');
  });
});

describe('suggestions', () => {
  const answer: LsResult = { id: 'w', from_name: 'weather', to_name: 'img', type: 'choices', value: { choices: ['Rain'] } };
  const prediction: Prediction = { result: [result('p', 50, { score: 0.9 }), result('q', 70), answer], score: 0.4 };

  it('are shown with their scores and not saved', () => {
    const editor = opened([], [prediction]);
    expect(editor.store.all().map(({ id, suggested, score }) => [id, suggested, score])).toEqual([['p', true, 0.9], ['q', true, 0.4]]);
    expect(editor.answer('weather')).toEqual(['Rain']);
    expect(editor.results()).toEqual([]);
  });

  it('are saved as they came once accepted', () => {
    const editor = opened([], [prediction]);
    editor.accept(['p']);
    expect(editor.results()).toEqual([{ ...result('p', 50, { score: 0.9 }), origin: 'prediction' }]);
  });

  it('are accepted together, the answer too, and in one step', () => {
    const editor = opened([], [prediction]);
    expect(editor.acceptAll()).toBe(true);
    expect(editor.results().map(({ origin, id }) => [id, origin])).toEqual([['p', 'prediction'], ['q', 'prediction'], ['w', 'prediction']]);
    expect(editor.acceptAll()).toBe(false);
    editor.history.undo();
    expect(editor.results()).toEqual([]);
  });

  it('are accepted by a touch, and marked as changed', () => {
    const editor = opened([], [prediction]);
    editor.selection.set(['q']);
    editor.nudge(1, 0);
    expect(editor.results()).toEqual([expect.objectContaining({ id: 'q', origin: 'prediction-changed' })]);
    editor.history.undo();
    expect(editor.store.get('q')!.suggested).toBe(true);
  });

  it('are taken over as they came by the label that they have already', () => {
    const editor = opened([], [prediction]);
    editor.relabel(['p'], 'Car');
    expect(editor.store.get('p')).toMatchObject({ suggested: false, origin: 'prediction' });
  });

  it('are dismissed together and come back with undo', () => {
    const editor = opened([result('mine', 1)], [prediction]);
    editor.dismissSuggestions();
    expect(editor.store.all().map(({ id }) => id)).toEqual(['mine']);
    expect(editor.answer('weather')).toEqual([]);
    editor.history.undo();
    expect(editor.suggestions()).toHaveLength(2);
  });

  it('are not made again once they are part of the annotation', () => {
    const editor = opened([result('p', 51, { origin: 'prediction-changed' })], [prediction]);
    expect(editor.suggestions().map(({ id }) => id)).toEqual(['q']);
  });
});

describe('what a model found and could not name', () => {
  const shape = { x: 0, y: 10, width: 10, height: 10, rotation: 0 };
  const plain = (id: string): LsResult => ({ ...result(id, 0), type: 'rectangle', value: shape });

  it('is named by one key each, one after the other', () => {
    const editor = opened([], [{ result: [result('p', 50), plain('a'), plain('b')] }]);
    expect([...editor.selection.ids()]).toEqual(['a']);
    editor.chooseLabel('box', 'Bus');
    expect([...editor.selection.ids()]).toEqual(['b']);
    editor.chooseLabel('box', 'Car');
    expect(editor.results()).toEqual([
      { ...result('a', 0), value: { ...shape, rectanglelabels: ['Bus'] }, origin: 'prediction-changed' },
      { ...result('b', 0), value: { ...shape, rectanglelabels: ['Car'] }, origin: 'prediction-changed' },
    ]);
  });

  it('is left as a suggestion when all are accepted', () => {
    const editor = opened([], [{ result: [result('p', 50), plain('a')] }]);
    editor.acceptAll();
    expect(editor.results().map(({ id }) => id)).toEqual(['p']);
    expect(editor.suggestions().map(({ id }) => id)).toEqual(['a']);
  });

  it('stays as it came where it is part of the annotation', () => {
    const kept = { ...plain('a'), origin: 'manual' };
    expect(opened([kept]).results()).toEqual([kept]);
  });
});

describe('answers', () => {
  it('one takes the place of another, or goes, at a press', () => {
    const editor = opened();
    editor.chooseLabel('weather', 'Sun');
    editor.chooseLabel('weather', 'Rain');
    expect(editor.answer('weather')).toEqual(['Rain']);
    editor.chooseLabel('weather', 'Rain');
    expect(editor.results()).toEqual([]);
  });

  it('several stand together where the control allows it', () => {
    const editor = opened();
    editor.toggleAnswer('seen', 'Snow');
    editor.toggleAnswer('seen', 'Night');
    expect(editor.results()).toEqual([
      { id: expect.any(String) as string, from_name: 'seen', to_name: 'img', type: 'choices', origin: 'manual', value: { choices: ['Snow', 'Night'] } },
    ]);
  });

  it('a press on a suggested one accepts it', () => {
    const suggested: LsResult = { id: 'w', from_name: 'weather', to_name: 'img', type: 'choices', value: { choices: ['Rain'] } };
    const editor = opened([], [{ result: [suggested] }]);
    editor.toggleAnswer('weather', 'Rain');
    expect(editor.results()).toEqual([{ ...suggested, origin: 'prediction' }]);
  });

  it('the config ticks some on a task that nobody answered', () => {
    const config = parseConfig('<View><Text name="t" value="$t"/><Choices name="c"><Choice value="a"/><Choice value="b" selected="true"/></Choices></View>');
    const editor = new Editor(config);
    editor.load([], [], new Map(), new Map([['t', 'x']]));
    expect(editor.answer('c')).toEqual(['b']);
    editor.load([{ id: 'z', from_name: 'x', to_name: 't', type: 'rating', value: {} }], [], new Map(), new Map());
    expect(editor.answer('c')).toEqual([]);
  });
});

it('loading another task leaves nothing of the one before', () => {
  const editor = opened([result('a', 10)]);
  editor.selection.set(['a']);
  editor.setAnswer('weather', ['Sun']);
  editor.load([result('b', 20)], [], SIZES, new Map());
  expect(editor.results().map(({ id }) => id)).toEqual(['b']);
  expect(editor.selection.ids().size).toBe(0);
  expect(editor.history.canUndo).toBe(false);
});
