import type { Granularity } from '../../model/config/config';

export interface Bounds {
  /** UTF-16 offsets, end exclusive. */
  readonly start: number;
  readonly end: number;
}

const SEGMENTERS = {
  symbol: new Intl.Segmenter(undefined, { granularity: 'grapheme' }),
  word: new Intl.Segmenter(undefined, { granularity: 'word' }),
  sentence: new Intl.Segmenter(undefined, { granularity: 'sentence' }),
};

/**
 * The span that a selection of text means: without white space at its edges, never splitting a character that people
 * see as one, and grown to whole words, sentences or paragraphs where the config asks for it.
 * Null when there is nothing but white space in it.
 */
export function spanBounds(text: string, from: number, to: number, granularity: Granularity): Bounds | null {
  const chosen = trimmed(text, { start: Math.min(from, to), end: Math.max(from, to) });
  if (chosen === null) return null;
  return trimmed(text, granularity === 'paragraph' ? paragraphs(text, chosen) : grown(text, chosen, granularity));
}

/** Offset one visible character or one word away; stays at either end of the text. */
export function stepFrom(text: string, offset: number, step: 1 | -1, by: 'symbol' | 'word'): number {
  const segments = SEGMENTERS[by].segment(text);
  let at = offset;
  for (;;) {
    const segment = segments.containing(step === 1 ? at : at - 1);
    if (segment === undefined) return at;
    at = step === 1 ? segment.index + segment.segment.length : segment.index;
    if (by === 'symbol' || segment.isWordLike === true) return at;
  }
}

export function trimmed(text: string, { start, end }: Bounds): Bounds | null {
  let [from, to] = [start, end];
  while (from < to && /\s/.test(text[from]!)) from += 1;
  while (to > from && /\s/.test(text[to - 1]!)) to -= 1;
  return from < to ? { start: from, end: to } : null;
}

function grown(text: string, { start, end }: Bounds, granularity: 'symbol' | 'word' | 'sentence'): Bounds {
  const segments = SEGMENTERS[granularity].segment(text);
  const isPart = (segment: Intl.SegmentData): boolean => granularity !== 'word' || segment.isWordLike === true;
  const first = segments.containing(start);
  const last = end < text.length ? segments.containing(end) : undefined;
  const whole = {
    start: first !== undefined && first.index < start && isPart(first) ? first.index : start,
    end: last !== undefined && last.index < end && isPart(last) ? last.index + last.segment.length : end,
  };
  return granularity === 'symbol' ? whole : grown(text, whole, 'symbol');
}

function paragraphs(text: string, { start, end }: Bounds): Bounds {
  const after = text.indexOf('\n', end);
  return { start: text.lastIndexOf('\n', start - 1) + 1, end: after < 0 ? text.length : after };
}
