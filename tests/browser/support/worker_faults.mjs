// Compute workers that fail in ways of their own, and a clock that runs ahead, put in front of the page's worker scripts.

/** Does `fault` in a compute worker's stead at its first question of a type. */
function atFirst(type, fault) {
  return `
    self.addEventListener("message", (event) => {
      if (event.data?.message?.type !== "${type}") return;
      event.stopImmediatePropagation();
      ${fault}
    });`;
}

/** A compute worker that stops with an error where it should read frames. */
export const STOPS_AT_FRAMES = atFirst("Read", 'throw new Error("the worker stops for a test");');

/** A compute worker that never says anything of the frames it gets. */
export const SILENT_AT_FRAMES = atFirst("Read", "");

/** A compute worker that takes a device and never says whether it has the model. */
export const SILENT_AT_MODEL = atFirst("TakeModel", "");

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

/** Puts code in front of a script of a `StaticServer`. */
export function putBefore(server, script, code) {
  server.edits.set(script, (text) => `${code}\n${text}`);
}
