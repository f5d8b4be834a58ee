// Projects and label files made by the tests: what the page must make of them is known without it.

export const CLASSES = ["Neutral", "Anger", "Disgust", "Fear", "Happiness", "Sadness", "Surprise", "Other"];
export const ANNOTATION_HEADER = CLASSES.join(",");

const scores = (label) => CLASSES.map((_, index) => (index === label ? 0.65 : 0.05));

/** A project of one face whose frames have these labels, at 24 frames/s. */
export function projectOf(labels, { video = "face.mp4", reviewed = [], ...rest } = {}) {
  const frames = labels.map((label, frame) => ({
    time_s: frame / 24,
    faces: [{ track: 0, face_box: { x: 90, y: 60, w: 150, h: 170, score: 1 }, raw: scores(label), temporal: null }],
  }));
  return { version: 2, video, model: "elsewhere", smoothing: "none", window: 1, reviewed, timeline: { frames }, ...rest };
}

/** Aff-Wild2's annotation. */
export const annotationOf = (labels) => `${ANNOTATION_HEADER}\n${labels.join("\n")}\n`;

/** Cohen's kappa by its definition (Cohen 1960), over pairs of labels. */
export function kappaOf(pairs) {
  const share = (test) => pairs.filter(test).length / pairs.length;
  const observed = share(([a, b]) => a === b);
  const expected = CLASSES.reduce((sum, _, c) => sum + share(([a]) => a === c) * share(([, b]) => b === c), 0);
  return (observed - expected) / (1 - expected);
}

/** Macro F1 by its definition: eight classes, those without any frame count as 0. */
export function macroF1Of(pairs) {
  const f1 = CLASSES.map((_, c) => {
    const hit = pairs.filter(([a, b]) => a === c && b === c).length;
    const all = pairs.filter(([a]) => a === c).length + pairs.filter(([, b]) => b === c).length;
    return all === 0 ? 0 : (2 * hit) / all;
  });
  return f1.reduce((a, b) => a + b, 0) / 8;
}

/** An ELAN file of tiers: name -> [start ms, end ms, value]. */
export function elanOf(tiers) {
  let slots = "";
  let body = "";
  let number = 0;
  for (const [name, annotations] of Object.entries(tiers)) {
    body += `<TIER LINGUISTIC_TYPE_REF="t" TIER_ID="${name}">`;
    for (const [start, end, value] of annotations) {
      number += 1;
      slots += `<TIME_SLOT TIME_SLOT_ID="a${number}" TIME_VALUE="${start}"/><TIME_SLOT TIME_SLOT_ID="b${number}" TIME_VALUE="${end}"/>`;
      body += `<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="n${number}" TIME_SLOT_REF1="a${number}" TIME_SLOT_REF2="b${number}"><ANNOTATION_VALUE>${value}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>`;
    }
    body += "</TIER>";
  }
  return `<?xml version="1.0" encoding="UTF-8"?><ANNOTATION_DOCUMENT AUTHOR="" DATE="2020-01-01T00:00:00+00:00" FORMAT="3.0" VERSION="3.0"><HEADER TIME_UNITS="milliseconds"/><TIME_ORDER>${slots}</TIME_ORDER>${body}</ANNOTATION_DOCUMENT>`;
}
