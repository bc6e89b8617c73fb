/**
 * Instructions may hold HTML (as Label Studio's do). It is read as a document that nothing of runs or loads, and only
 * headings, paragraphs, lists, emphasis and links of it are shown.
 */

export interface Inline {
  readonly text: string;
  readonly isBold?: boolean;
  readonly isItalic?: boolean;
  readonly href?: string;
}

export interface Block {
  readonly kind: 'heading' | 'item' | 'text';
  readonly inlines: readonly Inline[];
}

const BLOCKS = new Set(['P', 'DIV', 'LI', 'H1', 'H2', 'H3', 'H4', 'H5', 'H6', 'TR', 'BLOCKQUOTE', 'PRE', 'SECTION', 'UL', 'OL']);
const SILENT = new Set(['SCRIPT', 'STYLE', 'TEMPLATE', 'IFRAME', 'OBJECT']);

export function blocksOf(html: string): Block[] {
  const blocks: Array<{ kind: Block['kind']; inlines: Inline[] }> = [{ kind: 'text', inlines: [] }];
  const begin = (kind: Block['kind']): void => void blocks.push({ kind, inlines: [] });
  const walk = (node: Node, style: Omit<Inline, 'text'>): void => {
    if (node instanceof Text) return addText(node.data, style);
    if (!(node instanceof Element) || SILENT.has(node.tagName)) return;
    const isBlock = BLOCKS.has(node.tagName);
    if (isBlock || node.tagName === 'BR') begin(kindOf(node.tagName));
    node.childNodes.forEach((child) => walk(child, styleOf(node, style)));
    if (isBlock) begin('text');
  };
  const addText = (text: string, style: Omit<Inline, 'text'>): void => {
    for (const [index, line] of text.split('\n').entries()) {
      if (index > 0 && !html.includes('<')) begin('text'); // plain text keeps its lines
      if (line.trim() !== '') blocks.at(-1)!.inlines.push({ text: line, ...style });
    }
  };
  new DOMParser().parseFromString(html, 'text/html').body.childNodes.forEach((node) => walk(node, {}));
  return blocks.filter((block) => block.inlines.length > 0);
}

function kindOf(tag: string): Block['kind'] {
  if (tag === 'LI') return 'item';
  return /^H[1-6]$/.test(tag) ? 'heading' : 'text';
}

function styleOf(element: Element, style: Omit<Inline, 'text'>): Omit<Inline, 'text'> {
  if (element.tagName === 'B' || element.tagName === 'STRONG') return { ...style, isBold: true };
  if (element.tagName === 'I' || element.tagName === 'EM') return { ...style, isItalic: true };
  const href = element.tagName === 'A' ? (element.getAttribute('href') ?? '') : '';
  return /^(https?:|mailto:)/i.test(href) ? { ...style, href } : style;
}
