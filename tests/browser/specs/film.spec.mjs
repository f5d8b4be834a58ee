// The film with its labels drawn in, looked at by ffmpeg; and the sound behind the ruler.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { AnnotatorPage } from "../page_objects/annotator_page.mjs";
import { launchBrowser } from "../support/browser.mjs";
import { makeProject } from "../support/project.mjs";

const run = promisify(execFile);
const BOX = [100, 60, 120, 130];
const FACE = [{ track: 0, from: 0, to: 72, box: BOX }];
// As the page hides a face: this much larger than its box, as so many squares.
const PART = 1.3;
const SQUARES = 7;

export function declare({ test, afterAll }, { url, scratch }) {
  let browser;
  let page;
  let film;
  afterAll(() => browser?.close());

  async function exported() {
    const [saved] = await Promise.all([page.page.waitForEvent("download", { timeout: 60_000 }), page.hook("export-film").click()]);
    const file = await saved.path();
    const asked = ["-v", "error", "-count_frames", "-select_streams", "v", "-show_entries", "stream=width,height,nb_read_frames", "-of", "json", file];
    const [stream] = JSON.parse((await run("ffprobe", asked)).stdout).streams;
    return { name: saved.suggestedFilename(), file, width: stream.width, height: stream.height, frames: Number(stream.nb_read_frames) };
  }

  /** Brightness of a picture in the middle of a film. */
  async function grey(file) {
    const { stdout } = await run("ffmpeg", ["-v", "error", "-i", file, "-vf", "select=gte(t\\,1.2)", "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "gray", "-"], {
      encoding: "buffer",
      maxBuffer: 2 ** 26,
    });
    return stdout;
  }

  /** Mean deviation within the squares of a hidden face, less their edges. */
  function unevenness(pixels, width) {
    const [x, y, w, h] = BOX;
    const [left, top] = [x - (w * (PART - 1)) / 2, y - (h * (PART - 1)) / 2];
    const [across, down] = [(w * PART) / SQUARES, (h * PART) / SQUARES];
    const found = [];
    for (let row = 1; row < SQUARES - 1; row += 1) {
      for (let column = 1; column < SQUARES - 1; column += 1) {
        const inside = [];
        for (let line = Math.ceil(top + row * down) + 4; line < top + (row + 1) * down - 4; line += 1) {
          for (let at = Math.ceil(left + column * across) + 4; at < left + (column + 1) * across - 4; at += 1) inside.push(pixels[line * width + at]);
        }
        const mean = inside.reduce((sum, value) => sum + value, 0) / inside.length;
        found.push(Math.sqrt(inside.reduce((sum, value) => sum + (value - mean) ** 2, 0) / inside.length));
      }
    }
    return found.sort((a, b) => a - b)[Math.floor(found.length / 2)];
  }

  test("film: what is exported has the film's pictures with labels on them", async () => {
    browser = await launchBrowser();
    page = await AnnotatorPage.open(await browser.newContext({ viewport: { width: 1280, height: 900 } }), url);
    film = await scratch.file("face.mp4");
    assert.ok(await page.hook("export-film").isDisabled(), "there is no film yet");
    await page.openProject(scratch, makeProject({ video: "face.mp4", frames: 72, rate: 24, people: FACE, stretch: 12 }), film);
    const { name, file, width, frames } = await exported();
    assert.match(name, /^face labelled\.(webm|mp4)$/);
    assert.ok(frames > 15, `${frames} pictures of 72 in three seconds, on however slow a machine`);
    const [before, after] = [await grey(film), await grey(file)];
    assert.equal(after.length, before.length, "the size is the film's");
    // The frame of the box is a line of one colour where the film has a face.
    const line = (pixels) => Array.from({ length: 60 }, (_, place) => pixels[(BOX[1] + 40) * width + BOX[0] + 60 + place]);
    assert.ok(Math.abs(line(before)[0] - line(after)[0]) < 40, "inside the box the face is as it was");
    await page.hook("film-progress").waitFor({ state: "hidden" });
  });

  test("film: faces are hidden where that is asked for", async () => {
    await page.hook("hide-faces").check();
    const { name, file, width } = await exported();
    assert.match(name, /^face labelled, faces hidden\./);
    const [before, after] = [unevenness(await grey(film), width), unevenness(await grey(file), width)];
    assert.ok(after < 3 && after < before / 2, `${after} of ${before}`);
  });

  test("film: an export that is cancelled hands out nothing", async () => {
    let downloads = 0;
    page.page.on("download", () => (downloads += 1));
    await page.hook("export-film").click();
    await page.hook("film-progress").waitFor({ state: "visible" });
    await page.hook("film-cancel").click();
    await page.hook("film-progress").waitFor({ state: "hidden" });
    await page.page.waitForTimeout(1000);
    assert.equal(downloads, 0);
    assert.ok(await page.hook("export-film").isEnabled());
  });

  test("film: its sound stands behind the ruler, where it is heard", async () => {
    const made = await scratch.file("tone.mp4");
    await page.openProject(scratch, makeProject({ video: "tone.mp4", frames: 48, rate: 24, people: [{ ...FACE[0], to: 48 }], stretch: 12 }), made);
    const drawn = () =>
      page.page.evaluate(() => {
        const canvas = document.querySelector(".timeline canvas");
        const ratio = canvas.width / canvas.getBoundingClientRect().width;
        const [gutter, line] = [Math.round(92 * ratio), Math.round(4 * ratio)];
        const { data, width } = canvas.getContext("2d").getImageData(gutter, line, canvas.width - gutter, 1);
        const inked = (from, to) => {
          let count = 0;
          for (let at = Math.floor(from * width); at < Math.floor(to * width); at += 1) count += data[4 * at + 3] > 20 ? 1 : 0;
          return count / ((to - from) * width);
        };
        return [inked(0.1, 0.45), inked(0.55, 0.95)];
      });
    await page.page.waitForFunction(() => document.querySelector(".timeline canvas").width > 0);
    let found = await drawn();
    for (let turn = 0; turn < 50 && found[1] < 0.8; turn += 1) {
      await page.page.waitForTimeout(100);
      found = await drawn();
    }
    assert.ok(found[0] < 0.2 && found[1] > 0.8, `${found}`);
    if (process.env.MIEN_SCREENSHOT) await page.page.screenshot({ path: `${process.env.MIEN_SCREENSHOT}.sound.png` });
  });
}
