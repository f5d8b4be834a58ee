// Keeps the whole page for use without a network. One version is one cache: files of two versions never mix.
// `precache.json` is written by the build: { "version": ..., "files": { name: SHA-256 }, "on_use": { name: SHA-256 } }. Files of
// the second list, models and the sample, are kept once the page has used them. The build also puts the version into the line
// below, so that browsers see a new worker whenever any file has changed.
const VERSION = "unbuilt";
const PREFIX = "mien-";
const CACHE = PREFIX + VERSION;
const LIST = "precache.json";
// As in `engine-choice.js`, which is a module and cannot be had here: the engine that this browser does not take is not kept.
const FUSED = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 19, 1, 17, 0, 65, 0, 253, 15, 65, 0, 253, 15, 65, 0, 253, 15, 253, 133, 2, 11];
const ENGINES = ["engine/web_engine_bg.wasm", "engine/web_engine_plain_bg.wasm"];
const OTHER_ENGINE = WebAssembly.validate(new Uint8Array(FUSED)) ? ENGINES[1] : ENGINES[0];

self.addEventListener("install", (event) => {
  event.waitUntil(store());
});

self.addEventListener("activate", (event) => {
  event.waitUntil(takeOver());
});

// "take-over": the person has agreed to load the new version. { keep: name }: the page has used a file.
self.addEventListener("message", (event) => {
  if (event.data === "take-over") self.skipWaiting();
  else if (event.data?.keep) event.waitUntil(keepUsed(event.data.keep));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method === "GET" && url.origin === self.location.origin) event.respondWith(answer(event, url));
  else event.waitUntil(tell());
});

async function store() {
  const response = await fetch(LIST, { cache: "no-store" });
  const list = await response.clone().json();
  if (list.version !== VERSION) throw new Error("the page is just being replaced: next time");
  const cache = await caches.open(CACHE);
  try {
    for (const [name, hash] of Object.entries(list.files)) if (name !== OTHER_ENGINE) await keep(cache, name, hash);
    await carryOver(cache, list);
    await cache.put(LIST, response);
  } catch (error) {
    // Half a page is of no use and fills the storage.
    await caches.delete(CACHE);
    throw error;
  }
}

// What an older version kept is kept on: the same file, or what has come in its place.
async function carryOver(cache, list) {
  for (const [name, hash] of Object.entries(list.on_use)) {
    const kept = await caches.match(name, { ignoreVary: true });
    if (!kept || (await cache.match(name, { ignoreVary: true }))) continue;
    if ((await hashOf(kept.clone())) === hash) await cache.put(name, kept);
    else await keep(cache, name, hash);
  }
}

// The page has just loaded most files: the copy that the browser has of them is taken, whatever its age, if it is of this version.
// So a file comes over the network once, also from a server that says nothing of versions.
async function keep(cache, name, hash) {
  for (const mode of ["force-cache", "reload"]) {
    if (mode === "reload") await tell();
    // As the page itself was asked for.
    const response = await fetch(name === "index.html" ? "./" : name, { cache: mode });
    if (response.ok && (await hashOf(response.clone())) === hash) return cache.put(name, response);
  }
  throw new Error(`${name} is of another version`);
}

async function keepUsed(name) {
  const cache = await caches.open(CACHE);
  const list = await (await cache.match(LIST, { ignoreVary: true }))?.json();
  const hash = list?.on_use[name];
  if (hash && !(await cache.match(name, { ignoreVary: true }))) await keep(cache, name, hash);
}

async function hashOf(response) {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", await response.arrayBuffer()));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function takeOver() {
  try {
    // What was used since this version was stored.
    const cache = await caches.open(CACHE);
    await carryOver(cache, await (await cache.match(LIST, { ignoreVary: true })).json());
  } catch {
    // It is loaded again when it is used again.
  }
  for (const name of await caches.keys()) {
    if (name.startsWith(PREFIX) && name !== CACHE) await caches.delete(name);
  }
  await self.clients.claim();
}

async function answer(event, url) {
  const kept = await find(event.request, url);
  if (kept) return kept;
  const name = ENGINES.find((engine) => new URL(engine, self.registration.scope).pathname === url.pathname);
  if (name) return engineOfThisVersion(event, name);
  event.waitUntil(tell());
  return fetch(event.request);
}

// An engine that was not kept: the browser has come to know relaxed SIMD since, or forgotten it. One of another version does not fit the page.
async function engineOfThisVersion(event, name) {
  const cache = await caches.open(CACHE);
  const list = await (await cache.match(LIST, { ignoreVary: true }))?.json();
  if (list) {
    await keep(cache, name, list.files[name]);
    return cache.match(name, { ignoreVary: true });
  }
  event.waitUntil(tell());
  return fetch(event.request);
}

// The page counts how often the network was asked, its workers' requests and those of other tabs included.
async function tell() {
  for (const client of await self.clients.matchAll({ type: "window" })) client.postMessage({ asked: 1 });
}

async function find(request, url) {
  try {
    const cache = await caches.open(CACHE);
    // `?backend=...` and the like are for the page, not for the server.
    const isPage = url.pathname === new URL(self.registration.scope).pathname;
    const name = isPage ? "index.html" : url.pathname.endsWith("/") ? `${url.pathname}index.html` : url.pathname;
    const kept = await cache.match(new URL(name, self.registration.scope), { ignoreSearch: true, ignoreVary: true });
    const range = request.headers.get("range");
    return kept && range ? partOf(kept, range) : kept;
  } catch {
    return undefined;
  }
}

// Players ask for parts of a film.
async function partOf(response, range) {
  const whole = await response.blob();
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(range) ?? [];
  const start = Number(first ?? 0);
  const end = Math.min(last ? Number(last) + 1 : whole.size, whole.size);
  const headers = new Headers(response.headers);
  headers.delete("Content-Encoding");
  if (first === undefined) return new Response(whole, { headers });
  if (start >= whole.size) return new Response(null, { status: 416, headers: { "Content-Range": `bytes */${whole.size}` } });
  headers.set("Content-Range", `bytes ${start}-${end - 1}/${whole.size}`);
  headers.set("Content-Length", String(end - start));
  return new Response(whole.slice(start, end), { status: 206, headers });
}
