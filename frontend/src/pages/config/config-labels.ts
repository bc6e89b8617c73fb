import { Palette } from '../../editor/model/config/palette';

/** The lists of labels and choices in a config, changed as text so that all else stays as written. */
export interface LabelList {
  /** "RectangleLabels", "Choices". */
  tag: string;
  name: string;
  values: readonly string[];
  /** The colours that the config names itself, by value. */
  backgrounds: ReadonlyMap<string, string>;
}

const CONTROL = /<(RectangleLabels|PolygonLabels|EllipseLabels|KeyPointLabels|BrushLabels|Labels|Choices)\b([^>]*[^/])?>([\s\S]*?)<\/\1>/g;
const ITEM = /<(Label|Choice)\b([^>]*?)\/?>(?:\s*<\/\1>)?/g;

export function labelListsOf(config: string): LabelList[] {
  return [...config.matchAll(CONTROL)].map(([, tag = '', attributes = '', inside = '']) => {
    const items = [...inside.matchAll(ITEM)].map((item) => ({ value: attribute(item[2] ?? '', 'value') ?? '', background: attribute(item[2] ?? '', 'background')?.trim() }));
    return {
      tag, name: attribute(attributes, 'name') ?? '', values: items.map(({ value }) => value),
      backgrounds: new Map(items.flatMap(({ value, background }) => (background ? [[value, background] as const] : []))),
    };
  });
}

/** The colour of each label as the label page gives them out: the config's own, else the tokens in order; the same value, the same colour. */
export function coloursOf(lists: readonly LabelList[]): ReadonlyArray<ReadonlyMap<string, string>> {
  const palette = new Palette();
  return lists.map(({ tag, values, backgrounds }) => new Map(tag === 'Choices' ? [] : values.map((value) => [value, palette.colour(value, backgrounds.get(value))])));
}

/** The config with the labels of one list replaced; a label that stays keeps its colour and key. */
export function withLabels(config: string, list: number, values: readonly string[]): string {
  let index = -1;
  return config.replace(CONTROL, (whole, tag: string, attributes: string | undefined, inside: string) => {
    index += 1;
    if (index !== list) return whole;
    const kept = new Map([...inside.matchAll(ITEM)].map((item) => [attribute(item[2] ?? '', 'value') ?? '', item[0]]));
    const indent = /\n([ \t]*)<(?:Label|Choice)\b/.exec(inside)?.[1] ?? '    ';
    const close = /\n([ \t]*)$/.exec(inside)?.[1] ?? '  ';
    const items = values.map((value) => `\n${indent}${kept.get(value) ?? `<${tag === 'Choices' ? 'Choice' : 'Label'} value="${escapeXml(value)}"/>`}`);
    return `<${tag}${attributes ?? ''}>${items.join('')}\n${close}</${tag}>`;
  });
}

function attribute(attributes: string, name: string): string | undefined {
  const found = new RegExp(`\\b${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`).exec(attributes);
  return found ? unescapeXml(found[1] ?? found[2] ?? '') : undefined;
}

const escapeXml = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
const unescapeXml = (text: string): string => text.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&quot;/g, '"').replace(/&apos;/g, "'").replace(/&amp;/g, '&');

/** The data keys that a config shows: `$image` stands as "image". */
export function keysWanted(config: string): string[] {
  return [...new Set([...config.matchAll(/<(?:Image|Text|HyperText|Paragraphs|Audio|Video|Table|TimeSeries|List|Header)\b[^>]*\bvalue(?:List)?\s*=\s*["']\$([\w.-]+)/g)].map((found) => found[1] as string))];
}

/** The config reading one data key in place of another. */
export const withKey = (config: string, from: string, to: string): string => config.replaceAll(new RegExp(`(["'])\\$${from.replace(/[.\\-]/g, '\\$&')}(?=["'\\[.])`, 'g'), `$1$$${to}`);
