// A compute worker. Its first message is the engine's compiled wasm; what comes while it starts is kept for it.
import init, { runCompute, useRelaxedSimd } from "./engine/web_engine.js";
import { IS_RELAXED } from "./engine-choice.js";

const early = [];
const fail = (error) => {
  self.postMessage({ message: { type: "Failed", reason: String(error?.message ?? error) }, attachment: null });
};
// Wasm that stops within a promise (for want of memory, say) stops in silence.
self.onunhandledrejection = ({ reason }) => {
  if (reason instanceof WebAssembly.RuntimeError) fail(reason);
};
self.onmessage = async (event) => {
  self.onmessage = (next) => early.push(next.data);
  try {
    await init({ module_or_path: event.data });
    if (IS_RELAXED) useRelaxedSimd();
    runCompute(early);
  } catch (error) {
    fail(error);
  }
};
