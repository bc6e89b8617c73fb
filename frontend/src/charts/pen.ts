import { colourNow } from './line-style';
import type { Scale } from './scale';

/** Where the drawing lies within the canvas, px. */
export interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

const FONT_PX = 11;

/** The lines and marks behind a drawing. */
export function drawAxes(pen: CanvasRenderingContext2D, box: Box, x: Scale, y: Scale): void {
  const [line, words] = [colourNow('--line'), colourNow('--text-3')];
  pen.font = `${FONT_PX}px ${getComputedStyle(document.body).fontFamily}`;
  pen.lineWidth = 1;
  pen.strokeStyle = line;
  pen.fillStyle = words;
  pen.textBaseline = 'middle';
  pen.textAlign = 'right';
  for (const tick of y.ticks) {
    const at = Math.round(y.place(tick)) + 0.5;
    stroke(pen, box.left, at, box.right, at);
    pen.fillText(y.write(tick), box.left - 7, at);
  }
  pen.textBaseline = 'alphabetic';
  let free = -Infinity;
  for (const tick of x.ticks) {
    const at = x.place(tick);
    const text = x.write(tick);
    const half = pen.measureText(text).width / 2;
    const middle = Math.min(Math.max(at, box.left + half - 8), box.right - half + 8);
    if (middle - half < free) continue;
    pen.textAlign = 'center';
    pen.fillText(text, middle, box.bottom + FONT_PX + 6);
    free = middle + half + 10;
  }
}

export function stroke(pen: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  pen.beginPath();
  pen.moveTo(x1, y1);
  pen.lineTo(x2, y2);
  pen.stroke();
}

/** A line through points, with gaps where one has no place; a point alone is a dot. */
export function drawLine(pen: CanvasRenderingContext2D, xs: readonly number[], ys: readonly number[]): void {
  pen.beginPath();
  let length = 0;
  for (let index = 0; index < xs.length; index += 1) {
    const [x, y] = [xs[index] as number, ys[index] as number];
    if (Number.isNaN(y)) {
      length = 0;
      continue;
    }
    if (length === 0) {
      pen.moveTo(x, y);
      if (index + 1 >= xs.length || Number.isNaN(ys[index + 1] as number)) pen.arc(x, y, 1.6, 0, 7);
    } else pen.lineTo(x, y);
    length += 1;
  }
  pen.stroke();
}

/** A place is a spike where its band is this much taller than those beside it, px. */
const SPIKE_PX = 6;

/** Upright lines where the band of one place stands out: filled alone, a single value among a thousand would not be seen. */
export function drawSpikes(pen: CanvasRenderingContext2D, xs: readonly number[], lows: readonly number[], highs: readonly number[]): void {
  const tall = (index: number) => Math.abs((lows[index] ?? 0) - (highs[index] ?? 0)) || 0;
  for (let index = 0; index < xs.length; index += 1) {
    const around = Math.max(tall(index - 1), tall(index + 1));
    if (tall(index) > around + SPIKE_PX) stroke(pen, xs[index] as number, lows[index] as number, xs[index] as number, highs[index] as number);
  }
}

/** What lies between two lines, in the pieces where both have places. */
export function fillBand(pen: CanvasRenderingContext2D, xs: readonly number[], lows: readonly number[], highs: readonly number[]): void {
  let begin = 0;
  const flush = (end: number) => {
    if (end - begin > 1) {
      pen.beginPath();
      for (let index = begin; index < end; index += 1) pen.lineTo(xs[index] as number, highs[index] as number);
      for (let index = end - 1; index >= begin; index -= 1) pen.lineTo(xs[index] as number, lows[index] as number);
      pen.fill();
    }
    begin = end + 1;
  };
  for (let index = 0; index < xs.length; index += 1) if (Number.isNaN(lows[index] as number) || Number.isNaN(highs[index] as number)) flush(index);
  flush(xs.length);
}
