import { beforeEach, describe, expect, it, vi } from 'vitest';
import { parseConfig } from '../../../editor/model/config/parse.ts';
import { Editor } from '../../../editor/model/editor.ts';
import type { LsResult } from '../../../editor/model/types.ts';
import type { HttpReply, HttpRequest } from '../http.ts';
import type { OpenTask } from '../labelling.ts';
import { Asking } from './asking.ts';

const TEXT = 'Apple sells apples, says Apple.';
const SPANS = `<View><Labels name="label" toName="text"><Label value="ORG"/><Label value="PER"/></Labels><Text name="text" value="$text"/></View>`;
const POINTS = `<View><Image name="img" value="$image"/>
  <KeyPointLabels name="dot" toName="img" smart="true"><Label value="Car"/></KeyPointLabels>
  <RectangleLabels name="box" toName="img"><Label value="Car"/></RectangleLabels></View>`;

const answer = (data: unknown, status = 200): HttpReply => ({ status, body: data, etag: null, retryAfterS: null });
const settled = () => new Promise((done) => setTimeout(done));

function span(start: number, end: number, more: Partial<LsResult> = {}): LsResult {
  return { id: 'm1', from_name: 'label', to_name: 'text', type: 'labels', value: { start, end, text: TEXT.slice(start, end), labels: ['ORG'] }, score: 0.5, ...more };
}
const box = (more: Partial<LsResult> = {}): LsResult => ({ id: 'b', from_name: 'box', to_name: 'img', type: 'rectanglelabels', value: { x: 1, y: 1, width: 9, height: 9, rotation: 0, rectanglelabels: ['Car'] }, ...more });

/** Somebody at one task; `answers` are given to their questions in turn. */
class Desk {
  readonly editor: Editor;
  readonly asked: HttpRequest[] = [];
  readonly answers: Array<HttpReply | Promise<HttpReply> | Error> = [];
  readonly asking: Asking;
  readonly open: OpenTask;

  constructor(config: string) {
    this.editor = new Editor(parseConfig(config));
    this.editor.load([], [], new Map([['img', { width: 200, height: 100 }]]), new Map([['text', TEXT]]));
    this.asking = new Asking({
      projectId: 3,
      models: [{ id: 9, title: 'Matcher', is_interactive: true, timeout: 100 }, { id: 10, title: 'Other', is_interactive: true, timeout: 100 }],
      storage: localStorage,
      say: () => undefined,
      send: async (request) => {
        this.asked.push(request);
        const next = this.answers.shift() ?? answer({ data: { result: [] } });
        if (next instanceof Error) throw next;
        return next;
      },
    });
    this.open = { task: { id: 7, data: {} }, editor: this.editor } as unknown as OpenTask;
    this.asking.follow(this.open);
  }

  mark(start: number, end: number): void {
    this.editor.setActiveLabel('label', 'ORG');
    this.editor.addRegion({ kind: 'span', start, end }, 'text');
  }

  point(x: number): void {
    this.editor.setActiveLabel('dot', 'Car');
    this.editor.addRegion({ kind: 'keypoint', x, y: 50, width: 1 }, 'img');
  }

  context(at: number): LsResult[] {
    return (this.asked[at]!.body as { context: { result: LsResult[] } }).context.result;
  }

  get phase(): string {
    return this.asking.state.getState().phase.kind;
  }

  get saved(): number[][] {
    return this.editor.results().map(({ value }) => [value.start as number, value.end as number]);
  }
}

beforeEach(() => localStorage.clear());

