// Figures for the one table of `cargo xtask bench`.

import { appendFileSync } from "node:fs";

/**
 * Hands a figure over, a value for each round: { what, unit, ours, peer, theirs, more_is_better }. Without MIEN_FIGURES, the file that
 * it is added to, it was printed and that is all.
 */
export function note(figure) {
  if (process.env.MIEN_FIGURES) appendFileSync(process.env.MIEN_FIGURES, `${JSON.stringify(figure)}\n`);
}
