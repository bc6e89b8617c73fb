/** What a file of a repo holds, as far as a preview cares. */

export type ContentKind = 'picture' | 'json' | 'lines' | 'table' | 'text' | 'parquet' | 'other';

const BY_ENDING: Record<string, ContentKind> = {
  jpg: 'picture', jpeg: 'picture', png: 'picture', gif: 'picture', bmp: 'picture', webp: 'picture', svg: 'picture', avif: 'picture',
  json: 'json', geojson: 'json', ipynb: 'json', jsonl: 'lines', ndjson: 'lines', csv: 'table', tsv: 'table', parquet: 'parquet',
  txt: 'text', md: 'text', xml: 'text', html: 'text', yaml: 'text', yml: 'text', toml: 'text', ini: 'text', cfg: 'text', py: 'text', js: 'text', ts: 'text', css: 'text', sh: 'text', log: 'text', conll: 'text', srt: 'text',
};

export const endingOfPath = (path: string): string => /\.([^./]+)$/.exec(path)?.[1]?.toLowerCase() ?? '';

/** By the end of its name; a file without one is guessed by its content, see `looksLikeText`. */
export function kindOfPath(path: string, metadata: Readonly<Record<string, string>> = {}): ContentKind {
  const known = BY_ENDING[endingOfPath(path)];
  if (known) return known;
  const type = metadata['content-type'] ?? '';
  if (type.startsWith('image/')) return 'picture';
  if (type.includes('json')) return 'json';
  return type.startsWith('text/') ? 'text' : 'other';
}

/** What opens a file that is not shown here. */
export function openedBy(path: string): string {
  const ending = endingOfPath(path);
  if (ending === 'parquet') return 'pandas, polars or DuckDB open it.';
  if (ending === 'zip' || ending === 'tar' || ending === 'gz') return 'It is an archive: download and unpack it.';
  if (ending === 'tif' || ending === 'tiff') return 'Browsers do not draw TIFF: an image viewer opens it.';
  return 'Download it to open it.';
}

const PEEKED_BYTES = 4096;

/** Whether bytes read as UTF-8 words rather than as something for machines. */
export function looksLikeText(bytes: Uint8Array): boolean {
  const peek = bytes.subarray(0, PEEKED_BYTES);
  if (peek.includes(0)) return false;
  const text = new TextDecoder().decode(peek, { stream: true });
  return (text.match(/�/g)?.length ?? 0) <= text.length / 100;
}

export const nameOfPath = (path: string): string => path.replace(/\/$/, '').split('/').at(-1) ?? path;

/** Each folder on the way to a path, with its own name: what breadcrumbs show. */
export function stepsTo(folder: string): Array<{ name: string; folder: string }> {
  const parts = folder.split('/').filter(Boolean);
  return parts.map((name, at) => ({ name, folder: parts.slice(0, at + 1).map((part) => `${part}/`).join('') }));
}

/** A JSON text with one value a line, its numbers and strings as they are written; the text itself where it is none. */
export function prettyJson(text: string): string {
  return isJson(text) ? indented(text) : text;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const JSON_PARTS = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/g;

/** Part by part, since a number that is read and written again may be another: 9007199254740993 becomes …992. */
function indented(text: string): string {
  const parts = text.match(JSON_PARTS) ?? [];
  let depth = 0;
  const line = () => `\n${'  '.repeat(depth)}`;
  return parts.map((part, at) => {
    if (part === ':') return ': ';
    if (part === ',') return `,${line()}`;
    if (part === '{' || part === '[') {
      depth += 1;
      return /^[\]}]$/.test(parts[at + 1] ?? '') ? part : part + line();
    }
    if (part !== '}' && part !== ']') return part;
    depth -= 1;
    return /^[{[]$/.test(parts[at - 1] ?? '') ? part : line() + part;
  }).join('');
}
