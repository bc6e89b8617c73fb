import { useCallback, useMemo, useState } from 'react';
import { useWidth } from '../ui/use-width';
import { type Axis, axisOf, type Row } from './axes';
import { colourNow, lineStyle } from './line-style';
import { useCanvas } from './use-canvas';
import './charts.css';

interface ParallelProps {
  rows: readonly Row[];
  /** Names of the values that each get an axis, in order. */
  keys: readonly string[];
  /** What an axis is called. */
  titleOf: (key: string) => string;
  name: string;
  height?: number;
  /** The row that stands out. */
  lit: string | undefined;
  onLit: (id: string | undefined) => void;
}

const [SIDE, TOP, FOOT] = [56, 34, 18];
const NEAR_PX = 12;

/** One line for each run across an axis for each value. */
export function ParallelChart({ rows, keys, titleOf, name, height = 320, lit, onLit }: ParallelProps) {
  const [place, width] = useWidth<HTMLDivElement>();
  const axes = useMemo(() => keys.map((key) => axisOf(rows, key, [height - FOOT, TOP])), [rows, keys, height]);
  const at = useCallback((index: number) => SIDE + (axes.length < 2 ? 0 : (index / (axes.length - 1)) * (width - 2 * SIDE)), [axes.length, width]);
  const draw = useCallback((pen: CanvasRenderingContext2D) => {
    pen.font = `11px ${getComputedStyle(document.body).fontFamily}`;
    for (const row of [...rows].sort((a, b) => Number(a.id === lit) - Number(b.id === lit))) {
      const { token, dash } = lineStyle(row.style);
      pen.strokeStyle = colourNow(token);
      pen.globalAlpha = lit === undefined || lit === row.id ? 1 : 0.18;
      pen.lineWidth = lit === row.id ? 2.6 : 1.5;
      pen.setLineDash([...dash]);
      pen.beginPath();
      let isOpen = false;
      axes.forEach((axis, index) => {
        const y = axis.place(row.values[axis.key]);
        if (Number.isNaN(y)) isOpen = false;
        else if (isOpen) pen.lineTo(at(index), y);
        else { pen.moveTo(at(index), y); isOpen = true; }
      });
      pen.stroke();
    }
    pen.globalAlpha = 1;
    pen.setLineDash([]);
    axes.forEach((axis, index) => drawAxis(pen, axis, titleOf(axis.key), at(index), height, (width - 2 * SIDE) / Math.max(1, axes.length - 1)));
  }, [axes, titleOf, rows, lit, at, height, width]);
  const canvas = useCanvas(width, height, draw);
  const onMove = (event: React.PointerEvent<HTMLDivElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    onLit(rowNear(rows, axes, at, event.clientX - box.left, event.clientY - box.top));
  };
  const [spoken] = useState(() => `${name}. The table beneath says the same.`);
  return (
    <div ref={place} className="chart-face plain-face" style={{ height }} role="img" aria-label={spoken} onPointerMove={onMove} onPointerLeave={() => onLit(undefined)}>
      <canvas ref={canvas} style={{ width, height }} />
    </div>
  );
}

function drawAxis(pen: CanvasRenderingContext2D, axis: Axis, title: string, x: number, height: number, room: number): void {
  pen.strokeStyle = colourNow('--line-strong');
  pen.lineWidth = 1;
  pen.beginPath();
  pen.moveTo(Math.round(x) + 0.5, TOP - 4);
  pen.lineTo(Math.round(x) + 0.5, height - FOOT + 4);
  pen.stroke();
  pen.fillStyle = colourNow('--text-2');
  pen.textAlign = 'center';
  pen.textBaseline = 'alphabetic';
  pen.fillText(shortened(pen, title, Math.max(60, room - 12)), x, 14);
  pen.fillStyle = colourNow('--text-3');
  pen.textAlign = 'left';
  pen.textBaseline = 'middle';
  pen.strokeStyle = colourNow('--surface');
  pen.lineWidth = 4;
  for (const { y, words } of axis.marks) {
    const text = shortened(pen, words, Math.max(40, room - 14));
    pen.strokeText(text, x + 6, y); // so that it reads where lines pass
    pen.fillText(text, x + 6, y);
  }
}

function shortened(pen: CanvasRenderingContext2D, text: string, room_px: number): string {
  if (pen.measureText(text).width <= room_px) return text;
  let end = text.length;
  while (end > 1 && pen.measureText(`${text.slice(0, end)}…`).width > room_px) end -= 1;
  return `${text.slice(0, end)}…`;
}

/** The row whose line passes nearest to a place, if any is near. */
function rowNear(rows: readonly Row[], axes: readonly Axis[], at: (index: number) => number, x: number, y: number): string | undefined {
  const index = axes.findIndex((_, each) => each > 0 && at(each) >= x);
  if (index < 1) return undefined;
  const share = (x - at(index - 1)) / (at(index) - at(index - 1) || 1);
  let [best, found]: [number, string | undefined] = [NEAR_PX, undefined];
  for (const row of rows) {
    const [from, to] = [(axes[index - 1] as Axis).place(row.values[(axes[index - 1] as Axis).key]), (axes[index] as Axis).place(row.values[(axes[index] as Axis).key])];
    const distance = Math.abs(from + (to - from) * share - y);
    if (distance < best) [best, found] = [distance, row.id];
  }
  return found;
}
