// Tests in the order in which they are declared, run one after the other, each with its outcome printed.

/** Collects the tests of one spec file. */
export class TestList {
  #subject;
  #tests = [];
  #cleanups = [];

  constructor(subject) {
    this.#subject = subject;
  }

  /** Declares a test; `body` throws or rejects where something does not hold. */
  test = (name, body) => {
    this.#tests.push({ name, body });
  };

  /** Declares what is closed after the spec's last test. */
  afterAll = (cleanup) => {
    this.#cleanups.push(cleanup);
  };

  /** Runs those whose name holds `filter`; returns `{ passed, failed }`. */
  async run(filter) {
    const count = { passed: 0, failed: 0 };
    for (const { name, body } of this.#tests) {
      const title = `${this.#subject}: ${name}`;
      if (!title.includes(filter)) continue;
      const started = Date.now();
      try {
        await withTimeout(body(), TEST_LIMIT_MS);
        count.passed += 1;
        console.log(`ok      ${title} (${seconds(started)})`);
      } catch (error) {
        if (error instanceof Skipped) {
          console.log(`skipped ${title}: ${error.message}`);
          continue;
        }
        count.failed += 1;
        console.log(`FAILED  ${title} (${seconds(started)})\n${indented(error?.stack ?? String(error))}`);
      }
    }
    for (const cleanup of this.#cleanups) await Promise.resolve(cleanup()).catch(() => {});
    return count;
  }
}

/** Thrown by a test that cannot be done here; the message says why. */
export class Skipped extends Error {}

// Far above what a test takes: a page that hangs must not hang the suite.
const TEST_LIMIT_MS = 180_000;

function withTimeout(promise, limitMs) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end after ${limitMs / 1000} s`)), limitMs);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function seconds(started) {
  return `${((Date.now() - started) / 1000).toFixed(1)} s`;
}

function indented(text) {
  return text.replace(/^/gm, "        ");
}
