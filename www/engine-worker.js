// The engine's first worker. Messages that come while the wasm loads are kept for it.
import init, { runCoordinator, useRelaxedSimd } from "./engine/web_engine.js";
import { ENGINE_WASM, IS_RELAXED } from "./engine-choice.js";
import { toldFetch } from "./told-fetch.js";

/** Sizes of the engines' wasm; the build writes them here. */
const RELAXED_BYTES = 0;
const PLAIN_BYTES = 0;

const early = [];
self.onmessage = (event) => early.push(event.data);

try {
  const bytes = IS_RELAXED ? RELAXED_BYTES : PLAIN_BYTES;
  const wasm = await toldFetch(new URL(ENGINE_WASM, import.meta.url), bytes, (text, share) => {
    self.postMessage({ message: { type: "loading", step: `loading the engine: ${text}`, percent: share === null ? null : Math.floor(100 * share) }, attachment: null });
  });
  await init({ module_or_path: wasm });
  if (IS_RELAXED) useRelaxedSimd();
  runCoordinator(early);
} catch (error) {
  const reason = `the engine cannot be loaded (${error.message ?? error}); reload the page, or try another browser`;
  self.postMessage({ message: { type: "failed", job: null, reason }, attachment: null });
}
