/** A tar of files, made without reading them: the browser streams each from where it lies. */

export interface PathedFile {
  /** Without a slash in front: "birds/heron.jpg". */
  path: string;
  file: Blob & { lastModified?: number };
}

const BLOCK = 512;
const NAME_BYTES = 100;
const LARGEST_OCTAL = 8 ** 11; // 8 GiB: what eleven octal digits hold
const ENCODER = new TextEncoder();

/** The archive (POSIX pax), in the order given. */
export function tarOf(files: readonly PathedFile[]): Blob {
  const parts: BlobPart[] = [];
  for (const { path, file } of files) {
    const modified_s = Math.floor((file.lastModified ?? 0) / 1000);
    const name = ENCODER.encode(path);
    const isPlain = name.length <= NAME_BYTES && /^[\x20-\x7e]*$/.test(path) && file.size < LARGEST_OCTAL;
    if (!isPlain) {
      const more = ENCODER.encode(paxRecord('path', path) + (file.size < LARGEST_OCTAL ? '' : paxRecord('size', String(file.size))));
      parts.push(header(ENCODER.encode('pax'), more.length, modified_s, 'x'), more, padding(more.length));
    }
    parts.push(header(name.slice(0, NAME_BYTES), Math.min(file.size, LARGEST_OCTAL - 1), modified_s, '0'), file, padding(file.size));
  }
  parts.push(new Uint8Array(2 * BLOCK));
  return new Blob(parts, { type: 'application/x-tar' });
}

function header(name: Uint8Array, size: number, modified_s: number, kind: string): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(BLOCK);
  const write = (text: string, at: number) => block.set(ENCODER.encode(text), at);
  block.set(name, 0);
  write('0000644\0', 100);
  write('0000000\0', 108);
  write('0000000\0', 116);
  write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  write(`${modified_s.toString(8).padStart(11, '0')}\0`, 136);
  write('        ', 148); // the sum counts its own field as blanks
  write(kind, 156);
  write('ustar\x0000', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

const padding = (size: number): Uint8Array<ArrayBuffer> => new Uint8Array((BLOCK - (size % BLOCK)) % BLOCK);

/** "27 path=birds/heron.jpg\n": the number counts the whole record, itself too. */
function paxRecord(key: string, value: string): string {
  const rest = ENCODER.encode(` ${key}=${value}\n`).length;
  let length = rest + String(rest).length;
  length = rest + String(length).length;
  return `${length} ${key}=${value}\n`;
}
