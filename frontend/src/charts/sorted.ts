/** What is done with rows of numbers that rise. */

/** The index of the value nearest to `wanted`; -1 of none. */
export function nearest(values: readonly number[], wanted: number): number {
  if (values.length === 0) return -1;
  let [low, high] = [0, values.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((values[middle] as number) < wanted) low = middle + 1;
    else high = middle;
  }
  const before = low > 0 ? low - 1 : low;
  return Math.abs((values[before] as number) - wanted) <= Math.abs((values[low] as number) - wanted) ? before : low;
}

/** All values of all rows, each once. */
export function union(rows: ReadonlyArray<readonly number[]>): readonly number[] {
  if (rows.length === 1) return rows[0] as readonly number[];
  const all = Float64Array.from(rows.flatMap((row) => [...row])).sort();
  return Array.from(all.filter((value, index) => index === 0 || value !== all[index - 1]));
}
