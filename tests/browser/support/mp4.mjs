// The display matrix of an mp4's track, which versions of ffmpeg write by different options or not at all.

const MATRICES = {
  90: [0, 1, -1, 0],
  180: [-1, 0, 0, -1],
  270: [0, -1, 1, 0],
};

/** The file with its track turned clockwise by `degrees` when it is shown. */
export function turnDisplay(bytes, degrees) {
  const copy = Buffer.from(bytes);
  const header = copy.indexOf("tkhd");
  if (header < 0) throw new Error("the file has no track header");
  const isLong = copy[header + 4] === 1;
  // After version and flags: times, id, duration, reserved, layer, group, volume.
  const matrix = header + 8 + (isLong ? 48 : 36);
  const [a, b, c, d] = MATRICES[degrees];
  const values = [a, b, 0, c, d, 0, 0, 0];
  values.forEach((value, place) => copy.writeInt32BE(value * 0x10000, matrix + 4 * place));
  copy.writeInt32BE(0x40000000, matrix + 32);
  return copy;
}

/** The file with an index that names samples but no chunks to find them in. */
export function emptyChunkTable(bytes) {
  const copy = Buffer.from(bytes);
  const table = copy.indexOf("stsc");
  if (table < 0) throw new Error("the file has no table of chunks");
  // After the type: version and flags, then the number of entries.
  copy.writeUInt32BE(0, table + 8);
  return copy;
}
