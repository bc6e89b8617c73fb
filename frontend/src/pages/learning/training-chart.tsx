import { useState } from 'react';
import { useWidth } from '../../ui/use-width';
import { type Curve, figure, nameOfFigure, nearestPoint, type TrainingCurves } from './curves';

const [LEFT, RIGHT, TOP, HEIGHT, FOOT] = [38, 14, 12, 184, 22];
const LINES = 4;

/** The figure that counts over the steps, how the loss falls, and the line that it must beat. A table beside it says the same. */
export function TrainingChart({ curves, name }: { curves: TrainingCurves; name: string }) {
  const [place, width] = useWidth<HTMLDivElement>();
  const [at, setAt] = useState<number>();
  const { main, loss, serving, firstStep, lastStep } = curves;
  const x = (step: number) => LEFT + (lastStep === firstStep ? 0.5 : (step - firstStep) / (lastStep - firstStep)) * (width - LEFT - RIGHT);
  const y = (value: number, top: number) => TOP + HEIGHT - Math.max(0, Math.min(1, value / top)) * HEIGHT;
  const stepAt = (event: React.PointerEvent<HTMLElement>) => firstStep + ((event.clientX - event.currentTarget.getBoundingClientRect().left - LEFT) / Math.max(1, width - LEFT - RIGHT)) * (lastStep - firstStep);
  const step = at ?? lastStep;
  const height = TOP + HEIGHT + FOOT;
  return (
    <div ref={place} className="training-chart" style={{ height }} onPointerMove={(event) => setAt(stepAt(event))} onPointerLeave={() => setAt(undefined)}>
      {width > 0 && main && (
        <svg width={width} height={height} role="img" aria-label={name}>
          {Array.from({ length: LINES + 1 }, (_, index) => (main.top * index) / LINES).map((value, index) => <g key={index}><line x1={LEFT} x2={width - RIGHT} y1={y(value, main.top)} y2={y(value, main.top)} stroke="var(--line)" />{index % 2 === 0 && <text x={LEFT - 8} y={y(value, main.top) + 4} textAnchor="end" className="axis">{value === 0 ? '0' : main.top === 1 ? value.toFixed(1) : figure(value)}</text>}</g>)}
          {serving !== undefined && <Serving width={width} y={y(serving, main.top)} value={serving} {...placeOfServing(main, serving, lastStep)} />}
          {loss && <Line curve={loss} x={x} y={y} tone="loss" />}
          <Line curve={main} x={x} y={y} tone="main" />
          {at !== undefined && <line x1={x(step)} x2={x(step)} y1={TOP} y2={TOP + HEIGHT} stroke="var(--line-strong)" />}
          {loss && <Point curve={loss} step={step} x={x} y={y} width={width} tone="loss" beside={main} />}
          <Point curve={main} step={step} x={x} y={y} width={width} tone="main" beside={loss} />
          <text x={LEFT} y={height - 5} className="axis">{firstStep}</text>
          {loss && <text x={LEFT + (width - LEFT - RIGHT) / 2} y={height - 5} textAnchor="middle" className="axis">{nameOfFigure(loss.name)} on its own scale, 0 to {figure(loss.top)}</text>}
          {lastStep > firstStep && <text x={width - RIGHT} y={height - 5} textAnchor="end" className="axis">{lastStep}</text>}
        </svg>
      )}
    </div>
  );
}

type Across = (step: number) => number;
type Up = (value: number, top: number) => number;

function Line({ curve, x, y, tone }: { curve: Curve; x: Across; y: Up; tone: 'main' | 'loss' }) {
  const path = curve.points.map(([step, value]) => `${x(step).toFixed(1)} ${y(value, curve.top).toFixed(1)}`).join('L');
  return path ? <path d={`M${path}`} fill="none" stroke={tone === 'main' ? 'var(--accent)' : 'var(--text-3)'} strokeWidth={tone === 'main' ? 2 : 1.5} strokeLinejoin="round" strokeLinecap="round" /> : null;
}

/** At the end of its line where the curve is further from it, and on the side where the curve is not. */
function placeOfServing({ points }: Curve, serving: number, lastStep: number): { isLeft: boolean; isBelow: boolean } {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last || last[0] < lastStep * 0.6) return { isLeft: false, isBelow: (last?.[1] ?? 0) > serving };
  const isLeft = Math.abs(first[1] - serving) > Math.abs(last[1] - serving);
  return { isLeft, isBelow: (isLeft ? first[1] : last[1]) > serving };
}

const Serving = ({ width, y, value, isLeft, isBelow }: { width: number; y: number; value: number; isLeft: boolean; isBelow: boolean }) => (
  <g><line x1={LEFT} x2={width - RIGHT} y1={y} y2={y} stroke="var(--good)" strokeDasharray="3 4" /><text x={isLeft ? LEFT + 6 : width - RIGHT} y={isBelow || y < TOP + 16 ? y + 15 : y - 6} textAnchor={isLeft ? 'start' : 'end'} className="axis good">serving now: {figure(value)}</text></g>
);

interface PointProps {
  curve: Curve;
  step: number;
  x: Across;
  y: Up;
  width: number;
  tone: 'main' | 'loss';
  /** The other curve, whose words these must not cover. */
  beside?: Curve | undefined;
}

function Point({ curve, step, x, y, width, tone, beside }: PointProps) {
  const point = nearestPoint(curve.points, step);
  if (!point) return null;
  const [cx, cy] = [x(point[0]), y(point[1], curve.top)];
  const other = beside && nearestPoint(beside.points, step);
  const isRight = cx > width - RIGHT - 92;
  const above = other && beside ? cy < y(other[1], beside.top) || (tone === 'main' && cy === y(other[1], beside.top)) : tone === 'main';
  // In the foot of the chart its words would cover those of the axis.
  const isLow = cy > TOP + HEIGHT - 14 && !(other && beside && Math.abs(cy - y(other[1], beside.top)) < 20);
  return (
    <g>
      <circle cx={cx} cy={cy} r={tone === 'main' ? 3.5 : 2.5} fill={tone === 'main' ? 'var(--accent)' : 'var(--text-3)'} />
      <text x={cx + (isRight ? -8 : 8)} y={isLow || (above && cy > TOP + 12) ? cy - 7 : cy + 16} textAnchor={isRight ? 'end' : 'start'} className={`axis ${tone === 'main' ? 'now' : ''}`}>{nameOfFigure(curve.name)} {figure(point[1])}</text>
    </g>
  );
}
