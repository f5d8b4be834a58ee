// Chromium without a window, and what a page under test said and asked for.

import { chromium } from "playwright-core";
import { CHROMIUM } from "./settings.mjs";

const QUIET_FLAGS = [
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

// WebGPU on Chromium's software adapter: no GPU is needed.
const WEBGPU_FLAGS = [
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--use-vulkan=swiftshader",
  "--use-angle=swiftshader",
  "--enable-features=Vulkan",
];

function options({ webgpu = true, flags = [] } = {}) {
  const args = [...QUIET_FLAGS, ...(webgpu ? WEBGPU_FLAGS : []), ...flags];
  return { executablePath: CHROMIUM, headless: true, args };
}

/** A browser; `webgpu: false` is one that has none. One that cannot even show an empty page is ended, and another started. */
export async function launchBrowser(choice) {
  const browser = await chromium.launch(options(choice));
  if (await showsAnything(browser)) return browser;
  console.log("        the browser showed no page within 20 s of its start; another one is started");
  await browser.close();
  return chromium.launch(options(choice));
}

async function showsAnything(browser) {
  const page = await browser.newPage();
  const isShown = await page.goto("data:text/html,ready", { timeout: 20_000 }).then(() => true, () => false);
  if (isShown) await page.close();
  return isShown;
}

/** A browser with a profile of its own in `folder`, whose preferences were written before. */
export function launchWithProfile(folder, choice) {
  return chromium.launchPersistentContext(folder, options(choice));
}

/** Listens to one browser context from its start. */
export class Watch {
  /** Addresses of all requests, those of workers and of the service worker included. */
  requests = [];
  /** What the content-security policy refused. */
  violations = [];
  /** Exceptions that nobody caught. */
  exceptions = [];
  /** Error messages on the console. */
  consoleErrors = [];

  static async of(context) {
    const watch = new Watch();
    context.on("request", (request) => watch.requests.push(request.url()));
    context.on("weberror", (error) => watch.exceptions.push(String(error.error())));
    context.on("console", (message) => {
      if (message.type() === "error") watch.consoleErrors.push(message.text());
      // A worker's violations reach nobody but the console.
      if (/content security policy/i.test(message.text())) watch.violations.push(message.text());
    });
    await context.exposeBinding("reportViolation", (_source, text) => watch.violations.push(text));
    await context.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (event) => {
        globalThis.reportViolation(`${event.effectiveDirective} refused ${event.blockedURI}`);
      });
    });
    return watch;
  }

  /** Requests that left `origin`; data and blob addresses stay in the page. */
  foreignRequests(origin) {
    return this.requests.filter((url) => !/^(data|blob):/.test(url) && new URL(url).origin !== origin);
  }
}
