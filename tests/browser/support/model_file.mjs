// Model files with another header.

import { readFile } from "node:fs/promises";

/** The bytes of a safetensors file with these metadata fields (texts) in the place of its own. */
export async function withMetadata(file, fields) {
  const bytes = await readFile(file);
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, 8 + length).toString("utf8"));
  Object.assign(header.__metadata__, fields);
  const text = Buffer.from(JSON.stringify(header));
  // The tensors begin at a multiple of 8.
  const padded = Buffer.concat([text, Buffer.alloc((8 - (text.length % 8)) % 8, " ")]);
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(padded.length));
  return Buffer.concat([size, padded, bytes.subarray(8 + length)]);
}
