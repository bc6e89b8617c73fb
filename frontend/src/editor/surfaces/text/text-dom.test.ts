import { describe, expect, it } from 'vitest';
import fc from '../../../test-examples';
import { blockStarts, TextDom } from './text-dom';

describe('blocks', () => {
  it('begin at line ends and cover the text', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 12 })), fc.integer({ min: 1, max: 30 }), (lines, length) => {
        const text = lines.join('\n');
        const starts = blockStarts(text, length);
        expect(starts[0]).toBe(0);
        expect(starts.at(-1)).toBe(text.length);
        for (const start of starts.slice(1, -1)) expect(text[start - 1]).toBe('\n');
      }),
    );
  });

  it('keep a line that is longer than a block whole', () => {
    expect(blockStarts('x'.repeat(100), 10)).toEqual([0, 100]);
  });
});

describe('text on the page', () => {
  const text = Array.from({ length: 400 }, (_, i) => `line ${i} 😀 of the text`).join('\n');

  it('is the text, to the character', () => {
    const parent = document.createElement('div');
    const dom = new TextDom(text, parent);
    expect(parent.textContent).toBe(text);
    expect(dom.blocks.length).toBeGreaterThan(3);
  });

  it('finds the place of an offset, and the offset of a place', () => {
    const dom = new TextDom(text, document.createElement('div'));
    for (let offset = 0; offset <= text.length; offset += 7) {
      const { node, offset: inside } = dom.pointAt(offset);
      expect(dom.offsetAt(node, inside)).toBe(offset);
    }
  });

  it('finds it also where a block was split into marks', () => {
    const dom = new TextDom('one two three', document.createElement('div'));
    const mark = document.createElement('mark');
    mark.textContent = 'two';
    dom.blocks[0]!.replaceChildren('one ', mark, ' three');
    expect(dom.offsetAt(mark.firstChild!, 1)).toBe(5);
    const { node, offset } = dom.pointAt(9);
    expect([node.textContent, offset]).toEqual([' three', 2]);
  });

  it('knows what is not part of it', () => {
    const dom = new TextDom(text, document.createElement('div'));
    expect(dom.offsetAt(document.body, 0)).toBeNull();
  });

  it('shows an empty text', () => {
    const dom = new TextDom('', document.createElement('div'));
    const { node, offset } = dom.pointAt(0);
    expect(dom.offsetAt(node, offset)).toBe(0);
  });
});
