import { describe, expect, it } from 'vitest';
import fc from '../../../test-examples';
import { spanBounds, stepFrom } from './span-bounds';

const text = 'Maria Keller 😀 met 👩‍👩‍👧 there.  Second one!\nNew line, end.\n';
const piece = (bounds: { start: number; end: number } | null): string | null =>
  bounds === null ? null : text.slice(bounds.start, bounds.end);
const at = (word: string): number => text.indexOf(word);

describe('span bounds', () => {
  it('leave white space at the edges out', () => {
    expect(piece(spanBounds(text, 5, 13, 'symbol'))).toBe('Keller');
    expect(piece(spanBounds(text, 13, 5, 'symbol'))).toBe('Keller');
  });

  it('are none where there is only white space', () => {
    expect(spanBounds(text, 12, 13, 'symbol')).toBeNull();
    expect(spanBounds(text, 3, 3, 'symbol')).toBeNull();
  });

  it('never split what people see as one character', () => {
    expect(piece(spanBounds(text, at('😀') + 1, at('😀') + 2, 'symbol'))).toBe('😀');
    expect(piece(spanBounds(text, at('👩') + 3, at('👩') + 4, 'symbol'))).toBe('👩‍👩‍👧');
  });

  it('grow to words', () => {
    expect(piece(spanBounds(text, 2, 8, 'word'))).toBe('Maria Keller');
    expect(piece(spanBounds(text, at('here'), at('here') + 2, 'word'))).toBe('there');
  });

  it('do not grow into the word behind the last one', () => {
    expect(piece(spanBounds(text, 0, 6, 'word'))).toBe('Maria');
  });

  it('grow to sentences and paragraphs', () => {
    expect(piece(spanBounds(text, at('cond'), at('cond') + 1, 'sentence'))).toBe('Second one!');
    expect(piece(spanBounds(text, at('line'), at('line') + 2, 'paragraph'))).toBe('New line, end.');
  });

  it('hold for any text and selection', () => {
    const granularity = fc.constantFrom('symbol', 'word', 'sentence', 'paragraph');
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(30), fc.nat(30), granularity, (any, a, b, by) => {
        const [from, to] = [Math.min(a, any.length), Math.min(b, any.length)];
        const bounds = spanBounds(any, from, to, by as 'symbol');
        if (bounds === null) return;
        const marked = any.slice(bounds.start, bounds.end);
        expect(marked.trim()).toBe(marked);
        expect(marked).not.toMatch(/\p{Surrogate}/u);
        expect(bounds.start).toBeLessThan(bounds.end);
      }),
    );
  });
});

describe('steps', () => {
  it('go by visible characters', () => {
    expect(stepFrom(text, at('👩'), 1, 'symbol')).toBe(at(' there'));
    expect(stepFrom(text, at(' there'), -1, 'symbol')).toBe(at('👩'));
  });

  it('go by words and stop at the ends', () => {
    expect(stepFrom(text, 0, 1, 'word')).toBe(5);
    expect(stepFrom(text, 12, -1, 'word')).toBe(6);
    expect(stepFrom(text, text.length, 1, 'word')).toBe(text.length);
    expect(stepFrom(text, 0, -1, 'symbol')).toBe(0);
  });
});
