/**
 * Batches of router lines as a busy app drains them: a few routes and dynos, many clients, request ids and
 * times that don't repeat. Seeded, so that every run measures the same bytes. 400 lines come to 103 KiB, and
 * deflate makes them about a fifth of that, as it does with real ones.
 */
export interface BenchBatch {
  readonly body: Buffer;
  readonly messages: number;
}

/** So many router lines, framed as Logplex does, from `startMs` on. The same arguments give the same bytes. */
export function routerBatch(messages: number, seed: number, startMs = defaultStartMs): BenchBatch {
  const traffic = new Traffic(randomNumbers(seed), startMs);
  const frames: string[] = [];
  for (let i = 0; i < messages; i += 1) {
    const line = traffic.nextLine();
    // All ASCII: characters are bytes.
    frames.push(`${line.length} ${line}`);
  }
  return { body: Buffer.from(frames.join(''), 'latin1'), messages };
}

/** Router lines of about `bytes` in all. */
export function routerBatchOfSize(bytes: number, seed: number, startMs = defaultStartMs): BenchBatch {
  return routerBatch(Math.round(bytes / meanFrameBytes), seed, startMs);
}

/** Numbers from 0 to 1, the same ones for a seed (Mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const meanFrameBytes = 264.6;
/** When the first line is from, where a batch is not told another time. */
export const defaultStartMs = Date.UTC(2026, 10, 20, 12);

const words = ['shoes', 'red+dress', 'winter+coat', 'gift', 'socks', 'linen+shirt', 'belt', 'hat'];

class Traffic {
  readonly #random: () => number;
  #micros: number;

  constructor(random: () => number, startMs: number) {
    this.#random = random;
    this.#micros = startMs * 1000;
  }

  nextLine(): string {
    this.#micros += Math.floor(-Math.log(1 - this.#random()) * 2500);
    const [method, path] = this.#route();
    const bytes = method === 'POST' ? 40 + this.#below(400) : 200 + this.#below(30_000);
    return (
      `<158>1 ${rfc3339(this.#micros)} host heroku router - at=info method=${method} path="${path}" ` +
      `host=example.com request_id=${this.#uuid()} fwd="${this.#address()}" dyno=web.${1 + this.#below(8)} ` +
      `connect=${this.#below(3)}ms service=${this.#service()}ms status=${this.#status(method)} ` +
      `bytes=${bytes} protocol=https\n`
    );
  }

  #route(): readonly [method: string, path: string] {
    const id = 1 + this.#below(90_000);
    const at = this.#random();
    if (at < 0.25) return ['GET', `/products/${id}`];
    if (at < 0.4) return ['GET', '/'];
    if (at < 0.55) return ['GET', `/api/cart?v=${this.#hex(4)}`];
    if (at < 0.7) return ['GET', `/search?q=${words[this.#below(words.length)]}&page=${1 + this.#below(9)}`];
    if (at < 0.8) return ['POST', '/api/cart/items'];
    if (at < 0.9) return ['GET', `/assets/app-${this.#below(4)}.js`];
    return ['POST', `/orders/${id}`];
  }

  #status(method: string): number {
    const at = this.#random();
    if (at < 0.9) return method === 'POST' ? 201 : 200;
    if (at < 0.96) return 304;
    return at < 0.995 ? 404 : 500;
  }

  /** Milliseconds: most requests are fast, some are not. */
  #service(): number {
    return Math.floor(3 + 20 * Math.log(1 - this.#random()) ** 2);
  }

  #address(): string {
    return [1 + this.#below(223), this.#below(256), this.#below(256), 1 + this.#below(254)].join('.');
  }

  #uuid(): string {
    return [8, 4, 4, 4, 12].map((digits) => this.#hex(digits)).join('-');
  }

  #hex(digits: number): string {
    let text = '';
    for (let i = 0; i < digits; i += 4) text += this.#below(0x10000).toString(16).padStart(4, '0');
    return text;
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }
}

/** In microseconds, as Logplex writes it. */
function rfc3339(micros: number): string {
  const seconds = new Date(Math.floor(micros / 1000)).toISOString().slice(0, -1);
  return `${seconds}${String(micros % 1000).padStart(3, '0')}+00:00`;
}
