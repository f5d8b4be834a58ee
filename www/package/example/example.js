import { Mien } from "../mien.js";
import "../player.js";

const said = document.querySelector("output");
const mien = await Mien.open({ onLoading: (step) => (said.value = step) });
said.value = `ready: ${mien.device}`;

document.querySelector("input").onchange = async ({ target }) => {
  const counts = new Map();
  try {
    for await (const seen of mien.analyze(target.files[0])) {
      if (seen.type !== "seen") continue;
      for (const face of seen.faces) counts.set(face.label, (counts.get(face.label) ?? 0) + 1);
      said.value = `frame ${seen.frame}: ${[...counts].map(([label, count]) => `${label} ${count}`).join(", ")}`;
    }
    said.value = `done: ${said.value}`;
  } catch (error) {
    said.value = `error: ${error.message}`;
  }
};
