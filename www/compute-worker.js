// A compute worker. Its first message is the engine's compiled wasm; what comes while it starts is kept for it.
import init, { runCompute } from "./engine/web_engine.js";

const early = [];
self.onmessage = async (event) => {
  self.onmessage = (next) => early.push(next.data);
  try {
    await init({ module_or_path: event.data });
    runCompute(early);
  } catch (error) {
    self.postMessage({ message: { type: "Failed", reason: String(error.message ?? error) }, attachment: null });
  }
};
