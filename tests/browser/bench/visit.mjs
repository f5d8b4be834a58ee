// A first visit: when something is seen, what it costs in bytes, and how long it takes to a first timeline with the sample.

import { note } from "./figures.mjs";

/** Prints the figures of three visits with nothing kept, at `url`: a server that packs files, such as `cargo xtask demo`'s, shows fewer bytes. */
export async function measureVisit(launch, url) {
  const visits = [];
  for (let round = 0; round < 3; round += 1) visits.push(await visit(launch, url));
  const figures = [
    ["readyMs", "engine ready", "ms"],
    ["sampleMs", "from the click on the sample to its timeline", "ms"],
    ["megabytes", "bytes until then", "MB"],
  ];
  for (const [name, what, unit] of figures) note({ what: `page, first visit: ${what}`, unit, ours: visits.map((found) => found[name]) });
  const shown = (name, digits = 0) => visits.map((found) => found[name].toFixed(digits)).join(", ");
  console.log(`first visit of ${url}, three times:`);
  console.log(`  first paint with words: ${shown("paintMs")} ms`);
  console.log(`  page answers (its own code is there): ${shown("answersMs")} ms`);
  console.log(`  engine ready: ${shown("readyMs")} ms`);
  console.log(`  from the click on the sample to its timeline: ${shown("sampleMs")} ms, engine ready or not`);
  console.log(`  bytes over the network until then: ${shown("megabytes", 2)} MB`);
}

async function visit(launch, url) {
  const browser = await launch();
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, serviceWorkers: "block" });
  const start = Date.now();
  await page.goto(url);
  await page.getByTestId("open-sample").waitFor();
  const answersMs = Date.now() - start;
  const clicked = Date.now();
  await page.getByTestId("open-sample").click();
  await page.waitForFunction(() => /[1-9]\d* of [1-9]\d*|\d+ of \d+ reviewed/.test(document.querySelector('[data-testid="review-progress"]')?.textContent ?? ""));
  const sampleMs = Date.now() - clicked;
  await page.waitForFunction(() => !/^loading/.test(document.querySelector('[data-testid="status"]').textContent), null, { timeout: 120_000 });
  const readyMs = Date.now() - start;
  // Workers know what they asked for themselves.
  const asked = await Promise.all([page, ...page.workers()].map((asker) => asker.evaluate(transferred)));
  const bytes = asked.reduce((sum, one) => sum + one, 0);
  const paintMs = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Number.NaN);
  await browser.close();
  return { paintMs, answersMs, readyMs, sampleMs, megabytes: bytes / 1e6 };
}

// In the page and its workers: bytes of all that was loaded, headers and packing included.
function transferred() {
  const entries = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
  return entries.reduce((sum, entry) => sum + entry.transferSize, 0);
}
