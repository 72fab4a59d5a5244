import { note } from './output.ts';

/** Between two lines where there is no terminal to draw one over. */
const everyMs = 60_000;

/** How something goes on, on stderr: one line that is drawn over on a terminal, elsewhere one a minute. */
export class StatusLine {
  #noted: number | undefined;
  #visible = false;

  show(text: string): void {
    if (process.stderr.isTTY) {
      process.stderr.write(`\r\x1b[2K${text}`);
      this.#visible = true;
      return;
    }
    const now = performance.now();
    // What is over at once is not worth a line.
    this.#noted ??= now;
    if (now - this.#noted < everyMs) return;
    this.#noted = now;
    note(text);
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#visible) process.stderr.write('\r\x1b[2K');
    this.#visible = false;
  }
}
