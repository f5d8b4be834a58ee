// The per-frame csv: read, checked by itself, and compared row by row.

import assert from "node:assert/strict";

/** The header, fixed for users' scripts; columns are only ever added at its end. */
export const HEADER =
  "video,track,frame,time_s,x,y,w,h,p_neutral,p_anger,p_disgust,p_fear,p_happiness,p_sadness,p_surprise,p_other," +
  "raw,temporal,smoothed,reviewed," +
  "raw_p_neutral,raw_p_anger,raw_p_disgust,raw_p_fear,raw_p_happiness,raw_p_sadness,raw_p_surprise,raw_p_other,media_s";

const LABELS = ["raw", "temporal", "smoothed", "reviewed"];

/**
 * Rows of a csv: texts `video` and `track`, numbers `frame`, `time` and `media`, `box`, `probabilities` and `rawProbabilities`
 * or null, labels or null.
 */
export function readFrameTable(text) {
  const lines = text.trimEnd().split(/\r?\n/);
  assert.equal(lines[0], HEADER, "the csv's header");
  return lines.slice(1).map((line) => {
    const cells = splitLine(line);
    assert.equal(cells.length, 29, `cells of ${line}`);
    const row = { video: cells[0], track: cells[1], frame: Number(cells[2]), time: Number(cells[3]) };
    row.box = numbers(cells.slice(4, 8));
    row.probabilities = numbers(cells.slice(8, 16));
    row.rawProbabilities = numbers(cells.slice(20, 28));
    row.media = Number(cells[28]);
    LABELS.forEach((name, place) => (row[name] = cells[16 + place] === "" ? null : Number(cells[16 + place])));
    return row;
  });
}

// Only file names can need quotes.
function splitLine(line) {
  const quoted = /^"((?:[^"]|"")*)",(.*)$/.exec(line);
  return quoted ? [quoted[1].replaceAll('""', '"'), ...quoted[2].split(",")] : line.split(",");
}

function numbers(cells) {
  return cells.every((cell) => cell === "") ? null : cells.map(Number);
}

/**
 * What holds for every table: all frames in order, times that ascend from 0, on the media's clock by the same steps,
 * probabilities that sum to 1, the head's wherever a face is and nowhere else.
 */
export function checkFrameTable(rows) {
  let frame = -1;
  let time = -1;
  for (const row of rows) {
    const where = `frame ${row.frame}, track ${row.track}`;
    assert.ok(row.frame === frame || row.frame === frame + 1, `${where} follows frame ${frame}`);
    assert.ok(row.frame === frame ? row.time === time : row.time > time, `${where}: time ${row.time} after ${time}`);
    ({ frame, time } = row);
    const start = rows[0].media;
    assert.ok(start >= 0 && Math.abs(row.media - row.time - start) < 3e-6, `${where}: ${row.media} on the media's clock`);
    for (const probabilities of [row.probabilities, row.rawProbabilities].filter(Boolean)) {
      const sum = probabilities.reduce((a, b) => a + b, 0);
      assert.ok(Math.abs(sum - 1) < 1e-4, `${where}: probabilities sum to ${sum}`);
    }
    assert.equal(row.box === null, row.rawProbabilities === null, `${where}: the head speaks of faces`);
    if (row.rawProbabilities) {
      assert.equal(row.rawProbabilities[row.raw], Math.max(...row.rawProbabilities), `${where}: label of the head`);
    }
    if (row.temporal === null && row.box) assert.deepEqual(row.probabilities, row.rawProbabilities, where);
    assert.equal(row.box === null, row.track === "", `${where}: box and track come together`);
  }
  if (rows.length > 0) assert.equal(rows[0].time, 0, "time of the first frame");
}

/** Number of different frames. */
export function frameCount(rows) {
  return new Set(rows.map((row) => row.frame)).size;
}

/** Compares two tables row by row; returns the largest differences. */
export function compareFrameTables(found, expected, limits) {
  assert.deepEqual(found.map(rowKey), expected.map(rowKey), "rows by frame and track");
  const worst = { time: 0, box: 0, probability: 0 };
  found.forEach((row, index) => {
    const other = expected[index];
    worst.time = Math.max(worst.time, Math.abs(row.time - other.time), Math.abs(row.media - other.media));
    worst.box = Math.max(worst.box, largestDifference(row.box, other.box, rowKey(row)));
    worst.probability = Math.max(
      worst.probability,
      largestDifference(row.probabilities, other.probabilities, rowKey(row)),
      largestDifference(row.rawProbabilities, other.rawProbabilities, rowKey(row)),
    );
  });
  for (const [name, limit] of Object.entries(limits)) {
    assert.ok(worst[name] <= limit, `${name} differs by ${worst[name]}, limit ${limit}`);
  }
  return worst;
}

function rowKey(row) {
  return `${row.frame}/${row.track}`;
}

function largestDifference(a, b, where) {
  assert.equal(a === null, b === null, `${where}: given on one side only`);
  return a === null ? 0 : Math.max(...a.map((value, index) => Math.abs(value - b[index])));
}

/** Index of the largest value, the first of equal ones. */
export function argmax(values) {
  return values.indexOf(Math.max(...values));
}

/**
 * Labels of one track by the definition of each way of smoothing, from probabilities as written in the csv.
 * Frames where the decision hangs on less than the csv's rounding are null.
 */
export function smoothedByDefinition(way, window, rows) {
  const probabilities = rows.map((row) => row.probabilities);
  return probabilities.map((own, frame) => {
    if (way === "none") return argmax(own);
    const inside = windowAround(way, window, frame, probabilities);
    const sums = Array.from({ length: 8 }, (_, c) => inside.reduce((sum, p) => sum + p[c], 0));
    const votes = Array.from({ length: 8 }, (_, c) => inside.filter((p) => argmax(p) === c).length);
    const rank = sums.map((sum, c) => (way === "mean" ? 0 : votes[c] * 1e6) + sum);
    const [first, second] = [...rank].sort((a, b) => b - a);
    return first - second < 1e-4 ? null : argmax(rank);
  });
}

function windowAround(way, window, frame, all) {
  if (way === "block") {
    const start = Math.floor(frame / window) * window;
    return all.slice(start, start + window);
  }
  return all.slice(Math.max(0, frame - Math.floor(window / 2)), frame + Math.ceil(window / 2));
}
