import { expect, test } from 'vitest';
import { blocksOf } from './instruction-text.ts';

test('headings, items, emphasis and links are kept', () => {
  expect(blocksOf('<h2>Cars</h2><ul><li>all <b>wheels</b></li></ul><a href="https://x/y">more</a>')).toEqual([
    { kind: 'heading', inlines: [{ text: 'Cars' }] },
    { kind: 'item', inlines: [{ text: 'all ' }, { text: 'wheels', isBold: true }] },
    { kind: 'text', inlines: [{ text: 'more', href: 'https://x/y' }] },
  ]);
});

test('scripts and addresses of scripts are not', () => {
  expect(blocksOf('<script>x()</script><a href="javascript:x()" onclick="x()">go</a><img src=x onerror=x()>')).toEqual([
    { kind: 'text', inlines: [{ text: 'go' }] },
  ]);
});

test('plain text keeps its lines', () => {
  expect(blocksOf('one\ntwo').map((block) => block.inlines[0]?.text)).toEqual(['one', 'two']);
});
