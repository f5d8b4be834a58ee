// Files that the browser finds again: one click goes on with the last video where it gives handles of files.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { AnnotatorPage } from "../page_objects/annotator_page.mjs";
import { launchBrowser } from "../support/browser.mjs";

export function declare({ test, afterAll }, { url, scratch }) {
  let browser;
  let context;
  let page;
  afterAll(() => browser?.close());

  /** Files of the page's own private file system: their handles are of the same class as those of the browser's dialogue, which no test can use. */
  async function put(name, bytes) {
    await page.page.evaluate(
      async ({ name, text }) => {
        const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
        const folder = await navigator.storage.getDirectory();
        const handle = await folder.getFileHandle(name, { create: true });
        const writable = await handle.createWritable();
        await writable.write(bytes);
        await writable.close();
      },
      { name, text: bytes.toString("base64") },
    );
  }

  /** The dialogue gives these files, or is closed by the person where there are none. */
  const answerDialogue = (...names) =>
    page.page.evaluate((names) => {
      globalThis.showOpenFilePicker = async (asked) => {
        globalThis.dialogueAsked = asked;
        if (names.length === 0) throw new DOMException("closed", "AbortError");
        const folder = await navigator.storage.getDirectory();
        return Promise.all(names.map((name) => folder.getFileHandle(name)));
      };
    }, names);

  const choose = () => page.page.locator(".drop-zone:visible").first().click();
  const untilFilm = () => page.page.waitForFunction(() => document.querySelector("video")?.readyState >= 2, null, { timeout: 30_000 });

  test("file handles: a video that was chosen opens with one click after a reload", async () => {
    browser = await launchBrowser();
    context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    page = await AnnotatorPage.open(context, url);
    await put("mine.mp4", await readFile(await scratch.file("face.mp4")));
    await page.untilReady();
    await answerDialogue();
    await choose();
    assert.deepEqual(await page.page.evaluate(() => [globalThis.dialogueAsked.multiple, globalThis.dialogueAsked.types.length]), [true, 1]);
    assert.equal(await page.status(), "ready", "a dialogue that is closed opens nothing");
    await answerDialogue("mine.mp4");
    await page.untilStatusAfter(choose, /^done$/);
    await page.toFrame(0);
    await page.key("3");
    await page.until("review-kept", /^Kept/);
    await page.page.reload();
    const button = page.hook("continue");
    await button.waitFor({ state: "visible", timeout: 30_000 });
    assert.match(await button.textContent(), /^Continue mine\.mp4 \(1 of /);
    await button.click();
    await untilFilm();
    assert.ok(await page.page.locator(".stage-note").isHidden(), "nobody is asked for the video");
    assert.equal((await page.segments()).length, 1);
    assert.ok(await page.hook("question").isHidden());
  });

  test("file handles: a file that has changed is asked about, one that is gone is named", async () => {
    await put("mine.mp4", await readFile(await scratch.file("face-short.mp4")));
    await page.page.reload();
    await page.hook("continue").click();
    await page.hook("question").waitFor({ state: "visible", timeout: 30_000 });
    assert.match(await page.text("question"), /is not the file that this project was made with/);
    await page.hook("question-no").click();
    await page.page.evaluate(async () => (await navigator.storage.getDirectory()).removeEntry("mine.mp4"));
    await page.page.reload();
    await page.hook("continue").click();
    await page.untilNoticed(/mine\.mp4 is not where it was/);
    await page.page.locator(".stage-note").waitFor({ state: "visible" });
  });

  test("file handles: without leave of the person, and without handles, the video is asked for as before", async () => {
    await put("mine.mp4", await readFile(await scratch.file("face.mp4")));
    await page.page.reload();
    await page.hook("continue").waitFor({ state: "visible", timeout: 30_000 });
    await page.page.evaluate(() => {
      FileSystemHandle.prototype.queryPermission = async () => "prompt";
      FileSystemHandle.prototype.requestPermission = async () => "denied";
    });
    await page.hook("continue").click();
    await page.untilNoticed(/was not let to open mine\.mp4/);
    await page.page.reload();
    await page.hook("continue").waitFor({ state: "visible", timeout: 30_000 });
    await page.page.evaluate(() => delete globalThis.showOpenFilePicker);
    await page.page.evaluate(() => delete Window.prototype.showOpenFilePicker);
    const [dialogue] = await Promise.all([page.page.waitForEvent("filechooser"), choose()]);
    await page.untilStatusAfter(async () => dialogue.setFiles(await scratch.file("face-short.mp4")), /^done$/);
  });

  test("file handles: the header's button and the videos of a list give handles too, and strays are forgotten", async () => {
    const names = () =>
      page.page.evaluate(
        () =>
          new Promise((resolve, reject) => {
            const opening = indexedDB.open("mien-files");
            opening.onerror = () => reject(opening.error);
            opening.onsuccess = () => {
              const asked = opening.result.transaction("handles").objectStore("handles").getAllKeys();
              asked.onsuccess = () => {
                opening.result.close();
                resolve(asked.result);
              };
            };
          }),
      );
    for (const name of ["one.mp4", "two.mp4"]) await put(name, await readFile(await scratch.file(name === "one.mp4" ? "four-frames.mp4" : "face-long.mp4")));
    await page.page.reload();
    await page.untilReady();
    const before = await names();
    await answerDialogue("one.mp4", "two.mp4");
    await page.page.locator('label:has([data-testid="open-video"])').click();
    await page.page.waitForFunction(() => /done/.test(document.querySelector('[data-testid="batch-1"]')?.textContent), null, { timeout: 120_000 });
    // The list's second video is read on the stage or behind it; both are known by now, or in a moment.
    for (let turn = 0; turn < 50 && (await names()).length < before.length + 2; turn += 1) await page.page.waitForTimeout(100);
    assert.equal((await names()).length, before.length + 2);
    await page.page.evaluate(async () => {
      const handle = await (await navigator.storage.getDirectory()).getFileHandle("one.mp4");
      const opening = indexedDB.open("mien-files");
      await new Promise((resolve) => (opening.onsuccess = resolve));
      const transaction = opening.result.transaction("handles", "readwrite");
      transaction.objectStore("handles").put(handle, "0123456789abcdef");
      await new Promise((resolve) => (transaction.oncomplete = resolve));
      opening.result.close();
    });
    await page.page.reload();
    await page.hook("continue").waitFor({ state: "visible", timeout: 30_000 });
    for (let turn = 0; turn < 50 && (await names()).includes("0123456789abcdef"); turn += 1) await page.page.waitForTimeout(100);
    const kept = await names();
    assert.ok(!kept.includes("0123456789abcdef") && kept.length === before.length + 2, `${kept}`);
  });
}
