import {
  brotliDecompressSync,
  gunzipSync,
  inflateRawSync,
  inflateSync,
  zstdDecompressSync,
  type InputType,
  type ZlibOptions,
} from "node:zlib";
import { errorCode } from "../util/errno";

/**
 * Decodes a body that a server or a proxy has compressed although no request accepts that. A body that is not what its
 * header says comes back as it is: proxies that decompress may leave the header.
 *
 * @throws what `tooLong` returns when the decoded body is longer than `maxBytes`.
 */
export function decoded(
  body: Buffer,
  contentEncoding: string | string[] | undefined,
  { maxBytes, tooLong }: { maxBytes: number; tooLong: () => Error },
): Buffer {
  const codings = [contentEncoding ?? []].flat().join(",").toLowerCase().split(",");
  let bytes = body;
  for (const coding of codings.map((name) => name.trim()).toReversed()) {
    const decode = DECODERS.get(coding);
    if (decode === undefined) continue;
    try {
      bytes = decode(bytes, { maxOutputLength: maxBytes });
    } catch (error) {
      if (errorCode(error) === "ERR_BUFFER_TOO_LARGE") throw tooLong();
      return body;
    }
  }
  return bytes;
}

type Decoder = (bytes: InputType, options: ZlibOptions) => Buffer;

const DECODERS: ReadonlyMap<string, Decoder> = new Map([
  ["gzip", gunzipSync],
  ["x-gzip", gunzipSync],
  ["deflate", inflateOf],
  ["br", brotliDecompressSync],
  ["zstd", zstdDecompressSync as Decoder],
]);

/** Some servers leave out the header of zlib. */
function inflateOf(bytes: InputType, options: ZlibOptions): Buffer {
  try {
    return inflateSync(bytes, options);
  } catch (error) {
    if (errorCode(error) === "ERR_BUFFER_TOO_LARGE") throw error;
    return inflateRawSync(bytes, options);
  }
}
