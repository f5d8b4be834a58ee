// A film through the whole page on the CPU, from the drop to the last row, beside face-api on the same frames, decoded before.

import { execFile } from "node:child_process";
import { copyFile, mkdir, readdir, symlink } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { AnalysisPage } from "../page_objects/analysis_page.mjs";
import { DIST } from "../support/settings.mjs";
import { StaticServer } from "../support/static_server.mjs";
import { note } from "./figures.mjs";

const run = promisify(execFile);
const here = path.dirname(fileURLToPath(import.meta.url));
const FILM = path.join(DIST, "sample/six-expressions.mp4");
const ROUNDS = 3;

/** Prints frames a second of both, in turns, and how long the first label took. */
export async function compareFilm(launch, scratch) {
  const { server, frames } = await serve(scratch);
  const ours = { rate: [], first: [] };
  const theirs = [];
  let device = "";
  for (let round = 0; round < ROUNDS; round += 1) {
    const own = await measurePage(launch, server.url, frames);
    ours.rate.push(own.frames_a_second);
    ours.first.push(own.first_ms);
    device = own.device;
    theirs.push(await measureFaceApi(launch, server.url, frames));
  }
  await server.stop();
  const shown = (values) => values.map((value) => value.toFixed(1)).join(", ");
  console.log(`film of ${frames} frames, 480x360, one face, \`demo\`, ${device}:`);
  console.log(`  Mien, from the file to the last row: ${shown(ours.rate)} frames/s`);
  console.log(`  first label after the drop: ${ours.first.map((ms) => ms.toFixed(0)).join(", ")} ms`);
  console.log(`  face-api, tiny detector and expressions, of decoded frames: ${shown(theirs)} frames/s`);
  const what = "page, the sample film (480x360, one face), `demo`, CPU, from the file to the last row";
  note({ what, unit: "frames/s", ours: ours.rate, peer: "face-api (tiny detector), of decoded frames", theirs, more_is_better: true });
  note({ what: "page, first label after the film was chosen", unit: "ms", ours: ours.first });
  console.log(`  medians: Mien is ${(median(ours.rate) / median(theirs)).toFixed(2)} times as fast`);
}

async function serve(scratch) {
  const root = await scratch.folderFor("film");
  for (const name of await readdir(DIST)) await symlink(path.join(DIST, name), path.join(root, name));
  const packages = path.join(here, "../node_modules");
  await symlink(path.join(packages, "@vladmandic/face-api/dist"), path.join(root, "face-api"));
  await symlink(path.join(packages, "@vladmandic/face-api/model"), path.join(root, "face-api-model"));
  await symlink(path.join(packages, "@tensorflow/tfjs-backend-wasm/dist"), path.join(root, "tfjs-wasm"));
  const frames = await scratch.folderFor("frames");
  await run("ffmpeg", ["-v", "error", "-i", FILM, "-q:v", "2", path.join(frames, "%04d.jpg")]);
  await symlink(frames, path.join(root, "frames"));
  await mkdir(path.join(root, "pages"));
  await copyFile(path.join(here, "face_api_page.html"), path.join(root, "pages/face_api_page.html"));
  const server = await StaticServer.start(root, {
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
  });
  return { server, frames: (await readdir(frames)).length };
}

async function measurePage(launch, url, frames) {
  const browser = await launch();
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await AnalysisPage.open(context, url, { backend: "cpu", model: "demo" });
  await page.untilReady();
  await page.page.evaluate(watch);
  const first = await timesOf(page, () => page.choose(FILM));
  // Once more, with everything warm: a film that is known would not be read again by itself.
  const again = await timesOf(page, () => page.hook("analyze").click());
  const device = await page.backend();
  await browser.close();
  return { frames_a_second: (1000 * frames) / again.done, first_ms: first.label, device };
}

/** Milliseconds from what is done to the first label and to the end. Nothing polls meanwhile: that would cost frames. */
async function timesOf(page, act) {
  await page.page.evaluate(() => globalThis.begin());
  await act();
  return page.page.evaluate(() => globalThis.ended);
}

/** In the page: notes when the first label and the end are shown, from the choice of a file or the click on. */
function watch() {
  const status = document.querySelector('[data-testid="status"]');
  let begun = 0;
  let label = null;
  let end = () => {};
  globalThis.begin = () => {
    label = null;
    globalThis.ended = new Promise((resolve, reject) => {
      end = (said, passed) => (said === "done" ? resolve({ label, done: passed }) : reject(new Error(said)));
    });
    for (const kind of ["change", "click"]) {
      document.addEventListener(kind, () => (begun = performance.now()), { capture: true, once: true });
    }
  };
  const look = () => {
    const said = status.textContent.trim();
    const passed = performance.now() - begun;
    if (/^analyzing/.test(said) && document.querySelector(".moment-label.has-label")) label ??= passed;
    if (/^(done|error)/.test(said)) end(said, passed);
  };
  new MutationObserver(look).observe(status, { childList: true, characterData: true, subtree: true });
}

async function measureFaceApi(launch, url, frames) {
  const browser = await launch();
  const page = await (await browser.newContext()).newPage();
  await page.goto(`${url}/pages/face_api_page.html`);
  await page.waitForFunction(() => globalThis.measure);
  const found = await page.evaluate((choice) => globalThis.measure(choice), { frames });
  await browser.close();
  return found.frames_a_second;
}

function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}
