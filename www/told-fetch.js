// Fetches a file and tells how much of it has come, as it comes.

/** Milliseconds between two words of it. */
const PACE = 100;

/**
 * The answer for `url`. While its body comes, `told(text, share)` hears how much of it has: a text such as "1.2 of 3.4 MB", and the share of all, or
 * null where the whole is not known. `bytes` is the size of the file as it is used; 0 where the build did not say it.
 */
export async function toldFetch(url, bytes, told) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url.pathname.split("/").pop()}: the server says ${response.status}`);
  // What a packed answer says of its length is the length of what is packed.
  const whole = bytes || (response.headers.has("content-encoding") ? 0 : Number(response.headers.get("content-length")));
  // A copy is counted and the answer itself handed on: a browser keeps the compiled wasm of nothing but an answer.
  count(response.clone().body, whole, told).catch(() => {
    // Whoever uses the answer meets the same error, and says it.
  });
  return response;
}

async function count(body, whole, told) {
  const reader = body.getReader();
  let come = 0;
  let last = -PACE;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    come += part.value.byteLength;
    const now = performance.now();
    if (now - last < PACE && come !== whole) continue;
    last = now;
    told(whole ? `${megabytes(come)} of ${megabytes(whole)} MB` : `${megabytes(come)} MB`, whole ? Math.min(come / whole, 1) : null);
  }
}

function megabytes(bytes) {
  return (bytes / 1e6).toFixed(1);
}
