// Mien for pages of one's own: the engine of the page, without its UI. The files of the folder must come from the page's own origin.
//
//   const mien = await Mien.open();
//   for await (const seen of mien.analyze(file)) if (seen.type === "seen") console.log(seen.time, seen.faces[0]?.label);

/** The classes, in the order of the model's numbers. */
export const CLASSES = ["Neutral", "Anger", "Disgust", "Fear", "Happiness", "Sadness", "Surprise", "Other"];

export class Mien {
  #worker;
  #job = 0;
  #hear = () => {};
  #onNotice;
  /** Why nothing can be read any more. */
  #broken;
  #heardStart;

  /** Loads the engine and a model. `onLoading` is told what is done, `onNotice` what is worth knowing, such as a file that was cut short. */
  static async open({ base = new URL("../", import.meta.url), model = "models/demo.safetensors", backend = "auto", onLoading, onNotice } = {}) {
    const mien = new Mien();
    base = new URL(base, document.baseURI);
    mien.#onNotice = onNotice;
    mien.#worker = new Worker(new URL("engine-worker.js", base), { type: "module" });
    const started = new Promise((resolve, reject) => (mien.#heardStart = { resolve, reject, onLoading }));
    mien.#worker.onmessage = ({ data }) => mien.#take(data.message);
    mien.#worker.onerror = (event) => mien.#break(event.message || "the engine's files cannot be loaded");
    mien.#send({ type: "start", backend, model_url: new URL(model, base).href, cpu_workers: 0 });
    try {
      const { model: about } = await started;
      return Object.assign(mien, { model: { name: about.name, note: about.note, window: about.window } });
    } catch (error) {
      mien.close();
      throw error;
    }
  }

  /** What is newly known of a video's or a picture's frames, in order: `seen` frames, and `refined` faces in them. Leaving the loop stops the work. */
  analyze(file, { signal, onProgress } = {}) {
    return this.#run((job) => this.#send({ type: "analyze", job, name: file.name ?? "video", resume: null }, file), { signal, onProgress });
  }

  /** The faces of a camera's stream as it runs, with the labels of the latest clip. It ends when one leaves the loop. */
  async *live(stream, { signal } = {}) {
    const video = Object.assign(document.createElement("video"), { srcObject: stream, muted: true, playsInline: true });
    await video.play();
    const began = performance.now();
    const feed = async (job) => {
      await new Promise((resolve) => (video.requestVideoFrameCallback ?? requestAnimationFrame).call(video.requestVideoFrameCallback ? video : window, resolve));
      const picture = await createImageBitmap(video);
      this.#send({ type: "frame", job, time_s: (performance.now() - began) / 1000 }, picture, [picture]);
    };
    try {
      yield* this.#run((job) => this.#send({ type: "start-frames", job, live: true }), { signal, feed });
    } finally {
      video.srcObject = null;
    }
  }

  /** Ends the engine; its memory is given back. */
  close() {
    this.#worker.terminate();
    this.#break("the engine was closed");
  }

  async *#run(begin, { signal, onProgress, feed }) {
    if (this.#broken) throw new Error(this.#broken);
    signal?.throwIfAborted();
    this.#hear({ type: "failed", reason: "another file was opened" });
    const job = ++this.#job;
    const waiting = [];
    let wake = () => {};
    const put = (message) => {
      waiting.push(message);
      wake();
    };
    this.#hear = put;
    const stop = () => put({ type: "aborted" });
    signal?.addEventListener("abort", stop, { once: true });
    let isOver = false;
    try {
      begin(job);
      for (;;) {
        if (waiting.length === 0) await new Promise((resolve) => (wake = resolve));
        const message = waiting.shift();
        if (message === undefined || (message.job !== undefined && message.job !== null && message.job !== job)) continue;
        if (message.notice) this.#onNotice?.(message.notice);
        if (message.type === "predictions") yield* message.predictions.map(plain);
        else if (message.type === "progress") onProgress?.({ fraction: message.fraction, framesPerSecond: message.frames_per_s });
        else if (message.type === "need-frame") feed?.(job).catch((error) => put({ type: "failed", reason: String(error) }));
        else if (message.type === "aborted") throw signal.reason;
        else if (["done", "cancelled"].includes(message.type)) return void (isOver = true);
        else if (["failed", "try-video-element"].includes(message.type)) {
          isOver = true;
          throw new Error(message.reason);
        }
      }
    } finally {
      signal?.removeEventListener("abort", stop);
      if (this.#hear === put) this.#hear = () => {};
      if (!isOver && !this.#broken) this.#send({ type: "cancel", job });
    }
  }

  #take(message) {
    if (message.type === "loading") this.#heardStart.onLoading?.(message.step);
    else if (message.type === "ready") {
      // Also after a graphics adapter was lost: the processor goes on.
      this.device = message.backend;
      if (message.notice) this.#onNotice?.(message.notice);
      this.#heardStart.resolve(message);
    } else if (message.type === "device-lost") this.#onNotice?.(message.reason);
    else if (message.type === "failed" && (message.job === null || message.job === undefined)) this.#break(message.reason);
    else this.#hear(message);
  }

  #break(reason) {
    this.#broken ??= reason;
    this.#heardStart.reject(new Error(reason));
    this.#hear({ type: "failed", reason });
  }

  #send(message, attachment, transfer = []) {
    this.#worker.postMessage({ message, attachment }, transfer);
  }
}

/** What the engine says of a frame, in plain words. */
function plain(prediction) {
  if (prediction.Seen) {
    const { frame, time_s, faces } = prediction.Seen;
    return { type: "seen", frame, time: time_s, faces: faces.map(faceOf) };
  }
  const { frame, track, temporal } = prediction.Refined;
  return { type: "refined", frame, track, ...labelOf(temporal) };
}

function faceOf({ track, face_box: { x, y, w, h }, raw, temporal }) {
  return { track, box: { x, y, width: w, height: h }, ...labelOf(temporal ?? raw) };
}

function labelOf(values) {
  const probabilities = Object.fromEntries(CLASSES.map((name, place) => [name, values[place]]));
  return { label: CLASSES[values.indexOf(Math.max(...values))], probabilities };
}
