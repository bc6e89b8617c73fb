import { type KeyboardEvent, useCallback, useMemo, useState } from 'react';
import { useWidth } from '../ui/use-width';
import { axisOf, type Row, writeValue } from './axes';
import { colourNow, lineStyle } from './line-style';
import { useCanvas } from './use-canvas';
import './charts.css';

interface ScatterProps {
  rows: readonly Row[];
  x: string;
  y: string;
  /** What a value is called. */
  titleOf: (key: string) => string;
  height?: number;
  onOpen: (id: string) => void;
}

const [LEFT, RIGHT, TOP, FOOT] = [64, 18, 12, 26];
const NEAR_PX = 16;
const DOT_PX = 5;

/** A dot for each run: one value across, one up. Arrows walk the dots from left to right, Enter opens the run. */
export function ScatterChart({ rows, x, y, titleOf, height = 320, onOpen }: ScatterProps) {
  const [place, width] = useWidth<HTMLDivElement>();
  const [lit, setLit] = useState<string | undefined>(undefined);
  const across = useMemo(() => axisOf(rows, x, [LEFT, Math.max(LEFT + 10, width - RIGHT)]), [rows, x, width]);
  const up = useMemo(() => axisOf(rows, y, [height - FOOT, TOP]), [rows, y, height]);
  const dots = useMemo(() => rows.map((row) => ({ row, x: across.place(row.values[x]), y: up.place(row.values[y]) })).filter((dot) => !Number.isNaN(dot.x) && !Number.isNaN(dot.y)).sort((a, b) => a.x - b.x), [rows, across, up, x, y]);
  const draw = useCallback((pen: CanvasRenderingContext2D) => {
    pen.font = `11px ${getComputedStyle(document.body).fontFamily}`;
    pen.strokeStyle = colourNow('--line');
    pen.fillStyle = colourNow('--text-3');
    pen.textBaseline = 'middle';
    pen.textAlign = 'right';
    for (const mark of up.marks) {
      pen.beginPath();
      pen.moveTo(LEFT, Math.round(mark.y) + 0.5);
      pen.lineTo(width - RIGHT, Math.round(mark.y) + 0.5);
      pen.stroke();
      pen.fillText(mark.words.slice(0, 10), LEFT - 7, mark.y);
    }
    pen.textAlign = 'center';
    for (const mark of across.marks) pen.fillText(mark.words.slice(0, 14), mark.y, height - FOOT + 14);
    for (const dot of dots) {
      pen.fillStyle = colourNow(lineStyle(dot.row.style).token);
      pen.strokeStyle = colourNow('--surface');
      pen.beginPath();
      pen.arc(dot.x, dot.y, DOT_PX, 0, 7);
      pen.fill();
      pen.stroke();
    }
  }, [across, up, dots, width, height]);
  const canvas = useCanvas(width, height, draw);
  const found = dots.find(({ row }) => row.id === lit);
  const onKey = (event: KeyboardEvent) => {
    const index = dots.findIndex(({ row }) => row.id === lit);
    const go = (to: number) => setLit(dots[Math.max(0, Math.min(dots.length - 1, to))]?.row.id);
    if (event.key === 'ArrowRight') go(index + 1);
    else if (event.key === 'ArrowLeft') go(index < 0 ? 0 : index - 1);
    else if (event.key === 'Enter' && found) onOpen(found.row.id);
    else return;
    event.preventDefault();
  };
  const onMove = (event: React.PointerEvent<HTMLDivElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const far = (dot: { x: number; y: number }) => Math.hypot(dot.x - (event.clientX - box.left), dot.y - (event.clientY - box.top));
    const near = [...dots].sort((a, b) => far(a) - far(b))[0];
    setLit(near && far(near) <= NEAR_PX ? near.row.id : undefined);
  };
  const words = found ? `${found.row.name}: ${titleOf(x)} ${writeValue(found.row.values[x])}, ${titleOf(y)} ${writeValue(found.row.values[y])}` : `${dots.length} of ${rows.length} runs have both values. Arrows walk them.`;
  return (
    <>
      <div
        ref={place} className="chart-face plain-face" style={{ height }} role="slider" tabIndex={0} aria-label={`${titleOf(y)} over ${titleOf(x)}`} aria-orientation="horizontal" aria-valuemin={0} aria-valuemax={Math.max(0, dots.length - 1)}
        aria-valuenow={Math.max(0, dots.findIndex(({ row }) => row.id === lit))} aria-valuetext={words} onKeyDown={onKey} onPointerMove={onMove} onPointerLeave={() => setLit(undefined)} onBlur={() => setLit(undefined)} onClick={() => { if (found) onOpen(found.row.id); }}
      >
        <canvas ref={canvas} style={{ width, height }} aria-hidden="true" />
        {found && (
          <>
            <svg className="chart-marks" aria-hidden="true"><circle cx={found.x} cy={found.y} r={DOT_PX + 3} fill="none" stroke="var(--accent)" strokeWidth="2" /></svg>
            <div className="readout" style={found.x > width / 2 ? { right: width - found.x + 12, top: Math.max(0, found.y - 20) } : { left: found.x + 12, top: Math.max(0, found.y - 20) }}>
              <b className="b cut">{found.row.name}</b><span className="row"><span className="muted cut">{titleOf(x)}</span><span>{writeValue(found.row.values[x])}</span></span><span className="row"><span className="muted cut">{titleOf(y)}</span><span>{writeValue(found.row.values[y])}</span></span>
            </div>
          </>
        )}
      </div>
      {dots.length < rows.length && <p className="muted small">{rows.length - dots.length} of {rows.length} runs lack one of the two values.</p>}
    </>
  );
}
