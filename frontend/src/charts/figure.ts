import type { Figure } from '../api/tracking';

const NAMES: Record<string, number> = { NaN: Number.NaN, Infinity, '-Infinity': -Infinity };

/** A value of a metric as a number. */
export const numberOf = (figure: Figure | null | undefined): number =>
  (typeof figure === 'number' ? figure : figure === null || figure === undefined ? Number.NaN : (NAMES[figure] ?? Number(figure)));

/** A value of a metric as a person reads it: five digits that count. */
export function writeFigure(figure: Figure | null | undefined): string {
  if (figure === null || figure === undefined) return '–';
  const value = numberOf(figure);
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return value.toLocaleString('en');
  const size = Math.abs(value);
  if (size >= 1e9 || size < 1e-4) return value.toExponential(3).replace(/\.?0+e/, 'e').replace('e+', 'e');
  return value.toLocaleString('en', { maximumSignificantDigits: 5 });
}
