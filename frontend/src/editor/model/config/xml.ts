import type { ConfigError, ConfigNode } from './config';

export type XmlOutcome =
  | { readonly root: ConfigNode; readonly error: null }
  | { readonly root: null; readonly error: ConfigError };

/**
 * Parses one XML document, strictly, and keeps where each element stands, which the browser's own parser does not tell.
 * Refuses document types, and with them every entity but the five of XML: a config has no use for others.
 */
export function parseXml(source: string): XmlOutcome {
  try {
    return { root: new XmlReader(source).readDocument(), error: null };
  } catch (fault) {
    if (fault instanceof XmlFault) return { root: null, error: fault.error };
    throw fault;
  }
}

const DEEPEST = 200;
const NAME = /[\p{L}_:][\p{L}\p{N}_:.\-]*/uy;
const SPACE = /\s*/y;
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

class XmlFault extends Error {
  readonly error: ConfigError;

  constructor(error: ConfigError) {
    super(error.message);
    this.error = error;
  }
}

interface OpenElement {
  readonly written: string;
  readonly attributes: Readonly<Record<string, string | boolean>>;
  readonly children: ConfigNode[];
  readonly at: number;
  text: string;
}

class XmlReader {
  readonly #source: string;
  readonly #lineStarts: readonly number[];
  #at = 0;

  constructor(source: string) {
    this.#source = source;
    this.#lineStarts = [0, ...Array.from(source.matchAll(/\r\n|\r|\n/g), (match) => match.index + match[0].length)];
  }

