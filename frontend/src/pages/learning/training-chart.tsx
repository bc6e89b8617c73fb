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
          {serving !== undefined && <Serving width={width} y={y(serving, main.top)} value={serving} {...placeOfWords([...covers(main, x, y), ...covers(loss, x, y)], y(serving, main.top), width)} />}
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

type Place = readonly [x: number, y: number];
interface WordsPlace {
  isLeft: boolean;
  isBelow: boolean;
}

const [WORDS_WIDE, WORDS_HIGH, STEP_PX, NAME_WIDE] = [112, 18, 6, 96];
const PLACES: readonly WordsPlace[] = [{ isLeft: false, isBelow: false }, { isLeft: false, isBelow: true }, { isLeft: true, isBelow: false }, { isLeft: true, isBelow: true }];

/** Where the words beside the line to beat cover the least of the curves and of their names: at its end, if it can be. */
export function placeOfWords(drawn: readonly Place[], lineY: number, width: number): WordsPlace {
  const covered = ({ isLeft, isBelow }: WordsPlace): number => {
    const [left, top] = [isLeft ? LEFT + 6 : width - RIGHT - WORDS_WIDE, isBelow ? lineY + 2 : lineY - WORDS_HIGH];
    return drawn.filter(([x, y]) => x >= left && x <= left + WORDS_WIDE && y >= top && y <= top + WORDS_HIGH).length;
  };
  const fitting = PLACES.filter(({ isBelow }) => isBelow || lineY >= TOP + WORDS_HIGH - 2);
  return fitting.reduce((best, each) => (covered(each) < covered(best) ? each : best));
}

/** What a curve and its name at its end cover, place by place. */
function covers(curve: Curve | undefined, x: Across, y: Up): Place[] {
  if (!curve) return [];
  const points = curve.points.map(([step, value]): Place => [x(step), y(value, curve.top)]);
  const between = points.slice(1).flatMap(([toX, toY], index): Place[] => {
    const [fromX, fromY] = points[index]!;
    const count = Math.max(1, Math.ceil(Math.hypot(toX - fromX, toY - fromY) / STEP_PX));
    return Array.from({ length: count }, (_, part): Place => [fromX + ((toX - fromX) * part) / count, fromY + ((toY - fromY) * part) / count]);
  });
  const [endX, endY] = points.at(-1) ?? [0, 0];
  // Its name stands above or below its end: neither is for others.
  const name = Array.from({ length: NAME_WIDE / STEP_PX }, (_, part) => endX + part * STEP_PX).flatMap((at): Place[] => [[at, endY - 11], [at, endY + 12]]);
  return [...between, ...name];
}

const Serving = ({ width, y, value, isLeft, isBelow }: WordsPlace & { width: number; y: number; value: number }) => (
  <g><line x1={LEFT} x2={width - RIGHT} y1={y} y2={y} stroke="var(--good)" strokeDasharray="3 4" /><text x={isLeft ? LEFT + 6 : width - RIGHT} y={isBelow ? y + 15 : y - 6} textAnchor={isLeft ? 'start' : 'end'} className="axis good">serving now: {figure(value)}</text></g>
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
