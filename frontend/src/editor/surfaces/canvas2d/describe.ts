import type { Region, Shape } from '../../model/types';
import { shapeBounds } from '../../tags/registry';

/** A region in words: "wheel, 2 of 6, at 122, 232, 155 by 172 pixels". */
export function describeRegion(region: Region, name: string, all: readonly Region[]): string {
  const place = all.findIndex(({ id }) => id === region.id) + 1;
  const suggested = region.suggested ? ', suggested' : '';
  return `${name}${suggested}, ${place} of ${all.length}, ${describeShape(region.shape)}`;
}

function describeShape(shape: Shape): string {
  const { minX, minY, maxX, maxY } = shapeBounds(shape);
  const at = `at ${Math.round(minX)}, ${Math.round(minY)}`;
  if (shape.kind === 'keypoint') return at;
  const size = `${Math.round(maxX - minX)} by ${Math.round(maxY - minY)} pixels`;
  return shape.kind === 'polygon' ? `${at}, ${size}, ${shape.points.length} points` : `${at}, ${size}`;
}
