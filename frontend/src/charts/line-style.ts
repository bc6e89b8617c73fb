/** Lines are told apart by colour and by dash, also by those who see few colours. */
export interface LineStyle {
  /** A colour of the tokens, such as "--l1". */
  token: string;
  /** px; none for a whole line. */
  dash: readonly number[];
}

const COLOURS = 12;
const DASHES: ReadonlyArray<readonly number[]> = [[], [7, 4], [2, 3], [9, 3, 2, 3]];
/** Colours are safely told apart in steps of this many; then the next dash begins. */
const SAFE = 4;

/** The line of a run that stands alone. */
export const ALONE = -1;

export const lineStyle = (index: number): LineStyle => (index === ALONE ? { token: '--accent', dash: [] } : { token: `--l${(index % COLOURS) + 1}`, dash: DASHES[Math.floor(index / SAFE) % DASHES.length] as readonly number[] });

/** The colour that a token stands for now, for those who draw without CSS. */
export const colourNow = (token: string): string => getComputedStyle(document.documentElement).getPropertyValue(token).trim();
