// Compute workers that fail in ways of their own, and a clock that runs ahead, put in front of the page's worker scripts.

/** Does `fault` in a compute worker's stead at questions of which `isMeant` holds. */
function at(isMeant, fault) {
  return `
    self.addEventListener("message", (event) => {
      const question = event.data?.message;
      if (!(${isMeant})) return;
      event.stopImmediatePropagation();
      ${fault}
    });`;
}

/** The frames of the talking face, not those of smaller videos. */
const WIDE_FRAMES = 'question?.type === "Read" && question.frames.some(({ width }) => width > 320)';

/** A compute worker that stops with an error where it should read frames of more than 320 pixels in width. */
export const STOPS_AT_WIDE_FRAMES = at(WIDE_FRAMES, 'throw new Error("the worker stops for a test");');

/** A compute worker whose wasm stops there without a word, as it does for want of memory. */
export const TRAPPED_AT_WIDE_FRAMES = at(
  WIDE_FRAMES,
  'Promise.reject(new WebAssembly.RuntimeError("the wasm stops for a test"));',
);

/** A compute worker that never says anything of such frames. */
export const SILENT_AT_WIDE_FRAMES = at(WIDE_FRAMES, "");

/** A compute worker that takes a device and never says whether it has the model. */
export const SILENT_AT_MODEL = at('question?.type === "TakeModel"', "");

/**
 * The coordinator's clock and timers run `times` as fast from the page's first message of a type on, so that minutes of
 * waiting pass in seconds.
 */
export function fastClock(type, times = 20) {
  return `
    {
      const now = performance.now.bind(performance);
      const wait = self.setTimeout.bind(self);
      let times = 1;
      let [changed, shown] = [now(), now()];
      performance.now = () => shown + (now() - changed) * times;
      self.setTimeout = (act, ms, ...more) => wait(act, ms / times, ...more);
      self.addEventListener("message", (event) => {
        if (event.data?.message?.type !== "${type}" || times > 1) return;
        [changed, shown] = [now(), performance.now()];
        times = ${times};
      });
    }`;
}

/** Puts code in front of a script of a `StaticServer`, the first `times` times that it is asked for. */
export function putBefore(server, script, code, times = Infinity) {
  let left = times;
  server.edits.set(script, (text) => (left-- > 0 ? `${code}\n${text}` : text));
}
