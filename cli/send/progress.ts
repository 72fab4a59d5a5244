import { styleText } from 'node:util';
import { formatBytes } from '../shared/output.ts';

const showAfterMs = 500;
const redrawMs = 100;
const width = 24;

/**
 * One line on stderr that is drawn over, on a terminal only and only for what takes a while. Ours, since
 * prompt libraries put stdin into raw mode, and stdin may be what is being sent.
 */
export class Progress {
  readonly #total: number | undefined;
  readonly #started = performance.now();
  #drawn = 0;
  #visible = false;

  /** `total` in bytes, where it is known. */
  constructor(total: number | undefined) {
    this.#total = total;
  }

  update(done: number, messages: number): void {
    const now = performance.now();
    if (!process.stderr.isTTY || now - this.#started < showAfterMs || now - this.#drawn < redrawMs) return;
    this.#drawn = now;
    this.#visible = true;
    const rate = `${formatBytes((done / (now - this.#started)) * 1000)}/s`;
    const parts = [this.#bar(done), formatBytes(done), rate, `${messages.toLocaleString('en')} messages`];
    process.stderr.write(`\r\x1b[2K${parts.filter((part) => part !== '').join('  ')}`);
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#visible) process.stderr.write('\r\x1b[2K');
    this.#visible = false;
  }

  #bar(done: number): string {
    if (!this.#total) return '';
    const share = Math.min(1, done / this.#total);
    const filled = Math.round(share * width);
    const bar =
      styleText('cyan', '█'.repeat(filled), { stream: process.stderr }) + '░'.repeat(width - filled);
    return `${bar} ${String(Math.floor(share * 100)).padStart(3)} %`;
  }
}
