// The engine without the page's UI, as pages of one's own use it: the example, a film, a camera, and the player of kept results.

import assert from "node:assert/strict";
import { access, readFile } from "node:fs/promises";
import path from "node:path";
import { launchBrowser } from "../support/browser.mjs";
import { DIST } from "../support/settings.mjs";

const PATIENCE = { timeout: 120_000 };

export function declare({ test, afterAll }, { url, scratch }) {
  let browser;
  let page;
  afterAll(() => browser?.close());

  /** The example page, on the processor. */
  async function openExample() {
    browser ??= await launchBrowser();
    page = await (await browser.newContext()).newPage();
    await page.goto(`${url}/package/example/index.html`);
    await page.waitForFunction(() => /^ready/.test(document.querySelector("output").value), null, PATIENCE);
  }

  test("all files that the package names are there", async () => {
    const told = JSON.parse(await readFile(path.join(DIST, "package.json"), "utf8"));
    for (const file of [told.main, told.types, told.exports["./player"].default, told.exports["./player"].types]) await access(path.join(DIST, file));
    const lines = await Promise.all(["index.html", "example.js"].map((name) => readFile(path.join(DIST, "package/example", name), "utf8")));
    assert.ok(lines.join("").split("\n").length < 40);
  });

  test("the example counts the labels of a film, and shows a kept one", async () => {
    await openExample();
    const timeline = page.locator("mien-player canvas");
    await page.waitForFunction(() => /Timeline: /.test(document.querySelector("mien-player").shadowRoot.querySelector("canvas").ariaLabel ?? ""), null, PATIENCE);
    assert.match(await timeline.getAttribute("aria-label"), /Neutral \d+ %/);
    await page.locator("input").setInputFiles(await scratch.file("four-frames.mp4"));
    await page.waitForFunction(() => /^(done|error)/.test(document.querySelector("output").value), null, PATIENCE);
    const said = await page.locator("output").textContent();
    assert.match(said, /^done: frame 3: /);
    const counts = [...said.matchAll(/[A-Z][a-z]+ (\d+)/g)].map((match) => Number(match[1]));
    assert.equal(counts.reduce((sum, count) => sum + count), 4);
  });

  test("a file that is no film is an error, leaving a film early is none, and the next one is read", async () => {
    await page.locator("input").setInputFiles(await scratch.file("letter.mp4"));
    await page.waitForFunction(() => /^error/.test(document.querySelector("output").value), null, PATIENCE);
    const outcome = await page.evaluate(async () => {
      const { Mien } = await import("/package/mien.js");
      const mien = await Mien.open({ backend: "cpu", model: "models/tiny.safetensors" });
      const film = new File([await (await fetch("/sample/six-expressions.mp4")).blob()], "six.mp4");
      const frames = [];
      for await (const seen of mien.analyze(film)) {
        frames.push(seen.frame);
        if (frames.length === 3) break;
      }
      const stopped = new AbortController();
      const aborted = await (async () => {
        for await (const seen of mien.analyze(film, { signal: stopped.signal })) if (seen.frame === 2) stopped.abort();
      })().then(() => "went on", (error) => error.name);
      let last;
      let refined = 0;
      let fraction = 0;
      for await (const seen of mien.analyze(film, { onProgress: (progress) => (fraction = progress.fraction) })) {
        if (seen.type === "seen") last = seen;
        else refined += 1;
      }
      mien.close();
      return { frames, aborted, last, refined, fraction, model: mien.model.name };
    });
    assert.deepEqual(outcome.frames, [0, 1, 2]);
    assert.equal(outcome.aborted, "AbortError");
    assert.equal(outcome.last.frame, 384);
    assert.ok(outcome.refined > 300 && outcome.fraction > 0.9, JSON.stringify(outcome));
    const sum = Object.values(outcome.last.faces[0].probabilities).reduce((one, other) => one + other);
    assert.ok(Math.abs(sum - 1) < 1e-3);
    assert.equal(outcome.model, "tiny.safetensors");
  });

  test("a stream is read as it runs", async () => {
    const seen = await page.evaluate(async () => {
      const { Mien } = await import("/package/mien.js");
      const mien = await Mien.open({ backend: "cpu", model: "models/tiny.safetensors" });
      const film = Object.assign(document.createElement("video"), { src: "/sample/six-expressions.mp4", muted: true, loop: true });
      await film.play();
      const found = [];
      for await (const one of mien.live(film.captureStream())) {
        found.push(one);
        if (found.length === 5) break;
      }
      mien.close();
      return found;
    });
    assert.deepEqual(seen.map((one) => one.frame), [0, 1, 2, 3, 4]);
    assert.ok(seen.every((one, place) => place === 0 || one.time > seen[place - 1].time));
    assert.ok(seen.some((one) => one.faces.length === 1));
    await page.context().close();
  });
}
