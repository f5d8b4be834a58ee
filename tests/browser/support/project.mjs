// Saved projects made up for a test: what the page opens without having to read a video.

/** Class of each stretch of `frames`, one after the other. */
const CLASSES = [0, 4, 5, 3, 6, 1, 2, 7];

/**
 * A project of `frames` frames at `rate` a second. `people` are the faces: `{ track, from, to, box }`; each changes its
 * label every `stretch` frames, and is less sure the later it is in its round.
 */
export function makeProject({ video, frames, rate, people, stretch = 12 }) {
  const timeline = { frames: [] };
  for (let frame = 0; frame < frames; frame += 1) {
    const faces = people
      .filter(({ from, to }) => frame >= from && frame < to)
      .map(({ track, box: [x, y, w, h] }) => ({
        track,
        face_box: { x, y, w, h, score: 0.99 },
        raw: scores(frame, stretch, track),
        temporal: null,
      }));
    timeline.frames.push({ time_s: frame / rate, faces });
  }
  return { version: 2, video, model: "made up", smoothing: "none", window: 1, reviewed: [], timeline };
}

/** Probabilities whose best is the stretch's class. */
function scores(frame, stretch, track) {
  const place = Math.floor(frame / stretch);
  const best = CLASSES[(place + track * 3) % CLASSES.length];
  const other = CLASSES[(place + track * 3 + 1) % CLASSES.length];
  // Of every five stretches the last one is the most doubtful.
  const share = 0.9 - 0.1 * (place % 5);
  const rest = (1 - share) * 0.1;
  return Array.from({ length: 8 }, (_, c) => (c === best ? share : c === other ? (1 - share) * 0.4 : rest));
}
