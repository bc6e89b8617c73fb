/**
 * Offsets of one text: results count Unicode code points, the editor counts UTF-16 units.
 * A lone surrogate counts as one code point, as it does in Python. Only characters outside the basic plane
 * are stored, so a look-up costs the logarithm of their number.
 */
export class OffsetTable {
  /** UTF-16 offsets of the characters that take two units, ascending. */
  readonly #wide: readonly number[];
  readonly length: number;
  readonly lengthInCodePoints: number;

  constructor(text: string) {
    this.#wide = wideCharacters(text);
    this.length = text.length;
    this.lengthInCodePoints = text.length - this.#wide.length;
  }

  /** Code points before a UTF-16 offset. An offset inside a character counts that character. */
  toCodePoint(utf16: number): number {
    return utf16 - countWhere(this.#wide, (at) => at < utf16);
  }

  toUtf16(codePoint: number): number {
    return codePoint + countWhere(this.#wide, (at, index) => at - index < codePoint);
  }
}

function wideCharacters(text: string): number[] {
  const found: number[] = [];
  for (const match of text.matchAll(/[\u{10000}-\u{10FFFF}]/gu)) found.push(match.index);
  return found;
}

/** How many leading items satisfy the test; the items that do must all come first. */
function countWhere(items: readonly number[], test: (item: number, index: number) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (test(items[middle]!, middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
