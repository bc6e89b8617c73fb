import { t } from '../../i18n/words';
import { type ControlTag, type EditorConfig, findControl, findLabel } from '../model/config/config';
import type { Region } from '../model/types';

/** How a region is drawn. Regions of one style are drawn together. */
export interface RegionStyle {
  /** The same for equal styles. */
  readonly key: string;
  /** A colour that a canvas understands. */
  readonly colour: string;
  /** 0 to 1. */
  readonly fillAlpha: number;
  readonly isDashed: boolean;
}

type Styled = Pick<Region, 'fromName' | 'labels' | 'suggested' | 'exchange'>;

const FILL_ALPHA = 0.1;
const UNLABELLED = 'var(--l12)';

/** Turns regions into styles, resolving the page's colour tokens. Made anew when the theme changes. */
export class Palette {
  readonly #config: EditorConfig;
  readonly #tokens: CSSStyleDeclaration;
  readonly #colours = new Map<string, string>();
  readonly #styles = new Map<string, RegionStyle>();
  /** Regions do not change; a new paint asks for thousands of them again. */
  readonly #known = new WeakMap<Styled, RegionStyle>();

  constructor(config: EditorConfig, element: Element) {
    this.#config = config;
    this.#tokens = getComputedStyle(element);
  }

  styleOf(region: Styled): RegionStyle {
    let style = this.#known.get(region);
    if (style === undefined) this.#known.set(region, (style = this.#sharedStyle(region)));
    return style;
  }

  #sharedStyle(region: Styled): RegionStyle {
    const key = `${region.fromName}\n${region.labels[0] ?? ''}\n${region.suggested ? 1 : 0}${region.exchange === 'counter-prompt' ? '-' : ''}`;
    let style = this.#styles.get(key);
    if (style === undefined) {
      style = this.#newStyle(key, region);
      this.#styles.set(key, style);
    }
    return style;
  }

  /** Of all spans that a person or a model may mark with one label. */
  spanStyles(): RegionStyle[] {
    const controls = this.#config.controls.filter((control) => control.makes === 'span');
    return controls.flatMap(({ name, labels }) =>
      labels.flatMap(({ value }) =>
        [false, true].map((suggested) => this.styleOf({ fromName: name, labels: [value], suggested })),
      ),
    );
  }

  /** The colour that the next region of a control gets, for the label given. */
  colourOf(fromName: string, label: string | undefined): string {
    const control = findControl(this.#config, fromName);
    return this.resolve(labelColour(this.#config, control, label));
  }

  /** What people read for a region: its labels as shown, or the name of a control that has none. */
  nameOf(region: Region): string {
    const control = findControl(this.#config, region.fromName);
    if (region.labels.length === 0) return control?.labels.length === 0 ? region.fromName : t('no label');
    return region.labels.map((value) => shownLabel(this.#config, control, value)).join(', ');
  }

  /** A colour with its `var(--token)` filled in. */
  resolve(colour: string): string {
    const known = this.#colours.get(colour);
    if (known !== undefined) return known;
    const token = /^var\(\s*(--[\w-]+)\s*\)$/.exec(colour)?.[1];
    const resolved = token === undefined ? colour : this.#tokens.getPropertyValue(token).trim() || '#5c6773';
    this.#colours.set(colour, resolved);
    return resolved;
  }

  #newStyle(key: string, region: Styled): RegionStyle {
    return {
      key,
      colour: region.exchange === 'counter-prompt' ? this.resolve('var(--bad)') : this.colourOf(region.fromName, region.labels[0]),
      fillAlpha: FILL_ALPHA,
      isDashed: region.suggested,
    };
  }
}

/** A score from 0 to 1 as people read it in the list too: 0.94. */
export function scoreText(score: number): string {
  return score.toFixed(2);
}

/** Black or white, whichever is read better on a colour given as #rgb, #rrggbb or rgb(…). */
export function inkOn(colour: string): '#000' | '#fff' {
  const channels = channelsOf(colour);
  if (channels === null) return '#fff';
  const [r, g, b] = channels.map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  const luminance = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  const onWhite = 1.05 / (luminance + 0.05);
  const onBlack = (luminance + 0.05) / 0.05;
  return onWhite >= 4 || onWhite >= onBlack ? '#fff' : '#000';
}

function channelsOf(colour: string): [number, number, number] | null {
  const hex = /^#([0-9a-f]{6}|[0-9a-f]{3})\b/i.exec(colour)?.[1];
  if (hex !== undefined) {
    const full = hex.length === 3 ? [...hex].map((digit) => digit + digit).join('') : hex;
    return [0, 2, 4].map((at) => Number.parseInt(full.slice(at, at + 2), 16)) as [number, number, number];
  }
  const numbers = /^rgba?\(([^)]*)\)/.exec(colour)?.[1]?.split(/[\s,/]+/).map(Number);
  return numbers && numbers.length >= 3 ? [numbers[0]!, numbers[1]!, numbers[2]!] : null;
}

/** Labels of a plain shape control (`Rectangle` with `Labels` beside it) may stand in another control of the object. */
function labelColour(config: EditorConfig, control: ControlTag | undefined, label: string | undefined): string {
  if (label === undefined) return UNLABELLED;
  const spec = findLabel(control, label) ?? labelElsewhere(config, label);
  return spec?.colour ?? UNLABELLED;
}

function shownLabel(config: EditorConfig, control: ControlTag | undefined, value: string): string {
  return (findLabel(control, value) ?? labelElsewhere(config, value))?.shown ?? value;
}

function labelElsewhere(config: EditorConfig, value: string): ReturnType<typeof findLabel> {
  for (const control of config.controls) {
    const spec = control.makes === 'answer' ? undefined : findLabel(control, value);
    if (spec !== undefined) return spec;
  }
  return undefined;
}
