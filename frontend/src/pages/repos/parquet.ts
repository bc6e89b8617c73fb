import { type AsyncBuffer, parquetMetadataAsync, parquetReadObjects, parquetSchema } from 'hyparquet';

/** The first rows of a table, as text. */
export interface Rows {
  columns: string[];
  rows: string[][];
  /** How many there are in all. */
  total: number;
}

/** A part of a file: from `start` up to, not including, `end`. */
export type ReadPart = (start: number, end: number) => Promise<ArrayBuffer>;

const MOST_BYTES = 32 * 1024 * 1024;
const MOST_LETTERS = 200;

/** Reads the beginning of a Parquet file, and only the parts of it that hold these rows. Raises Error where it is damaged, too large or packed in a way that is not read here. */
export async function readParquet(size_bytes: number, read: ReadPart, most: number): Promise<Rows> {
  const file: AsyncBuffer = { byteLength: size_bytes, slice: (start, end = size_bytes) => read(start < 0 ? size_bytes + start : start, end) };
  const metadata = await parquetMetadataAsync(file);
  const first_bytes = metadata.row_groups[0]?.columns.reduce((sum, column) => sum + Number(column.meta_data?.total_compressed_size ?? 0), 0) ?? 0;
  if (first_bytes > MOST_BYTES) throw new Error('Its first rows are too many bytes to read here.');
  const columns = parquetSchema(metadata).children.map((child) => child.element.name);
  const rows = await parquetReadObjects({ file, metadata, rowEnd: Math.min(most, Number(metadata.num_rows)) });
  return { columns, rows: rows.map((row) => columns.map((name) => textOf(row[name]))), total: Number(metadata.num_rows) };
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  const text = typeof value === 'object' ? JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? String(each) : each)) : String(value);
  return text.length > MOST_LETTERS ? `${text.slice(0, MOST_LETTERS)}…` : text;
}
