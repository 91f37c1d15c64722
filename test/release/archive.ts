import { gzipSync } from "node:zlib";

export interface ArchivedFile {
  name: string;
  content: string | Uint8Array;
  isExecutable?: boolean;
}

const BLOCK = 512;
/** Any fixed time: the same files give the same bytes. 1980 is the oldest that every tool accepts. */
const MODIFIED_S = Date.UTC(1980, 0, 1) / 1_000;

/** A compressed archive (.tar.gz) of files without folders, in the order given. */
export function archive(files: readonly ArchivedFile[]): Uint8Array {
  const blocks = files.flatMap((file) => {
    const content = Buffer.from(file.content);
    return [header(file, content.length), content, Buffer.alloc(-content.length & (BLOCK - 1))];
  });
  const packed = gzipSync(Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]), { level: 9 });
  // The system that compressed it: unknown.
  packed[9] = 255;
  return packed;
}

/** In the form "ustar" of POSIX. */
function header({ name, isExecutable = false }: ArchivedFile, size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: number) =>
    block.write(value.toString(8).padStart(length - 1, "0"), at, "latin1");
  if (Buffer.byteLength(name) > 100) throw new Error(`${name} is too long a name for the archive.`);
  block.write(name, 0);
  octal(isExecutable ? 0o755 : 0o644, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(MODIFIED_S, 136, 12);
  block.write("0", 156);
  block.write("ustar\u000000", 257, "latin1");
  // The sum counts its own field as spaces.
  block.fill(" ", 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}
