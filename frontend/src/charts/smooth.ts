/** The values with their ups and downs evened out: each is `weight` of what came before and the rest of itself. Gaps stay gaps. */
export function smoothed(values: readonly number[], weight: number): number[] {
  let [sum, share] = [0, 0];
  return values.map((value) => {
    if (!Number.isFinite(value)) return Number.NaN;
    sum = weight * sum + (1 - weight) * value;
    share = weight * share + (1 - weight); // so that the first values are not drawn towards nought
    return sum / share;
  });
}
