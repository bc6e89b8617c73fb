import { plural, t } from '../../../i18n/words';
import type { Region, Shape } from '../../model/types';
import { shapeBounds } from '../../tags/registry';

/** A region in words: "wheel, 2 of 6, at 122, 232, 155 by 172 pixels". */
export function describeRegion(region: Region, name: string, all: readonly Region[]): string {
  const place = all.findIndex(({ id }) => id === region.id) + 1;
  const words = { name, place, all: all.length, shape: describeShape(region.shape) };
  return region.suggested ? t('{name}, suggested, {place} of {all}, {shape}', words) : t('{name}, {place} of {all}, {shape}', words);
}

function describeShape(shape: Shape): string {
  const { minX, minY, maxX, maxY } = shapeBounds(shape);
  const at = t('at {x}, {y}', { x: Math.round(minX), y: Math.round(minY) });
  if (shape.kind === 'keypoint') return at;
  const size = t('{width} by {height} pixels', { width: Math.round(maxX - minX), height: Math.round(maxY - minY) });
  const points = shape.kind === 'polygon' ? [plural(shape.points.length, '{n} point', '{n} points')] : [];
  return [at, size, ...points].join(', ');
}
