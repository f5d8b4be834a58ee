// Files to take away, each read by something that is not the page.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { WorkspacePage } from "../page_objects/workspace_page.mjs";
import { launchBrowser } from "../support/browser.mjs";
import { ANNOTATION_HEADER, projectOf } from "../support/project_file.mjs";
import { MIEN } from "../support/settings.mjs";
import { textsOf, unzip } from "../support/unzip.mjs";

const run = promisify(execFile);
const LABELS = [...Array(30).fill(0), ...Array(42).fill(4)];
const REVIEWED = [{ track: 0, start: 10, end: 40, label: "fear", confirmed: true }];
const FINAL = LABELS.map((label, frame) => (frame >= 10 && frame < 40 ? 3 : label));

export function declare({ test, afterAll }, { url, scratch }) {
  let browser;
  let page;
  afterAll(() => browser?.close());

  test("an ABAW submission has every frame", async () => {
    browser = await launchBrowser();
    page = await WorkspacePage.open(await browser.newContext({ viewport: { width: 1280, height: 900 } }), url);
    const project = projectOf(LABELS, { reviewed: REVIEWED });
    await page.openPredictions(await scratch.write("p.mien.json", JSON.stringify(project)), 72);
    const { name, text } = await page.save("export-abaw");
    assert.equal(name, "face.abaw.txt");
    const lines = FINAL.map((label, frame) => `face/${String(frame + 1).padStart(5, "0")}.jpg,${label}`);
    assert.equal(text, `image_location,${ANNOTATION_HEADER}\n${lines.join("\n")}\n`);
  });

  test("one choice says which label goes into files with room for one", async () => {
    const labels = async (choice) => {
      await page.hook("export-labels").selectOption({ label: choice });
      return (await page.save("export-affwild2")).text.trimEnd().split("\n").slice(1).map(Number);
    };
    const table = (await page.save("export-csv")).text;
    assert.deepEqual(await labels("Reviewed only"), FINAL.map((label, frame) => (frame >= 10 && frame < 40 ? label : -1)));
    assert.deepEqual(await labels("Smoothed"), LABELS);
    assert.doesNotMatch((await page.save("export-vtt")).text, /Fear/);
    assert.deepEqual(await labels("Frame"), LABELS);
    assert.deepEqual(await labels("Reviewed, else smoothed"), FINAL);
    assert.match((await page.save("export-vtt")).text, /Fear/);
    assert.equal((await page.save("export-csv")).text, table, "the table has every lane, whatever is chosen");
  });

  test("the timeline as a drawing and as a picture", async () => {
    const svg = (await page.save("export-svg")).text;
    const { name, bytes } = await page.saveBytes("export-png");
    assert.equal(name, "face.png");
    assert.deepEqual([...bytes.subarray(1, 4)], [...Buffer.from("PNG")]);
    const width = bytes.readUInt32BE(16);
    const drawn = await page.page.evaluate(async (text) => {
      const document = new DOMParser().parseFromString(text, "image/svg+xml");
      return { error: document.querySelector("parsererror")?.textContent, width: document.documentElement.getAttribute("width") };
    }, svg);
    assert.deepEqual(drawn, { error: undefined, width: String(width / 2) });
    const colours = await pixelColours(page.page, bytes);
    assert.ok(colours.has("196,106,156"), "Fear's colour is in the picture");
  });

  test("the report opens without a network and holds figures and timeline", async () => {
    await page.compare("Reviewed only", "Smoothed");
    await page.until("metrics", /30 frames/);
    const { text } = await page.save("export-report");
    const context = await browser.newContext({ offline: true, javaScriptEnabled: false });
    const report = await context.newPage();
    const asked = [];
    report.on("request", (request) => asked.push(request.url()));
    const file = await scratch.write("report.html", text);
    await report.goto(`file://${file}`);
    assert.deepEqual(asked, [`file://${file}`]);
    assert.match(await report.locator("body").innerText(), /macro F1[\s\S]*Fear/);
    assert.ok((await report.locator("svg").boundingBox()).height > 100);
    if (process.env.MIEN_SCREENSHOT) await report.screenshot({ path: `${process.env.MIEN_SCREENSHOT}.report.png`, fullPage: true });
    await context.close();
  });

  test("printing gives the report in place of the page, and leaves nothing behind", async () => {
    // The browser's own print: it tells the page before and after.
    const seen = await page.page.evaluate(() => {
      globalThis.printed = [];
      const note = new MutationObserver(() => globalThis.printed.push(document.querySelector(".printed").textContent));
      note.observe(document.querySelector(".printed"), { childList: true });
      return document.querySelector(".printed").textContent;
    });
    assert.equal(seen, "");
    const pdf = await page.page.pdf({ format: "A4", landscape: true });
    if (process.env.MIEN_SCREENSHOT) await writeFile(`${process.env.MIEN_SCREENSHOT}.printed.pdf`, pdf);
    assert.ok(pdf.length > 10_000, `${pdf.length} bytes`);
    await page.page.waitForFunction(() => globalThis.printed.length >= 2);
    const printed = await page.page.evaluate(() => globalThis.printed);
    assert.match(printed[0], /72 frames[\s\S]*macro F1/);
    assert.equal(await page.page.evaluate(() => document.querySelector(".printed").textContent), "");
    // What is shown on paper, and what is not.
    await page.page.emulateMedia({ media: "print" });
    await page.page.evaluate(() => window.dispatchEvent(new Event("beforeprint")));
    assert.equal(await page.page.locator(".page").isVisible(), false);
    assert.ok((await page.page.locator(".printed svg").boundingBox()).width > 300);
    await page.page.evaluate(() => window.dispatchEvent(new Event("afterprint")));
    assert.equal(await page.page.locator(".page").isVisible(), true);
    await page.page.emulateMedia({ media: null });
  });

  test("training data hold what was reviewed and nothing else, and the native program reads them", async () => {
    const { name, bytes } = await page.saveBytes("export-training");
    assert.equal(name, "face.training.zip");
    const files = textsOf(unzip(bytes));
    await page.untilNoticed(/The video is not open, so the zip has labels alone/);
    const annotation = files.get("annotations/face.txt").trimEnd().split("\n");
    assert.deepEqual(annotation, [ANNOTATION_HEADER, ...LABELS.map((_, frame) => (frame >= 10 && frame < 40 ? "3" : "-1"))]);
    assert.equal(files.get("labels-face.csv").split("\n")[1], "cropped_aligned/face/00011.jpg,Fear,face,10,face");
    const folder = await scratch.folderFor("training");
    await mkdir(path.join(folder, "annotations"));
    await writeFile(path.join(folder, "annotations/face.txt"), files.get("annotations/face.txt"));
    const { text } = await page.save("export-csv");
    await writeFile(path.join(folder, "face.csv"), text);
    const scored = await run(MIEN, ["score", "--predictions", "face.csv", "--truth", "annotations/face.txt", "--json"], { cwd: folder });
    const score = JSON.parse(scored.stdout);
    assert.equal(score.frames, 30);
    assert.equal(score.unannotated_frames, 42);
  });
}

/** Colours of a picture as "r,g,b". */
async function pixelColours(page, bytes) {
  const found = await page.evaluate(async (numbers) => {
    const bitmap = await createImageBitmap(new Blob([new Uint8Array(numbers)]));
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const context = canvas.getContext("2d");
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
    const colours = new Set();
    for (let at = 0; at < data.length; at += 4) colours.add(`${data[at]},${data[at + 1]},${data[at + 2]}`);
    return [...colours];
  }, [...bytes]);
  return new Set(found);
}
