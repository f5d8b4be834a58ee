// Loads the page's UI. A file of its own, since the content-security policy allows no inline script.
import init from "./web-app.js";

init({ module_or_path: new URL("web-app_bg.wasm", import.meta.url) }).catch((error) => {
  const note = document.createElement("p");
  note.className = "boot-error";
  note.setAttribute("role", "alert");
  note.textContent = `Mien cannot start in this browser: ${error.message}. A current Chrome, Edge, Firefox or Safari can run it.`;
  document.body.append(note);
});
