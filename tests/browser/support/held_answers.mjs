// A reading that stands still at a known place, however fast the machine is.

/** Lets pages of `context` hear their workers through a gate, which stays open until `holdAnswersAt`. To be called before a page is opened. */
export function gateAnswers(context) {
  return context.addInitScript(() => {
    globalThis.Worker = class extends globalThis.Worker {
      set onmessage(listener) {
        super.onmessage = listener && ((event) => {
          globalThis.isHeld ||= globalThis.heldAt?.test(globalThis.statusHistory.at(-1) ?? "") ?? false;
          if (!globalThis.isHeld) listener.call(this, event);
        });
      }
    };
  });
}

/** From the first `status` that matches on, the page hears nothing more from its workers. */
export function holdAnswersAt(page, pattern) {
  return page.evaluate((source) => {
    globalThis.heldAt = new RegExp(source);
  }, pattern.source);
}