describe('without a smart control, what is drawn is asked with and kept', () => {
  let desk: Desk;
  beforeEach(() => {
    desk = new Desk(SPANS);
    desk.asking.toggle();
  });

  it('and the answer waits to be accepted, but for what stands there already', async () => {
    desk.answers.push(answer({ data: { result: [span(0, 5), span(25, 30)], score: 0.7 } }));
    desk.mark(0, 5);
    expect(desk.phase).toBe('asking');
    await settled();
    expect(desk.asked[0]).toMatchObject({ path: 'api/ml/9/interactive-annotating/', body: { task: 7 }, timeoutMs: 130_000 });
    expect(desk.context(0)).toEqual([expect.objectContaining({ from_name: 'label', type: 'labels', value: { start: 0, end: 5, text: 'Apple', labels: ['ORG'] } })]);
    expect(desk.asking.isPending).toBe(true);
    expect(desk.saved).toEqual([[0, 5]]);
    expect(desk.asking.accept()).toBe(true);
    expect(desk.saved).toEqual([[0, 5], [25, 30]]);
    expect(desk.editor.results()[1]).toMatchObject({ origin: 'prediction', score: 0.5 });
    expect(desk.asking.accept()).toBe(false);
    desk.editor.history.undo();
    expect(desk.saved).toEqual([[0, 5]]);
    expect(desk.asking.isPending).toBe(true);
  });

  it('a second answer stands beside the first, and Esc puts both away', async () => {
    desk.answers.push(answer({ data: { result: [span(12, 17)] } }), answer({ data: { result: [span(25, 30)] } }));
    desk.mark(0, 5);
    await settled();
    desk.mark(6, 11);
    await settled();
    expect(desk.editor.suggestions()).toHaveLength(2);
    expect(desk.asking.refuse()).toBe(true);
    expect(desk.editor.suggestions()).toEqual([]);
    expect(desk.saved).toEqual([[0, 5], [6, 11]]);
    expect(desk.asking.refuse()).toBe(false);
  });

  it('only the newest question counts, and none that was called off', async () => {
    let late: (reply: HttpReply) => void = () => undefined;
    desk.answers.push(new Promise((done) => (late = done)), answer({ data: { result: [span(25, 30)] } }));
    desk.mark(0, 5);
    desk.mark(6, 11);
    expect(desk.asked[0]!.signal!.aborted).toBe(true);
    await settled();
    late(answer({ data: { result: [span(12, 17)] } }));
    await settled();
    expect(desk.editor.suggestions()).toHaveLength(1);
    desk.asking.refuse();
    desk.answers.push(new Promise(() => undefined));
    desk.mark(19, 23);
    expect(desk.asking.refuse()).toBe(true);
    expect(desk.asked[2]!.signal!.aborted).toBe(true);
    expect(desk.phase).toBe('ready');
    expect(desk.saved).toHaveLength(3);
  });

  it.each<[string, HttpReply | Error, string]>([
    ['a backend in trouble', answer({ errors: ['It does not answer.'] }), 'It does not answer.'],
    ['a person who may not', answer({ detail: 'Ask a manager.' }, 403), 'Ask a manager.'],
    ['a proxy', answer(null, 502), 'The server answered 502.'],
    ['a cut cable', new Error('no answer'), 'The server cannot be reached. What you drew is still there.'],
  ])('%s is told, and the same is asked again', async (_, trouble, message) => {
    desk.answers.push(trouble, answer({ data: { result: [span(25, 30)] } }));
    desk.mark(0, 5);
    await settled();
    expect(desk.asking.state.getState().phase).toEqual({ kind: 'failed', message });
    desk.asking.again();
    await settled();
    expect(desk.context(1)).toEqual(desk.context(0));
    expect(desk.editor.suggestions()).toHaveLength(1);
    expect(desk.saved).toEqual([[0, 5]]);
  });

  it.each<[string, unknown]>([
    ['nothing', null], ['a list of nothing', []], ['text', 'no'], ['regions of a text that is none', { result: 'x' }],
    ['rubbish among regions', { result: [null, 4, { from_name: 'label' }, { from_name: 'label', value: { start: -3 }, to_name: 'text', type: 'labels' }] }],
  ])('%s as an answer is none', async (_, data) => {
    desk.answers.push(answer({ data }));
    desk.mark(0, 5);
    await settled();
    expect(desk.phase).toBe('nothing');
    expect(desk.editor.store.size).toBe(1);
  });

  it('an answer to a task that was left is dropped', async () => {
    let late: (reply: HttpReply) => void = () => undefined;
    desk.answers.push(new Promise((done) => (late = done)));
    desk.mark(0, 5);
    desk.asking.follow({ ...desk.open });
    late(answer({ data: { result: [span(25, 30)] } }));
    await settled();
    expect(desk.editor.suggestions()).toEqual([]);
  });

  it('by itself it is accepted in one step', async () => {
    desk.asking.setAcceptsByItself(true);
    desk.answers.push(answer({ data: { result: [span(0, 5), span(25, 30), span(12, 17, { id: 'x', value: { start: 12, end: 17, labels: ['FRUIT'] } })] } }));
    desk.mark(0, 5);
    await settled();
    expect(desk.saved).toEqual([[0, 5], [25, 30]]);
    const [unnamed] = desk.editor.suggestions();
    expect([...desk.editor.selection.ids()]).toEqual([unnamed!.id]);
    desk.editor.chooseLabel('label', 'PER');
    expect(desk.editor.results()[2]).toMatchObject({ value: { start: 12, end: 17, labels: ['PER'] }, origin: 'prediction-changed' });
    desk.editor.history.undo();
    desk.editor.history.undo();
    expect(desk.saved).toEqual([[0, 5]]);
  });

  it('off, nothing is asked, and the switches are remembered', () => {
    expect(new Desk(SPANS).asking.state.getState()).toMatchObject({ isOn: true, model: { id: 9 } });
    desk.asking.choose(10);
    expect(new Desk(SPANS).asking.state.getState().model.id).toBe(10);
    desk.asking.toggle();
    desk.mark(0, 5);
    expect(desk.asked).toEqual([]);
    expect(new Desk(SPANS).asking.state.getState().isOn).toBe(false);
  });
});

