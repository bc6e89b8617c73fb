/** What a person drops or pastes, and what its first task will look like. */

export type SourceKind = 'pictures' | 'table' | 'json' | 'lines' | 'texts' | 'archive' | 'others';

const BY_ENDING: Record<string, SourceKind> = {
  jpg: 'pictures', jpeg: 'pictures', png: 'pictures', gif: 'pictures', bmp: 'pictures', webp: 'pictures', tif: 'pictures', tiff: 'pictures', svg: 'pictures',
  csv: 'table', tsv: 'table', json: 'json', jsonl: 'lines', ndjson: 'lines', txt: 'texts', md: 'texts', zip: 'archive', parquet: 'archive',
};

export const endingOf = (name: string): string => /\.([^./\\]+)$/.exec(name)?.[1]?.toLowerCase() ?? '';
export const kindOfFile = (file: File): SourceKind => BY_ENDING[endingOf(file.name)] ?? (file.type.startsWith('image/') ? 'pictures' : 'others');

/** The first task that files would make. `keys` are the columns that the data itself names; none for plain files. */
export interface Sample {
  data: Record<string, unknown>;
  keys: readonly string[];
  /** For a plain file, which goes under the key that the config asks for. */
  plain?: { kind: 'picture' | 'text'; value: string };
}

/** Whether the first task shows a text and no picture: what the templates are sorted by. */
export function showsText(sample: Sample | undefined): boolean {
  if (!sample) return false;
  if (sample.plain) return sample.plain.kind === 'text';
  const values = Object.values(sample.data).filter((value) => typeof value === 'string');
  return values.some((value) => !/^\s*(https?:\S+|[\d.,-]*)\s*$/.test(value)) && !values.some(namesPicture);
}

const namesPicture = (value: string): boolean => value.startsWith('data:image/') || (!/\s/.test(value) && BY_ENDING[endingOf(value.replace(/[?#].*$/, ''))] === 'pictures');

const SAMPLE_BYTES = 256 * 1024;

/** Reads as much of the first file as its first task needs. The caller releases the object address of a picture. */
export async function sampleOf(files: readonly File[]): Promise<Sample | undefined> {
  const first = files.find((file) => !['others', 'archive'].includes(kindOfFile(file)));
  if (!first) return undefined;
  const kind = kindOfFile(first);
  if (kind === 'pictures') return { data: {}, keys: [], plain: { kind: 'picture', value: URL.createObjectURL(first) } };
  const text = await first.slice(0, kind === 'json' ? 64 * SAMPLE_BYTES : SAMPLE_BYTES).text();
  if (kind === 'texts') return { data: {}, keys: [], plain: { kind: 'text', value: text.split('\n').find((line) => line.trim()) ?? text } };
  if (kind === 'lines') return fromJson(text.split('\n').find((line) => line.trim()) ?? '');
  return kind === 'json' ? fromJson(text) : fromTable(text, endingOf(first.name) === 'tsv' ? '\t' : ',');
}

function fromJson(text: string): Sample | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    const first: unknown = Array.isArray(parsed) ? parsed[0] : parsed;
    if (typeof first !== 'object' || first === null) return undefined;
    const data = ('data' in first && typeof first.data === 'object' && first.data !== null ? first.data : first) as Record<string, unknown>;
    return { data, keys: Object.keys(data) };
  } catch {
    return undefined;
  }
}

function fromTable(text: string, separator: string): Sample | undefined {
  const [head, row] = readRecords(text, separator, 2);
  if (!head || head.length === 0) return undefined;
  return { data: Object.fromEntries(head.map((key, index) => [key, row?.[index] ?? ''])), keys: head };
}

/** The first records of a table with quoted fields (RFC 4180). */
export function readRecords(text: string, separator: string, most: number): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  let field = '';
  let quoted = false;
  let begun = false;
  const source = text.replace(/^\uFEFF/, '');
  for (let at = 0; at < source.length && records.length < most; at++) {
    const letter = source[at] as string;
    begun = letter !== '\n' || quoted;
    if (quoted) {
      if (letter !== '"') field += letter;
      else if (source[at + 1] === '"') { field += '"'; at++; }
      else quoted = false;
    } else if (letter === '"' && field === '') quoted = true;
    else if (letter === separator) { record.push(field); field = ''; }
    else if (letter === '\n') { records.push([...record, field.replace(/\r$/, '')]); record = []; field = ''; }
    else field += letter;
  }
  if (records.length < most && begun) records.push([...record, field]);
  return records;
}

/** A pasted text as the file that it would have been: JSON, a table, or one text a line. */
export function fileOfPaste(pasted: string): File {
  const text = pasted.trim();
  if (/^[[{]/.test(text)) return new File([text], 'pasted.json', { type: 'application/json' });
  if (isTable(text, '\t')) return new File([text], 'pasted.tsv');
  if (isTable(text, ',')) return new File([text], 'pasted.csv');
  return new File([text], 'pasted.txt', { type: 'text/plain' });
}

/** Whether a text begins with names of columns and a record of as many fields. */
function isTable(text: string, separator: string): boolean {
  const [head = [], first = []] = readRecords(text, separator, 2);
  return head.length > 1 && first.length === head.length && head.every((name) => /^[\w][\w .-]*$/.test(name));
}

/** Every file of a drop, also those inside folders. */
export async function filesOfDrop(transfer: DataTransfer): Promise<File[]> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  if (entries.length === 0) return [...transfer.files];
  return (await Promise.all(entries.map(filesUnder))).flat().filter((file) => !file.name.startsWith('.'));
}

async function filesUnder(entry: FileSystemEntry): Promise<File[]> {
  if (entry.isFile) return [await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject))];
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const inside: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) break; // a reader hands out at most a hundred at a time
    inside.push(...some);
  }
  return (await Promise.all(inside.map(filesUnder))).flat();
}
