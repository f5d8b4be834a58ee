// The engine's first worker. Messages that come while the wasm loads are kept for it.
import init, { runCoordinator } from "./engine/web_engine.js";

const early = [];
self.onmessage = (event) => early.push(event.data);

try {
  await init({ module_or_path: new URL("./engine/web_engine_bg.wasm", import.meta.url) });
  runCoordinator(early);
} catch (error) {
  const reason = `the engine cannot be loaded (${error.message ?? error}); reload the page, or try another browser`;
  self.postMessage({ message: { type: "failed", job: null, reason }, attachment: null });
}
