/** Percent of a length, 0 to 100 inside the picture; never rounded. */
export function toPercent(px: number, whole: number): number {
  return (px / whole) * 100;
}

export function toPixels(percent: number, whole: number): number {
  return (percent / 100) * whole;
}

/** The value as a finite number, or null. */
export function finite(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
