// Loads the page's UI, and keeps what is dropped or chosen before the UI is there. A file of its own, since the content-security policy
// allows no inline script.
import init from "./web-app.js";
import { toldFetch } from "./told-fetch.js";

/** Size of the UI's wasm; the build writes it here. */
const BYTES = 0;

const first = document.getElementById("first-paint");
const bar = first.querySelector("progress");
const said = first.querySelector(".first-said");
const waits = first.querySelector(".first-waits");
const early = [];
const listeners = new AbortController();

function keep(files) {
  early.push(...files);
  const names = early.map((file) => file.name).join(", ");
  if (names) waits.textContent = `${names}: waits, and opens as soon as the page has loaded.`;
}

window.addEventListener("dragover", (event) => event.preventDefault(), listeners);
window.addEventListener(
  "drop",
  (event) => {
    event.preventDefault();
    keep(event.dataTransfer?.files ?? []);
  },
  listeners,
);
first.querySelector("input").addEventListener("change", (event) => keep(event.target.files), listeners);

try {
  const wasm = await toldFetch(new URL("web-app_bg.wasm", import.meta.url), BYTES, (text, share) => {
    said.textContent = `Loading the page: ${text}`;
    if (share !== null) bar.value = share;
  });
  await init({ module_or_path: wasm });
  listeners.abort();
  first.remove();
  if (early.length > 0) {
    const dropped = new DataTransfer();
    for (const file of early) dropped.items.add(file);
    window.dispatchEvent(new DragEvent("drop", { dataTransfer: dropped }));
  }
} catch (error) {
  listeners.abort();
  first.remove();
  const note = document.createElement("p");
  note.className = "boot-error";
  note.setAttribute("role", "alert");
  note.textContent = `Mien cannot start in this browser: ${error.message}. A current Chrome, Edge, Firefox or Safari can run it.`;
  document.body.append(note);
}