  readDocument(): ConfigNode {
    if (this.#source.charCodeAt(0) === 0xfeff) this.#at = 1;
    this.#skipMisc();
    if (this.#peek() !== '<' || this.#isNext('</')) this.#fail('A labelling config is XML and begins with an element such as <View>.');
    const root = this.#readElement();
    this.#skipMisc();
    if (this.#at < this.#source.length) this.#fail('There is text after the end of the config. Put everything inside one <View>.');
    return root;
  }

  /** Reads one element with all that is in it, without recursion: depth is bounded by DEEPEST, not by the stack. */
  #readElement(): ConfigNode {
    const open: OpenElement[] = [];
    for (;;) {
      const finished = this.#isNext('</') ? this.#readEndTag(open) : this.#readStartTag(open);
      const parent = open.at(-1);
      if (finished !== null) {
        if (parent === undefined) return finished;
        parent.children.push(finished);
      }
      this.#readText(open.at(-1)!);
    }
  }

  /** Opens an element, or gives it whole when it closes itself. */
  #readStartTag(open: OpenElement[]): ConfigNode | null {
    const at = this.#at;
    this.#at += 1;
    const written = this.#readName('A tag name is missing after "<". Write &lt; for the character itself.');
    const element: OpenElement = { written, attributes: this.#readAttributes(written), children: [], at, text: '' };
    if (this.#accept('/>')) return this.#close(element);
    if (!this.#accept('>')) this.#fail(`The tag <${written}> is not closed with ">".`);
    if (open.length >= DEEPEST) this.#fail(`Elements are nested deeper than ${DEEPEST}.`);
    open.push(element);
    return null;
  }

  #readEndTag(open: OpenElement[]): ConfigNode {
    const at = this.#at;
    this.#at += 2;
    const name = this.#readName('A tag name is missing after "</".');
    this.#skipSpace();
    const element = open.pop()!;
    if (name !== element.written) {
      const { line } = this.#place(element.at);
      this.#fail(`</${name}> does not close <${element.written}> of line ${line}.`, at);
    }
    if (!this.#accept('>')) this.#fail(`The tag </${name}> is not closed with ">".`);
    return this.#close(element);
  }

  #close({ written, attributes, children, at, text }: OpenElement): ConfigNode {
    return { tag: written.toLowerCase(), written, attributes, children, text, ...this.#place(at) };
  }

  #readAttributes(written: string): Record<string, string | boolean> {
    const attributes = new Map<string, string | boolean>();
    const seen = new Set<string>();
    for (;;) {
      const spaced = this.#skipSpace();
      if (this.#isNext('>') || this.#isNext('/>') || this.#at >= this.#source.length) return Object.fromEntries(attributes);
      if (!spaced) this.#fail(`A space is missing between the attributes of <${written}>.`);
      const at = this.#at;
      const name = this.#readName(`<${written}> has an attribute without a name.`);
      if (seen.has(name)) this.#fail(`<${written}> has the attribute ${name} twice.`, at);
      seen.add(name);
      const key = name.toLowerCase();
      attributes.set(key, typed(key, this.#readAttributeValue(name)));
    }
  }

  #readAttributeValue(name: string): string {
    this.#skipSpace();
    if (!this.#accept('=')) this.#fail(`The attribute ${name} needs a value: ${name}="…".`);
    this.#skipSpace();
    const quote = this.#peek();
    if (quote !== '"' && quote !== "'") this.#fail(`The value of ${name} needs quotes: ${name}="…".`);
    const at = this.#at + 1;
    const end = this.#source.indexOf(quote, at);
    if (end < 0) this.#fail(`The value of ${name} has no closing quote.`);
    const raw = this.#source.slice(at, end);
    const bracket = raw.indexOf('<');
    if (bracket >= 0) this.#fail(`The value of ${name} holds "<". Write &lt; instead, or close the quote.`, at + bracket);
    this.#at = end + 1;
    return this.#decode(raw, at).replace(/[\r\n\t]/g, ' ');
  }

  /** Text, comments, CDATA and instructions, up to the next tag. */
  #readText(element: OpenElement): void {
    for (;;) {
      const next = this.#source.indexOf('<', this.#at);
      if (next < 0) {
        const { line } = this.#place(element.at);
        this.#fail(`<${element.written}> of line ${line} is never closed. Add </${element.written}>.`, this.#source.length);
      }
      element.text += this.#decode(this.#source.slice(this.#at, next), this.#at);
      this.#at = next;
      if (this.#isNext('<![CDATA[')) element.text += this.#readUntil(9, ']]>', 'A CDATA section');
      else if (!this.#skipComment()) return;
    }
  }

  #skipMisc(): void {
    do this.#skipSpace();
    while (this.#skipComment());
  }

  #skipComment(): boolean {
    if (this.#isNext('<!--')) this.#readUntil(4, '-->', 'A comment');
    else if (this.#isNext('<?')) this.#readUntil(2, '?>', 'An instruction');
    else if (this.#isNext('<!')) this.#fail('A config may not declare a document type or entities. Remove the line.');
    else return false;
    return true;
  }

  #readUntil(skip: number, end: string, what: string): string {
    const from = this.#at + skip;
    const at = this.#source.indexOf(end, from);
    if (at < 0) this.#fail(`${what} is not closed with "${end}".`);
    this.#at = at + end.length;
    return this.#source.slice(from, at);
  }

  #decode(raw: string, at: number): string {
    if (!raw.includes('&')) return raw;
    return raw.replace(/&([^;&\s]*;?)/g, (whole, body: string, offset: number) => {
      const text = body.endsWith(';') ? entity(body.slice(0, -1)) : null;
      return text ?? this.#fail(`${whole} is not known here. Write &amp; for the character &.`, at + offset);
    });
  }

  #readName(message: string): string {
    NAME.lastIndex = this.#at;
    const name = NAME.exec(this.#source)?.[0];
    if (name === undefined) return this.#fail(message);
    this.#at += name.length;
    return name;
  }

  #skipSpace(): boolean {
    SPACE.lastIndex = this.#at;
    const { length } = SPACE.exec(this.#source)![0];
    this.#at += length;
    return length > 0;
  }

  #peek(): string {
    return this.#source.charAt(this.#at);
  }

  #isNext(token: string): boolean {
    return this.#source.startsWith(token, this.#at);
  }

  #accept(token: string): boolean {
    if (!this.#isNext(token)) return false;
    this.#at += token.length;
    return true;
  }

  #place(at: number): { line: number; column: number } {
    const index = this.#lineStarts.findLastIndex((start) => start <= at);
    return { line: index + 1, column: at - this.#lineStarts[index]! + 1 };
  }

  #fail(message: string, at = this.#at): never {
    throw new XmlFault({ ...this.#place(at), message });
  }
}

function typed(key: string, text: string): string | boolean {
  if (key === 'value' || (text !== 'true' && text !== 'false')) return text;
  return text === 'true';
}

function entity(name: string): string | null {
  if (Object.hasOwn(ENTITIES, name)) return ENTITIES[name]!;
  const number = /^#(?:x([0-9a-f]+)|([0-9]+))$/i.exec(name);
  if (number === null) return null;
  const code = number[1] === undefined ? Number(number[2]) : Number.parseInt(number[1], 16);
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : null;
}
