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
    return { name: saved.suggestedFilename(), file, ...(await probed(file)) };
  }

  /** Size, times of the frames in seconds, and whether there is a sound, as ffprobe says. */
  async function probed(file) {
    const asked = ["-v", "error", "-show_entries", "stream=codec_type,width,height:frame=media_type,pts_time", "-of", "json", file];
    const { streams, frames } = JSON.parse((await run("ffprobe", asked, { maxBuffer: 2 ** 26 })).stdout);
    const { width, height } = streams.find((stream) => stream.codec_type === "video");
    const times = frames.filter((frame) => frame.media_type === "video").map((frame) => Number(frame.pts_time));
    return { width, height, times, hasSound: streams.some((stream) => stream.codec_type === "audio") };
  }

  /** How loud a film is from one second to another, in decibels. */
  async function loudness(file, from, to) {
    const asked = ["-v", "info", "-ss", from, "-t", to - from, "-i", file, "-vn", "-af", "volumedetect", "-f", "null", "-"];
    return Number((await run("ffmpeg", asked)).stderr.match(/max_volume: (-?[\d.]+|-inf) dB/)[1].replace("-inf", "-200"));
  }

  /** Brightness of a picture in the middle of a film. */
  async function grey(file) {
    const { stdout } = await run("ffmpeg", ["-v", "error", "-i", file, "-vf", "select=gte(t\\,1.2)", "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "gray", "-"], {
      encoding: "buffer",
      maxBuffer: 2 ** 26,
    });
    return stdout;
  }

  /** Brightness of the first picture, as it is shown. */
  async function greyFirst(file) {
    const asked = ["-v", "error", "-i", file, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "gray", "-"];
    return (await run("ffmpeg", asked, { encoding: "buffer", maxBuffer: 2 ** 26 })).stdout;
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
    const { name, file, width, times, hasSound } = await exported();
    assert.equal(name, "face labelled.mp4");
    const wanted = (await probed(film)).times;
    assert.equal(times.length, 72);
    const late = times.map((time, frame) => Math.abs(time - (wanted[frame] - wanted[0])));
    assert.ok(Math.max(...late) < 1e-3, `${Math.max(...late)} s beside the film's own times`);
    assert.equal(hasSound, false, "the film has none");
    const [before, after] = [await grey(film), await grey(file)];
    assert.equal(after.length, before.length, "the size is the film's");
    // The frame of the box is a line of one colour where the film has a face.
    const line = (pixels) => Array.from({ length: 60 }, (_, place) => pixels[(BOX[1] + 40) * width + BOX[0] + 60 + place]);
    assert.ok(Math.abs(line(before)[0] - line(after)[0]) < 40, "inside the box the face is as it was");
    // The left edge of the box, below its rounded corner, is drawn: a line over whatever was there.
    const edge = (pixels) => Array.from({ length: 60 }, (_, place) => pixels[(BOX[1] + 40 + place) * width + BOX[0]]);
    const changes = edge(before).map((value, place) => Math.abs(value - edge(after)[place])).sort((a, b) => a - b);
    const beside = line(before).map((value, place) => Math.abs(value - line(after)[place])).sort((a, b) => a - b);
    assert.ok(changes[30] > 12 && changes[30] > 3 * beside[30], `the edge differs by ${changes[30]}, the face by ${beside[30]}`);
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
    // A film that leaves the stage meanwhile does not get another one's labels.
    await page.hook("export-film").click();
    await page.hook("film-progress").waitFor({ state: "visible" });
    await page.choose(await scratch.write("other.json", JSON.stringify(makeProject({ video: "other.mp4", frames: 72, rate: 24, people: FACE }))));
    await page.untilNoticed(/another one came on the stage/);
    await page.hook("film-progress").waitFor({ state: "hidden" });
    assert.equal(downloads, 0);
  });

  test("film: an encoder that never answers can be given up", async () => {
    await page.openProject(scratch, makeProject({ video: "face.mp4", frames: 72, rate: 24, people: FACE, stretch: 12 }), film);
    await page.page.evaluate(() => {
      globalThis.usualFlush = VideoEncoder.prototype.flush;
      VideoEncoder.prototype.flush = () => new Promise(() => {});
    });
    await page.hook("export-film").click();
    await page.page.waitForFunction(() => document.querySelector('[data-testid="film-progress"] progress').value > 95);
    await page.hook("film-cancel").click();
    await page.page.waitForFunction(() => !document.querySelector('[data-testid="export-film"]').disabled);
    await page.page.evaluate(() => (VideoEncoder.prototype.flush = globalThis.usualFlush));
  });

  test("film: labels that change on the way are not in it", async () => {
    /** Brightness of the label over the face. */
    const label = async (file) => {
      const [pixels, { width }] = [await grey(file), await probed(file)];
      return Array.from({ length: 16 * 60 }, (_, at) => pixels[(BOX[1] - 22 + Math.floor(at / 60)) * width + BOX[0] + 2 + (at % 60)]);
    };
    const difference = (one, other) => one.reduce((sum, value, at) => sum + Math.abs(value - other[at]), 0) / one.length;
    const before = await label((await exported()).file);
    const saved = page.page.waitForEvent("download", { timeout: 60_000 });
    await page.hook("export-film").click();
    await page.key("Home");
    await page.key("x");
    await page.key("End");
    await page.until("review-current", /^Range of /);
    await page.key("6");
    await page.until("review-said", /^Painted Surprise/);
    const during = await label(await (await saved).path());
    await page.hook("film-progress").waitFor({ state: "hidden" });
    const after = await label((await exported()).file);
    assert.ok(difference(before, during) < 4, `${difference(before, during)}`);
    assert.ok(difference(before, after) > 8, `${difference(before, after)}: the next film has them`);
  });

  test("film: of several people some are hidden, and the others are seen", async () => {
    const people = [{ ...FACE[0], to: 72 }, { track: 1, from: 0, to: 72, box: [300, 180, 60, 60] }];
    page = await AnnotatorPage.open(await browser.newContext({ viewport: { width: 1280, height: 900 } }), url);
    await page.openProject(scratch, makeProject({ video: "face.mp4", frames: 72, rate: 24, people, stretch: 12 }), film);
    await page.hook("hide-faces").check();
    await page.hook("hide-faces-of").selectOption({ label: "of Face 2 only" });
    const { name, file, width } = await exported();
    assert.match(name, /^face labelled, some faces hidden\./);
    const [shown, before] = [unevenness(await grey(file), width), unevenness(await grey(film), width)];
    assert.ok(shown > before / 2, `${shown} of ${before}: the first face is seen`);
    await page.hook("hide-faces-of").selectOption({ label: "of all but Face 2" });
    const other = await exported();
    assert.ok(unevenness(await grey(other.file), width) < 3, "and the other way round it is not");
    await page.hook("hide-faces").uncheck();
  });

  test("film: a film that lies on its side in the file stands upright in the export", async () => {
    const turned = await scratch.file("rotated.mp4");
    await page.analyse(turned);
    const { file, width, height, times } = await exported();
    const [before, after] = [await greyFirst(turned), await greyFirst(file)];
    assert.equal(times.length, (await probed(turned)).times.length);
    assert.deepEqual([after.length, width * height], [before.length, before.length]);
    // Labels cover a part of it.
    const differences = Array.from(before, (value, at) => Math.abs(value - after[at])).sort((a, b) => a - b);
    assert.ok(differences[Math.floor(differences.length / 2)] < 6, "the same picture");
  });

  test("film: what only the player reads is recorded while it plays", async () => {
    await page.analyse(await scratch.file("double-speed.mp4"));
    const { name, times } = await exported();
    assert.match(name, /^double-speed labelled\.(webm|mp4)$/);
    assert.ok(times.length > 1, `${times.length} pictures`);
  });

  test("film: the picture on the stage is handed out too, of a photograph as of a film", async () => {
    const picture = async () => {
      const [saved] = await Promise.all([page.page.waitForEvent("download", { timeout: 30_000 }), page.hook("export-picture").click()]);
      return { name: saved.suggestedFilename(), ...(await probed(await saved.path())) };
    };
    await page.analyse(await scratch.file("face-short.mp4"));
    const of = await probed(await scratch.file("face-short.mp4"));
    const still = await picture();
    assert.match(still.name, /^face-short at 0\.0\d s labelled\.png$/);
    assert.deepEqual([still.width, still.height], [of.width, of.height]);
    const photograph = await scratch.file("face.jpg");
    await page.analyse(photograph);
    assert.ok(await page.hook("export-film").isDisabled(), "a photograph is no film");
    const own = await picture();
    const { width, height } = await probed(photograph);
    assert.deepEqual([own.name, own.width, own.height], ["face at 0.00 s labelled.png", width, height]);
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
    // And it is heard in the export, where it was.
    const { file, hasSound } = await exported();
    assert.ok(hasSound);
    const [still, tone] = [await loudness(file, 0, 0.9), await loudness(file, 1.1, 1.9)];
    assert.ok(still < -50 && tone > -6, `${still} dB, then ${tone} dB`);
    if (process.env.MIEN_SCREENSHOT) await page.page.screenshot({ path: `${process.env.MIEN_SCREENSHOT}.sound.png` });
    // A browser that cannot encode it says so.
    await page.page.evaluate(() => {
      AudioEncoder.prototype.configure = () => {
        throw new DOMException("no such encoder", "NotSupportedError");
      };
    });
    const silent = await exported();
    assert.equal(silent.hasSound, false);
    await page.untilNoticed(/comes without its sound, which this browser cannot encode: .*no such encoder/);
  });
}
