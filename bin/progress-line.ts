const quietMs = 1000;
const intervalMs = 200;

/** One line on a terminal that says how far a long work is. Nothing is shown elsewhere. */
export class ProgressLine {
  private shownMs = performance.now() + quietMs - intervalMs;
  private isShown = false;

  /** Shows how far it is, if that was not said a moment ago. Lets others run, so signals come through. */
  async show(text: string): Promise<void> {
    const nowMs = performance.now();
    if (process.stderr.isTTY && nowMs - this.shownMs > intervalMs) {
      this.clear();
      process.stderr.write(text);
      this.isShown = true;
      this.shownMs = nowMs;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Takes the line away, for others to be written. */
  clear(): void {
    if (this.isShown) process.stderr.write('\r\x1b[K');
    this.isShown = false;
  }
}
