// Runs the browser tests: `node run.mjs [part of a test's name]`. Ends with `N passed, N failed`.
//
// MIEN_URL: a served page (else web-app/dist is served here). MIEN_DIST: the built page. MIEN_CHROMIUM: the browser.
// MIEN_BIN: the native program. MIEN_SCREENSHOT: where to keep a picture of the analysed page (else none is kept).

import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { StaticServer } from "./support/static_server.mjs";
import { CHROMIUM, DIST, MIEN, URL_OF_PAGE } from "./support/settings.mjs";
import { Scratch } from "./support/scratch.mjs";
import { TestList } from "./support/test_list.mjs";

const filter = process.argv[2] ?? "";
for (const [what, file] of [["built page", `${DIST}/index.html`], ["native program", MIEN], ["Chromium", CHROMIUM]]) {
  if (existsSync(file)) continue;
  console.log(`the ${what} is not at ${file}: run \`cargo xtask test\`, which makes it`);
  console.log("0 passed, 1 failed");
  process.exit(1);
}

const server = URL_OF_PAGE ? null : await StaticServer.start(DIST);
const scratch = await Scratch.make();
const count = { passed: 0, failed: 0 };
for (const file of (await readdir(new URL("specs/", import.meta.url))).filter((name) => name.endsWith(".mjs")).sort()) {
  const list = new TestList(file.replace(/\.spec\.mjs$/, "").replaceAll("_", " "));
  const { declare } = await import(`./specs/${file}`);
  declare(list, { url: URL_OF_PAGE ?? server.url, scratch });
  const { passed, failed } = await list.run(filter);
  count.passed += passed;
  count.failed += failed;
}
await scratch.remove();
await server?.stop();
console.log(`${count.passed} passed, ${count.failed} failed`);
process.exit(count.failed > 0 || count.passed === 0 ? 1 : 0);
