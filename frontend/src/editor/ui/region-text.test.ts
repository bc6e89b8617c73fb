import { expect, test } from 'vitest';
import { parseConfig } from '../model/config/parse.ts';
import { Editor } from '../model/editor.ts';
import { regionMeasure, regionName, regionSentence } from './region-text.ts';

const editor = new Editor(
  parseConfig('<View><Text name="t" value="$t"/><Labels name="l" toName="t"><Label value="per" alias="PER"/></Labels></View>'),
);
editor.load([], [], new Map(), new Map([['t', 'Maria\n Keller met Tom']]));
editor.setActiveLabel('l', 'PER');
const span = editor.addRegion({ kind: 'span', start: 0, end: 13 }, 't')!;

test('a span reads as its label and its words', () => {
  expect(regionName(editor, span)).toBe('per');
  expect(regionMeasure(editor, span)).toBe('Maria Keller');
});

test('the sentence for those who hear the page names what is special', () => {
  expect(regionSentence(editor, { ...span, suggested: true, score: 0.94, locked: true })).toBe(
    'per, suggested, 94 %, locked, Maria Keller',
  );
});
