// Serves a folder with the headers of the project's own server, and can be taken away from the page.

import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import http from "node:http";
import path from "node:path";

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".wasm": "application/wasm",
  ".json": "application/json",
  ".webmanifest": "application/manifest+json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
};

/** A server on a free port of this machine. */
export class StaticServer {
  /** Paths that were asked for, in order. */
  requests = [];
  /** Paths that are not answered. */
  held = new Set();
  #waiting = [];
  /** What becomes of a file's text, by its path. */
  edits = new Map();

  /** `missing` are paths that it does not have, whatever lies in the folder; the list may change later. */
  static async start(root, headers = {}, missing = []) {
    const server = new StaticServer();
    server.http = http.createServer((request, response) => server.#answer(root, headers, missing, request, response));
    await new Promise((resolve) => server.http.listen(0, "127.0.0.1", resolve));
    server.url = `http://localhost:${server.http.address().port}`;
    return server;
  }

  /** Holds no path any more; whoever waits is hung up on. */
  release() {
    this.held.clear();
    for (const { response } of this.#waiting.splice(0)) response.destroy();
  }

  /** Holds no path any more; whoever waits is answered. */
  letGo() {
    this.held.clear();
    for (const { answer } of this.#waiting.splice(0)) answer();
  }

  /** Ends it at once: whoever asks from now on finds nobody. */
  async stop() {
    this.http.closeAllConnections();
    await new Promise((resolve) => this.http.close(resolve));
  }

  async #answer(root, headers, missing, request, response) {
    const name = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
    this.requests.push(name);
    const file = path.join(root, path.normalize(name.endsWith("/") ? `${name}index.html` : name));
    if (this.held.has(name)) {
      this.#waiting.push({ response, answer: () => this.#answer(root, headers, missing, request, response) });
      return;
    }
    const found = await stat(file).catch(() => null);
    if (!file.startsWith(root) || !found?.isFile() || missing.includes(name)) {
      response.writeHead(404).end();
      return;
    }
    const edit = this.edits.get(name);
    const edited = edit && Buffer.from(edit(await readFile(file, "utf8")));
    response.writeHead(200, {
      "Content-Type": TYPES[path.extname(file)] ?? "application/octet-stream",
      "Content-Length": edited?.length ?? found.size,
      "Cache-Control": "no-cache",
      "Cross-Origin-Opener-Policy": "same-origin",
      "Cross-Origin-Embedder-Policy": "require-corp",
      ...headers,
    });
    if (edited) response.end(edited);
    else createReadStream(file).pipe(response);
  }
}
