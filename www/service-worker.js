// Keeps the whole page for use without a network. One version is one cache: files of two versions never mix.
// `precache.json` is written by the build: { "version": ..., "files": [...] }. The build also puts the version
// into the line below, so that browsers see a new worker whenever any file has changed.
const VERSION = "unbuilt";
const PREFIX = "mien-";
const CACHE = PREFIX + VERSION;

self.addEventListener("install", (event) => {
  event.waitUntil(store());
});

self.addEventListener("activate", (event) => {
  event.waitUntil(takeOver());
});

// The page asks for it when the person has agreed to load the new version.
self.addEventListener("message", (event) => {
  if (event.data === "take-over") self.skipWaiting();
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method === "GET" && url.origin === self.location.origin) event.respondWith(answer(request, url));
});

async function store() {
  const list = await (await fetch("precache.json", { cache: "no-store" })).json();
  if (list.version !== VERSION) throw new Error("the page is just being replaced: next time");
  const cache = await caches.open(CACHE);
  try {
    for (const file of list.files) {
      // Asks the server whether its copy is still right, and does not load twice what is.
      const response = await fetch(file, { cache: "no-cache" });
      if (!response.ok) throw new Error(`${file}: ${response.status}`);
      await cache.put(file, response);
    }
  } catch (error) {
    // Half a page is of no use and fills the storage.
    await caches.delete(CACHE);
    throw error;
  }
}

async function takeOver() {
  for (const name of await caches.keys()) {
    if (name.startsWith(PREFIX) && name !== CACHE) await caches.delete(name);
  }
  await self.clients.claim();
}

async function answer(request, url) {
  const kept = await find(request, url);
  return kept ?? fetch(request);
}

async function find(request, url) {
  try {
    const cache = await caches.open(CACHE);
    // `?backend=...` and the like are for the page, not for the server.
    const name = request.mode === "navigate" && url.pathname.endsWith("/") ? "index.html" : url.pathname;
    return await cache.match(new URL(name, self.registration.scope), { ignoreSearch: true, ignoreVary: true });
  } catch {
    return undefined;
  }
}
