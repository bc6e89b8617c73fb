import { type KeyboardEvent, type PointerEvent, type ReactNode, useCallback, useMemo, useRef, useState } from 'react';
import type { CurveRange, CurveX, Figure } from '../api/tracking';
import { useWidth } from '../ui/use-width';
import { numberOf } from './figure';
import { colourNow, lineStyle } from './line-style';
import { LineTable } from './line-table';
import { type Box, drawAxes, drawLine, drawSpikes, fillBand } from './pen';
import { Readout } from './readout';
import { linearScale, logScale, type Scale, spanOf, timeScale } from './scale';
import { smoothed } from './smooth';
import { nearest, union } from './sorted';
import { useCanvas } from './use-canvas';
import './charts.css';

export interface Series {
  id: string;
  name: string;
  /** Which colour and dash: see lineStyle. */
  style: number;
  x: readonly number[];
  min: readonly Figure[];
  max: readonly Figure[];
  mean: readonly Figure[];
}

interface ChartProps {
  /** What the values are, such as "loss". */
  name: string;
  series: readonly Series[];
  x: CurveX;
  isLog: boolean;
  /** 0: as it is; up to 0.99. */
  smoothing: number;
  range: CurveRange | undefined;
  onRange: (range: CurveRange | undefined) => void;
  height?: number;
}

/** A series as it is drawn. */
export interface Line {
  id: string;
  name: string;
  style: number;
  x: readonly number[];
  low: readonly number[];
  high: readonly number[];
  mean: readonly number[];
  shown: readonly number[];
}

const [LEFT, RIGHT, TOP, FOOT] = [54, 12, 8, 22];
const DRAG_PX = 5;
const PAGE = 10;

/** Values over steps or time: drag to look closer, double press to see all; with the keyboard arrows walk the points, + and − zoom. */
export function LineChart({ name, series, x: kind, isLog, smoothing, range, onRange, height = 200 }: ChartProps) {
  const [place, width] = useWidth<HTMLDivElement>();
  const lines = useMemo(() => series.map((each) => lineOf(each, smoothing)), [series, smoothing]);
  const places = useMemo(() => union(lines.map(({ x }) => x)), [lines]);
  const box: Box = useMemo(() => ({ left: LEFT, right: Math.max(LEFT + 10, width - RIGHT), top: TOP, bottom: height - FOOT }), [width, height]);
  const scales = useMemo(() => scalesOf(lines, places, { kind, isLog, range, box }), [lines, places, kind, isLog, range, box]);
  const draw = useCallback((pen: CanvasRenderingContext2D) => { if (scales) drawLines(pen, box, scales, lines, smoothing); }, [box, scales, lines, smoothing]);
  const canvas = useCanvas(width, height, draw);
  const [at, setAt] = useState<number | undefined>(undefined);
  const [drag, setDrag] = useState<readonly [from: number, to: number] | undefined>(undefined);
  const began = useRef<number | undefined>(undefined);
  const shownAt = at !== undefined && at < places.length ? places[at] : undefined;

  const within = (event: PointerEvent<HTMLElement>) => Math.min(box.right, Math.max(box.left, event.clientX - event.currentTarget.getBoundingClientRect().left));
  const onDown = (event: PointerEvent<HTMLElement>) => {
    if (event.button !== 0 || event.pointerType === 'touch') return;
    began.current = within(event);
    event.currentTarget.setPointerCapture(event.pointerId);
  };
  const onMove = (event: PointerEvent<HTMLElement>) => {
    if (!scales) return;
    const now = within(event);
    setAt(nearest(places, scales.x.value(now)));
    if (began.current !== undefined && Math.abs(now - began.current) > DRAG_PX) setDrag([Math.min(began.current, now), Math.max(began.current, now)]);
  };
  const onUp = () => {
    began.current = undefined;
    if (!drag || !scales) return;
    setDrag(undefined);
    onRange([scales.x.value(drag[0]), scales.x.value(drag[1])]);
  };
  const onKey = (event: KeyboardEvent) => {
    const now = at ?? 0;
    const acts: Record<string, () => void> = {
      ArrowRight: () => setAt(Math.min(places.length - 1, now + (event.shiftKey ? PAGE : 1))), ArrowLeft: () => setAt(Math.max(0, now - (event.shiftKey ? PAGE : 1))),
      Home: () => setAt(0), End: () => setAt(places.length - 1), '+': () => zoom(0.5), '=': () => zoom(0.5), '-': () => zoom(2), '0': () => onRange(undefined), Escape: () => onRange(undefined),
    };
    const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : acts[event.key];
    if (!act || (event.key === 'Escape' && !range)) return;
    event.preventDefault();
    act();
  };
  const zoom = (by: number) => {
    const [first, last] = range ?? [places[0] ?? 0, places.at(-1) ?? 1];
    const middle = shownAt ?? (first + last) / 2;
    onRange([middle - (middle - first) * by, middle + (last - middle) * by]);
  };
  return (
    <div className="line-chart">
      <div
        ref={place} className="chart-face" style={{ height }} role="slider" tabIndex={0} aria-label={`${name}, ${places.length} places`} aria-orientation="horizontal"
        aria-valuemin={0} aria-valuemax={Math.max(0, places.length - 1)} aria-valuenow={at ?? 0} aria-valuetext={shownAt === undefined ? 'Arrows walk the values, plus and minus zoom' : inWords(lines, shownAt, kind, scales?.x)}
        onPointerDown={onDown} onPointerMove={onMove} onPointerUp={onUp} onPointerCancel={onUp} onPointerLeave={() => { if (began.current === undefined) setAt(undefined); }} onDoubleClick={() => onRange(undefined)} onKeyDown={onKey} onBlur={() => setAt(undefined)}
      >
        <canvas ref={canvas} style={{ width, height }} aria-hidden="true" />
        {!scales && <p className="chart-none muted">{isLog ? 'Nothing above nought to draw.' : 'Nothing to draw.'}</p>}
        {scales && shownAt !== undefined && !drag && <Readout lines={lines} at={shownAt} kind={kind} x={scales.x} y={scales.y} box={box} />}
        {drag && <span className="chart-drag" style={{ left: drag[0], width: drag[1] - drag[0], top: box.top, height: box.bottom - box.top }} />}
      </div>
      <Notes lines={lines} isLog={isLog} smoothing={smoothing} range={range} onRange={onRange}>
        <LineTable name={name} lines={lines} places={places} kind={kind} />
      </Notes>
    </div>
  );
}

