import type { Points, TrainingFigures } from '../../api/learning';

/** One line of the chart, and how it is read. */
export interface Curve {
  name: string;
  points: Points;
  /** 1 for scores; else the greatest value, so that a loss fills the height. */
  top: number;
}

export interface TrainingCurves {
  main: Curve | undefined;
  loss: Curve | undefined;
  serving: number | undefined;
  /** Names to choose the main one of. */
  names: readonly string[];
  firstStep: number;
  lastStep: number;
}

const isLoss = (name: string): boolean => /loss|error/i.test(name);
const JUDGED = /map_?50(?!.*95)|accuracy|\bf1\b|^f1|map|score/i;

/** The figure that a model is judged by: the likeliest by name, first of those that the serving version has as well. */
export function judgedBy({ figures, serving }: TrainingFigures): string | undefined {
  const names = Object.keys(figures).filter((name) => (figures[name]?.length ?? 0) > 0);
  const judging = names.filter((name) => JUDGED.test(name) && !isLoss(name));
  const scores = names.filter((name) => !isLoss(name));
  return [judging, scores, names].flatMap((found) => [found.find((name) => name in serving) ?? found[0] ?? []].flat())[0];
}

/** What of the figures is drawn: one of them, and beside it how the loss falls. */
export function curvesOf(told: TrainingFigures, wanted?: string): TrainingCurves {
  const { figures, serving } = told;
  const names = Object.keys(figures).filter((name) => (figures[name]?.length ?? 0) > 0);
  const main = wanted && names.includes(wanted) ? wanted : judgedBy(told);
  const loss = names.find((name) => isLoss(name) && name !== main);
  const steps = [main, loss].flatMap((name) => (name ? (figures[name] ?? []).map(([step]) => step) : []));
  return {
    main: main ? curveOf(main, figures[main] ?? [], serving[main]) : undefined, loss: loss ? curveOf(loss, figures[loss] ?? []) : undefined,
    serving: main ? serving[main] : undefined, names, firstStep: Math.min(...steps), lastStep: Math.max(...steps),
  };
}

function curveOf(name: string, points: Points, besides = 0): Curve {
  const finite = points.filter(([, value]) => Number.isFinite(value));
  const most = Math.max(besides, 0, ...finite.map(([, value]) => value));
  return { name, points: finite, top: isLoss(name) || most > 1 ? most || 1 : 1 };
}

/** The point nearest to a step. */
export const nearestPoint = (points: Points, step: number): Points[number] | undefined =>
  points.reduce<Points[number] | undefined>((best, each) => (best === undefined || Math.abs(each[0] - step) < Math.abs(best[0] - step) ? each : best), undefined);

/** A figure's value, as short as it can be read. */
export function figure(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e5 || size < 1e-3)) return value.toExponential(1).replace('e+', 'e');
  return size >= 100 ? value.toFixed(0) : size >= 10 ? value.toFixed(1) : value.toFixed(size < 0.01 && size > 0 ? 4 : 2);
}

/** A figure's name as it is read: the last part of a path, without its dashes. */
export const nameOfFigure = (name: string): string => (name.split('/').at(-1) ?? name).replace(/\(B\)$/, '').replace(/_/g, ' ');
