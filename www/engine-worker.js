// The engine's first worker. Messages that come while the wasm loads are kept for it.
import init, { runCoordinator } from "./engine/web_engine.js";
import { toldFetch } from "./told-fetch.js";

/** Size of the engine's wasm; the build writes it here. */
const BYTES = 0;

const early = [];
self.onmessage = (event) => early.push(event.data);

try {
  const wasm = await toldFetch(new URL("./engine/web_engine_bg.wasm", import.meta.url), BYTES, (text, share) => {
    self.postMessage({ message: { type: "loading", step: `loading the engine: ${text}`, percent: share === null ? null : Math.floor(100 * share) }, attachment: null });
  });
  await init({ module_or_path: wasm });
  runCoordinator(early);
} catch (error) {
  const reason = `the engine cannot be loaded (${error.message ?? error}); reload the page, or try another browser`;
  self.postMessage({ message: { type: "failed", job: null, reason }, attachment: null });
}