/** What the drawing cannot say of itself. */
function Notes({ lines, isLog, smoothing, range, onRange, children }: { lines: readonly Line[]; isLog: boolean; smoothing: number; range: CurveRange | undefined; onRange: ChartProps['onRange']; children: ReactNode }) {
  const gaps = lines.reduce((sum, { mean }) => sum + mean.filter((value) => !Number.isFinite(value)).length, 0);
  const below = isLog ? lines.reduce((sum, { mean }) => sum + mean.filter((value) => value <= 0).length, 0) : 0;
  return (
    <div className="chart-notes small muted">
      {range && <button type="button" className="btn small" onClick={() => onRange(undefined)}>Show all</button>}
      {smoothing > 0 && <span>Smoothed by {smoothing}; the faint line is as logged.</span>}
      {gaps > 0 && <span>{gaps} {gaps === 1 ? 'place is' : 'places are'} NaN or infinite: a gap.</span>}
      {below > 0 && <span>{below} at or below nought have no place here.</span>}
      <span className="grow" />
      {children}
    </div>
  );
}

function lineOf({ id, name, style, x, min, max, mean }: Series, smoothing: number): Line {
  const means = mean.map(numberOf);
  return { id, name, style, x, low: min.map(numberOf), high: max.map(numberOf), mean: means, shown: smoothing > 0 ? smoothed(means, smoothing) : means };
}

function* valuesOf(lines: readonly Line[]): Iterable<number> {
  for (const line of lines) for (const values of [line.low, line.high, line.mean]) yield* values;
}

interface Wish {
  kind: CurveX;
  isLog: boolean;
  range: CurveRange | undefined;
  box: Box;
}

function scalesOf(lines: readonly Line[], places: readonly number[], { kind, isLog, range, box }: Wish): { x: Scale; y: Scale } | undefined {
  const span = spanOf(valuesOf(lines), isLog);
  if (!span || places.length === 0) return undefined;
  const [first, last] = range ?? [places[0] as number, places.at(-1) as number];
  const across: readonly [number, number] = first === last ? [first - 0.5, last + 0.5] : [first, last];
  const marks = Math.max(2, Math.floor((box.right - box.left) / 90));
  const tall = Math.max(2, Math.floor((box.bottom - box.top) / 42));
  return {
    x: (kind === 'time' ? timeScale : linearScale)(across, [box.left, box.right], marks),
    y: (isLog ? logScale : linearScale)(span, [box.bottom, box.top], tall),
  };
}

function drawLines(pen: CanvasRenderingContext2D, box: Box, { x, y }: { x: Scale; y: Scale }, lines: readonly Line[], smoothing: number): void {
  drawAxes(pen, box, x, y);
  pen.save();
  pen.beginPath();
  pen.rect(box.left, box.top - 2, box.right - box.left + 2, box.bottom - box.top + 4);
  pen.clip();
  pen.lineJoin = 'round';
  for (const line of lines) {
    const { token, dash } = lineStyle(line.style);
    const colour = colourNow(token);
    const xs = line.x.map(x.place);
    pen.fillStyle = colour;
    pen.strokeStyle = colour;
    pen.globalAlpha = 0.16;
    const [lows, highs] = [line.low.map(y.place), line.high.map(y.place)];
    fillBand(pen, xs, lows, highs);
    pen.setLineDash([]);
    pen.lineWidth = 1;
    pen.globalAlpha = 0.6;
    drawSpikes(pen, xs, lows, highs);
    pen.globalAlpha = 0.35;
    if (smoothing > 0) drawLine(pen, xs, line.mean.map(y.place));
    pen.globalAlpha = 1;
    pen.lineWidth = 1.8;
    pen.setLineDash([...dash]);
    drawLine(pen, xs, line.shown.map(y.place));
  }
  pen.restore();
}

function inWords(lines: readonly Line[], at: number, kind: CurveX, x: Scale | undefined): string {
  const where = kind === 'time' ? (x?.write(at) ?? '') : `step ${at.toLocaleString('en')}`;
  return [where, ...lines.slice(0, 8).flatMap((line) => { const index = nearest(line.x, at); return index < 0 ? [] : [`${line.name} ${(line.mean[index] as number).toPrecision(4)}`]; })].join(', ');
}
