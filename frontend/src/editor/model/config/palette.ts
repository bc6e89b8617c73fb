const TOKENS = 12;

/** Gives out label colours: the config's own, else the tokens in order, the same value always the same colour. */
export class Palette {
  readonly #given = new Map<string, string>();

  colour(value: string, background: string | undefined): string {
    if (background !== undefined && background.trim() !== '') return background;
    const known = this.#given.get(value);
    if (known !== undefined) return known;
    const colour = `var(--l${(this.#given.size % TOKENS) + 1})`;
    this.#given.set(value, colour);
    return colour;
  }
}
