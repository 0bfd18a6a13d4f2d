/** Counts checks and prints a line for each; the last line is what the caller reads. */
export class Report {
  passed = 0;
  failed = 0;

  async check(sentence, body) {
    try {
      await body();
      this.passed++;
      console.log(`ok   ${sentence}`);
    } catch (error) {
      this.failed++;
      console.log(`FAIL ${sentence}\n     ${String(error?.message ?? error).split('\n').slice(0, 12).join('\n     ')}`);
    }
  }

  finish() {
    console.log(`${this.passed} passed, ${this.failed} failed, 0 skipped`);
    return this.failed === 0 && this.passed > 0 ? 0 : 1;
  }
}

export function expect(condition, otherwise) {
  if (!condition) throw new Error(otherwise);
}

export function equal(actual, wanted, what) {
  const [a, w] = [JSON.stringify(actual), JSON.stringify(wanted)];
  if (a !== w) throw new Error(`${what}: expected ${w}, got ${a}`);
}

/** Asks until it is true; throws with the last answer after `ms`. */
export async function eventually(ask, what, ms = 10_000) {
  const end = Date.now() + ms;
  let last;
  while (Date.now() < end) {
    last = await ask();
    if (last) return last;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`${what} did not happen within ${ms / 1000} s (last: ${JSON.stringify(last)})`);
}
