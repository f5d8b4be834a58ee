// The page as a person uses it: opens files, waits, reads what is said, saves what is offered.

import { readFile } from "node:fs/promises";
import { readFrameTable } from "../support/frame_table.mjs";

// Frames pass in tenths of a second; a busy machine may be many times slower.
const PATIENCE_MS = 120_000;

export class AnalysisPage {
  constructor(page) {
    this.page = page;
  }

  /** Opens the page in a new tab of `context`; `query` are its URL's parameters. */
  static async open(context, url, query = { backend: "cpu", model: "tiny" }) {
    const page = await context.newPage();
    const opened = new this(page);
    page.setDefaultNavigationTimeout(PATIENCE_MS);
    await page.addInitScript(recordStatus);
    const unanswered = listUnanswered(page);
    await page.goto(`${url}/?${new URLSearchParams(query)}`).catch((error) => {
      throw new Error(`${error.message}\nnot answered: ${[...unanswered].join(" ") || "nothing"}`);
    });
    await opened.hook("status").waitFor({ state: "attached", timeout: PATIENCE_MS });
    return opened;
  }

  /** The element with this `data-testid`. */
  hook(name) {
    return this.page.getByTestId(name);
  }

  /** What `status` says now. */
  async status() {
    return (await this.hook("status").textContent()).trim();
  }

  /** What `backend` says now. */
  async backend() {
    return (await this.hook("backend").textContent()).trim();
  }

  /** Everything that `status` has said so far, without repetitions. */
  statusHistory() {
    return this.page.evaluate(() => globalThis.statusHistory);
  }

  /** Waits until the engine is there. */
  async untilReady() {
    await this.page.waitForFunction(() => !["", "loading"].includes(globalThis.statusHistory.at(-1) ?? ""), null, {
      timeout: PATIENCE_MS,
    });
    return this.status();
  }

  /** Does `act`, then waits until `status` says what `pattern` matches and said something else before. */
  async untilStatusAfter(act, pattern) {
    const before = await this.page.evaluate(() => globalThis.statusHistory.length);
    await act();
    const found = await this.page.waitForFunction(
      ({ before, source }) => globalThis.statusHistory.slice(before).find((text) => new RegExp(source).test(text)),
      { before, source: pattern.source },
      { timeout: PATIENCE_MS },
    );
    return found.jsonValue();
  }

  /** Gives a video or picture to the page without waiting. */
  async choose(file) {
    await this.hook("open-video").setInputFiles(file);
  }

  /**
   * Lets the page's process die, as in a crash: no handler of the page runs. Returns when the browser knows of it: an address opened before that
   * is given to the service worker of the dying process, and waits for it in vain.
   */
  async crash() {
    const died = this.page.waitForEvent("crash");
    await this.page.goto("chrome://crash").catch(() => {});
    await died;
  }

  /** Opens a video or picture and waits for its end; returns `done` or `error: ...`. */
  open(file) {
    return this.untilStatusAfter(() => this.choose(file), /^(done|error)/);
  }

  /** Opens a video or picture that must come to its end; returns its rows. */
  async analyse(file) {
    const status = await this.open(file);
    if (status !== "done") throw new Error(`${file}: status says "${status}"; the page says "${await this.notices()}"`);
    return this.rows();
  }

  /** Opens a model file of one's own. */
  async chooseModel(file) {
    await this.hook("open-model").setInputFiles(file);
  }

  /** Rows of the csv that the page offers now. */
  async rows() {
    return readFrameTable((await this.save("export-csv")).text);
  }

  /** Uses an export button; returns the file's name and text. */
  async save(hook) {
    const [saved] = await Promise.all([
      this.page.waitForEvent("download", { timeout: 30_000 }),
      this.hook(hook).click(),
    ]);
    return { name: saved.suggestedFilename(), text: await readFile(await saved.path(), "utf8") };
  }

  /** All that the page says of what went wrong or is worth knowing. */
  async notices() {
    const texts = await this.page.locator('[role="alert"], [role="status"]').allTextContents();
    return [await this.status(), ...texts.map((text) => text.trim())].filter(Boolean).join(" | ");
  }

  /** Waits until a notice or `status` matches all patterns. */
  async untilNoticed(...patterns) {
    const deadline = Date.now() + 30_000;
    let said = "";
    while (Date.now() < deadline) {
      said = await this.notices();
      if (patterns.every((pattern) => pattern.test(said))) return said;
      await this.page.waitForTimeout(100);
    }
    throw new Error(`nothing on the page says ${patterns.join(" and ")}; it says "${said}"`);
  }

  /** Sets the way of smoothing and the window, as a person would. */
  async smooth(way, window) {
    await this.hook("smoothing").selectOption(way);
    await this.hook("window").fill(String(window));
    await this.hook("window").press("Tab");
  }

  /** Seconds at which the video stands, and whether it plays. */
  playback() {
    return this.page.evaluate(() => {
      const video = document.querySelector("video");
      return { time: video.currentTime, isPaused: video.paused };
    });
  }

  /** Whether something can only be reached by scrolling sideways. */
  async scrollsSideways() {
    return this.page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
  }
}

/** Addresses that the page asks for from now on and has no answer to yet. */
function listUnanswered(page) {
  const addresses = new Set();
  page.on("request", (request) => addresses.add(request.url()));
  for (const end of ["requestfinished", "requestfailed"]) page.on(end, (request) => addresses.delete(request.url()));
  return addresses;
}

// Runs in the page before its own code: keeps every text that `status` has had.
function recordStatus() {
  globalThis.statusHistory = [];
  const note = () => {
    const text = document.querySelector('[data-testid="status"]')?.textContent.trim();
    if (text !== undefined && text !== globalThis.statusHistory.at(-1)) globalThis.statusHistory.push(text);
  };
  new MutationObserver(note).observe(document, { childList: true, subtree: true, characterData: true });
}
