// Which of the two engines this browser takes: a module with an instruction that it does not know is refused.

/** A function that multiplies and adds in one instruction of relaxed SIMD. */
const FUSED = new Uint8Array([
  ...[0, 97, 115, 109, 1, 0, 0, 0],
  // One type, no parameters, gives a vector; one function of it.
  ...[1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0],
  // Three vectors of zeros, f32x4.relaxed_madd, end.
  ...[10, 19, 1, 17, 0, 65, 0, 253, 15, 65, 0, 253, 15, 65, 0, 253, 15, 253, 133, 2, 11],
]);

/** Whether the browser knows relaxed SIMD. */
export const IS_RELAXED = WebAssembly.validate(FUSED);
/** The engine's wasm. */
export const ENGINE_WASM = IS_RELAXED ? "engine/web_engine_bg.wasm" : "engine/web_engine_plain_bg.wasm";
