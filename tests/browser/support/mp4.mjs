// Changes to files that versions of ffmpeg make by different options or not at all.

const MATRICES = {
  90: [0, 1, -1, 0],
  180: [-1, 0, 0, -1],
  270: [0, -1, 1, 0],
  mirrored: [-1, 0, 0, 1],
  flipped: [1, 0, 0, -1],
  transposed: [0, 1, 1, 0],
  transversed: [0, -1, -1, 0],
};

/** Place of the first box of a kind behind `from`, at its name. */
function placeOf(bytes, kind, from = 0) {
  const place = bytes.indexOf(kind, from);
  if (place < 0) throw new Error(`the file has no ${kind}`);
  return place;
}

/** The file with its track turned clockwise by so many degrees, or as the matrix of that name says, when it is shown. */
export function turnDisplay(bytes, turn) {
  const copy = Buffer.from(bytes);
  const header = placeOf(copy, "tkhd");
  const isLong = copy[header + 4] === 1;
  // After version and flags: times, id, duration, reserved, layer, group, volume.
  const matrix = header + 8 + (isLong ? 48 : 36);
  const [a, b, c, d] = MATRICES[turn];
  const values = [a, b, 0, c, d, 0, 0, 0];
  values.forEach((value, place) => copy.writeInt32BE(value * 0x10000, matrix + 4 * place));
  copy.writeInt32BE(0x40000000, matrix + 32);
  return copy;
}

/** The file with its track shown at this size, and nothing else said of its pixels' shape. */
export function setShownSize(bytes, width, height) {
  const copy = renameBox(bytes, "pasp", "free");
  const size = placeOf(copy, "tkhd") + 80;
  copy.writeInt32BE(width * 0x10000, size);
  copy.writeInt32BE(height * 0x10000, size + 4);
  return copy;
}

/** The file with its first box of a kind under another name, if it has one. */
export function renameBox(bytes, kind, other) {
  const copy = Buffer.from(bytes);
  const place = copy.indexOf(kind);
  if (place >= 0) copy.write(other, place, "latin1");
  return copy;
}

/** The file without its second fragment. */
export function dropFragment(bytes) {
  const second = placeOf(bytes, "moof", placeOf(bytes, "moof") + 4) - 4;
  const third = placeOf(bytes, "moof", second + 8) - 4;
  return Buffer.concat([bytes.subarray(0, second), bytes.subarray(third)]);
}

/** The file with the tracks marked as enabled or not, in their order. */
export function setEnabled(bytes, marks) {
  const copy = Buffer.from(bytes);
  let place = -4;
  for (const isEnabled of marks) {
    place = placeOf(copy, "tkhd", place + 4);
    copy[place + 7] = (copy[place + 7] & ~1) | (isEnabled ? 1 : 0);
  }
  return copy;
}

/** The file with the coded frames at these places so damaged that no decoder takes them: they claim more bytes than they have. */
export function breakFrames(bytes, places) {
  const copy = Buffer.from(bytes);
  for (const place of places) copy.writeUInt32BE(0x7fffffff, place);
  return copy;
}

/** The file with an edit list that shows it at twice its speed. */
export function doubleSpeed(bytes) {
  const copy = Buffer.from(bytes);
  // After the name: version and flags, the number of edits, the first one's length and time.
  copy.writeUInt16BE(2, placeOf(copy, "elst") + 20);
  return copy;
}

/** The Matroska, written with colours and without checksums, with a pose in the place of its colours. */
export function setPose(bytes, roll) {
  const copy = Buffer.from(bytes);
  const colour = placeOf(copy, Buffer.from([0x55, 0xb0]));
  const sizeLength = Math.clz32(copy[colour + 2]) - 23;
  const head = colour + 2 + sizeLength;
  const length = sizeLength === 1 ? copy[colour + 2] & 0x7f : copy[head - 1];
  copy.writeUInt16BE(0x7670, colour);
  copy.fill(0, head, head + length);
  copy.writeUInt16BE(0x7675, head);
  copy[head + 2] = 0x84;
  copy.writeFloatBE(roll, head + 3);
  // The rest is void.
  copy[head + 7] = 0xec;
  copy[head + 8] = 0x80 | (length - 9);
  return copy;
}

/** The file with an index that names samples but no chunks to find them in. */
export function emptyChunkTable(bytes) {
  const copy = Buffer.from(bytes);
  const table = placeOf(copy, "stsc");
  // After the type: version and flags, then the number of entries.
  copy.writeUInt32BE(0, table + 8);
  return copy;
}