describe('with a smart control, its regions are prompts', () => {
  let desk: Desk;
  beforeEach(() => {
    desk = new Desk(POINTS);
    desk.asking.toggle();
  });

  it('that are asked with together and go with the answer', async () => {
    desk.answers.push(answer({ data: { result: [box()] } }), answer({ data: { result: [box()] } }));
    desk.point(20);
    await settled();
    desk.asking.noteAlt(true);
    desk.point(40);
    await settled();
    expect(desk.context(1).map(({ is_positive, type }) => [is_positive, type])).toEqual([[true, 'keypointlabels'], [false, 'keypointlabels']]);
    expect(desk.context(1)[0]).toMatchObject({ original_width: 200, original_height: 100, value: { x: 10, y: 50 } });
    expect(desk.editor.suggestions()).toHaveLength(1);
    expect(desk.editor.results()).toEqual([]);
    desk.asking.accept();
    expect(desk.editor.results()).toEqual([expect.objectContaining({ type: 'rectanglelabels', origin: 'prediction' })]);
    expect(desk.editor.store.size).toBe(1);
  });

  it('that take the place of the answer before with all that it said', async () => {
    desk = new Desk(`${POINTS.slice(0, -7)}<Choices name="q" toName="img"><Choice value="yes"/></Choices></View>`);
    const yes = { from_name: 'q', to_name: 'img', type: 'choices', value: { choices: ['yes'] } };
    desk.answers.push(answer({ data: { result: [box(), yes] } }), answer({ data: { result: [] } }));
    desk.point(20);
    await settled();
    expect(desk.editor.store.answers().get('q')).toMatchObject({ values: ['yes'], suggested: true });
    desk.point(40);
    await settled();
    expect(desk.asking.isPending).toBe(false);
    desk.editor.history.undo();
    expect(desk.editor.store.answers().get('q')).toMatchObject({ values: ['yes'], suggested: true });
  });

  it('a shape of another control is one’s own', async () => {
    desk.editor.setActiveLabel('box', 'Car');
    desk.editor.addRegion({ kind: 'rectangle', x: 1, y: 1, width: 9, height: 9, rotation: 0 }, 'img');
    await settled();
    expect(desk.asked).toEqual([]);
    expect(desk.editor.results()).toHaveLength(1);
  });

  it('a prompt that is moved is asked with once it rests', async () => {
    vi.useFakeTimers();
    desk.point(20);
    desk.editor.selection.set(desk.editor.store.all().map(({ id }) => id));
    desk.editor.nudge(10, 0);
    desk.editor.nudge(10, 0);
    vi.advanceTimersByTime(1000);
    vi.useRealTimers();
    expect(desk.asked).toHaveLength(2);
    expect(desk.context(1)[0]!.value.x).toBe(20);
    expect(desk.editor.results()).toEqual([]);
  });

  it('what was drawn can be kept where nothing was found', async () => {
    desk.answers.push(answer({ data: { result: [{ ...box(), type: 'brushlabels' }] } }));
    desk.point(20);
    await settled();
    expect(desk.asking.state.getState().phase).toEqual({ kind: 'nothing', leftOutCount: 1 });
    desk.asking.keepDrawn();
    expect(desk.editor.results()).toEqual([expect.objectContaining({ type: 'keypointlabels', origin: 'manual' })]);
  });

  it('switched off, what was asked and answered goes', async () => {
    desk.answers.push(answer({ data: { result: [box()] } }));
    desk.point(20);
    await settled();
    desk.asking.toggle();
    expect(desk.editor.store.size).toBe(0);
  });
});
