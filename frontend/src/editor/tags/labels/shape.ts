import { finite } from '../../model/results/percent';
import type { SpanShape } from '../../model/types';
import type { ShapeModule } from '../tag';

/** A marked piece of text as results hold it: each line break becomes a backslash and the letter n. */
export function savedText(text: string): string {
  return text.replace(/[\r\n]/g, '\\n');
}

/** Spans lie along a line: their bounds and hits are in x only, one unit a character. */
export const spanShape: ShapeModule<SpanShape> = {
  kind: 'span',
  alwaysWritten: [],

  read(value, frame) {
    if (frame.kind !== 'text') return null;
    const [start, end] = [finite(value.start), finite(value.end)];
    if (start === null || end === null || !Number.isInteger(start) || !Number.isInteger(end)) return null;
    if (start < 0 || end < start || end > frame.offsets.lengthInCodePoints) return null;
    return { kind: 'span', start: frame.offsets.toUtf16(start), end: frame.offsets.toUtf16(end) };
  },

  write(shape, frame) {
    if (frame.kind !== 'text') return {};
    const { text, offsets, saveText } = frame;
    return {
      start: offsets.toCodePoint(shape.start),
      end: offsets.toCodePoint(shape.end),
      ...(saveText && { text: savedText(text.slice(shape.start, shape.end)) }),
    };
  },

  bounds: ({ start, end }) => ({ minX: start, minY: 0, maxX: end, maxY: 0 }),

  hit: (shape, x) => x >= shape.start && x < shape.end,

  translate: (shape) => shape,

  rotate: (shape) => shape,

  validate: (shape) => (shape.end > shape.start ? null : 'A span needs at least one character.'),
};
