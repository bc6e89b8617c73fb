import { describe, expect, it } from 'vitest';
import golden from '../../../../fixtures/editor-results.json';
import type { EditorConfig } from '../config/config';
import { parseConfig } from '../config/parse';
import { resolveText } from '../config/resolve';
import { Editor } from '../editor';
import type { LsResult } from '../types';

interface Case {
  readonly config: string;
  readonly data: Record<string, unknown>;
  readonly imported: LsResult[];
  readonly serialised: LsResult[];
}

const CASES = golden as unknown as Record<string, Case>;
const UNDERSTOOD = ['rectanglelabels', 'polygonlabels', 'ellipselabels', 'keypointlabels', 'text_labels', 'choices_single'];
const REGIONS = UNDERSTOOD.filter((name) => name !== 'choices_single');
const PICTURE = { width: 2400, height: 1600 };

function open(name: string): { editor: Editor; sample: Case } {
  const sample = CASES[name]!;
  const config = parseConfig(sample.config);
  const editor = new Editor(config);
  editor.load(structuredClone(sample.imported), [], sizesOf(config), textsOf(config, sample.data));
  return { editor, sample };
}

function sizesOf(config: EditorConfig): Map<string, { width: number; height: number }> {
  return new Map(config.objects.filter(({ kind }) => kind === 'image').map(({ name }) => [name, PICTURE]));
}

function textsOf(config: EditorConfig, data: Record<string, unknown>): Map<string, string> {
  return new Map(config.objects.filter(({ kind }) => kind === 'text').map(({ name, value }) => [name, resolveText(value, data)]));
}

/** Without `origin` where the other side has none. */
function comparable(results: readonly LsResult[], other: readonly LsResult[]): LsResult[] {
  return results.map((result, index) => {
    const { origin: _, ...rest } = result;
    return other[index]?.origin === undefined ? (rest as LsResult) : result;
  });
}

describe.each(UNDERSTOOD)('the golden case %s', (name) => {
  it('is written as Label Studio writes it', () => {
    const { editor, sample } = open(name);
    expect(editor.results()).toStrictEqual(comparable(sample.serialised, editor.results()));
    expect(comparable(editor.results(), sample.serialised)).toStrictEqual(sample.serialised);
  });

  it('is understood and does not travel as unknown', () => {
    const { editor, sample } = open(name);
    expect(editor.store.passthrough).toEqual([]);
    expect(editor.store.size + editor.store.answers().size).toBe(sample.imported.length);
  });

  it('is written the same after a nudge and its undo', () => {
    const { editor } = open(name);
    const before = editor.results();
    editor.selection.set(editor.store.all().map((region) => region.id));
    const moved = editor.nudge(3, 7);
    if (moved) {
      expect(editor.results()).not.toEqual(before);
      editor.history.undo();
    }
    expect(editor.results()).toStrictEqual(before);
  });
});

describe.each(REGIONS)('relabelling one region of the golden case %s', (name) => {
  it('changes that region and nothing else', () => {
    const { editor } = open(name);
    const before = editor.results();
    const region = editor.store.all().at(-1)!;
    const value = region.labels[0] === 'B' ? 'A' : 'B';
    expect(editor.relabel([region.id], value)).toBe(true);
    const after = editor.results();
    const last = before.at(-1)!;
    expect(after.slice(0, -1)).toStrictEqual(before.slice(0, -1));
    expect(after.at(-1)).toStrictEqual({ ...last, value: { ...last.value, [last.type]: [value] } });
    editor.history.undo();
    expect(editor.results()).toStrictEqual(before);
  });
});

describe.each(Object.keys(CASES))('the results of the golden case %s', (name) => {
  it('come back as they came, but for what is completed', () => {
    const { editor, sample } = open(name);
    const written = editor.results().map((result, index) => {
      const source = sample.imported[index]!;
      const { origin: _, ...rest } = result;
      const value = result.type === 'polygonlabels' ? { ...result.value, closed: undefined } : result.value;
      return 'value' in source ? { ...rest, value } : rest;
    });
    expect(written).toEqual(sample.imported);
  });
});

it('an answer that is changed and changed back is written as before', () => {
  const { editor } = open('choices_single');
  const before = editor.results();
  editor.setAnswer('c', ['Yes']);
  expect(editor.results()[0]!.value).toEqual({ choices: ['Yes'] });
  editor.history.undo();
  expect(editor.results()).toStrictEqual(before);
});

it('answers about a region leave with it and return with undo', () => {
  const { editor, sample } = open('per_region_all');
  editor.remove(['s1']);
  expect(editor.results()).toEqual([]);
  editor.history.undo();
  expect(editor.results().map(({ type }) => type)).toEqual(sample.imported.map(({ type }) => type));
});

it('relations leave with a region that they name', () => {
  const { editor } = open('relations');
  editor.remove(['s2']);
  expect(editor.results().map(({ type }) => type)).toEqual(['labels']);
  editor.history.undo();
  expect(editor.results()).toHaveLength(3);
});
