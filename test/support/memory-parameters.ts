import type { Parameter, ParameterStore } from '../../lib/drains/parameters.ts';

/** Parameters in memory; `fail` and `hold` stand in for a service that fails or does not answer. */
export class MemoryParameters implements ParameterStore {
  readonly values = new Map<string, string>();
  lists = 0;
  fail: Error | undefined;
  /** While set, a listing waits for it. */
  hold: Promise<void> | undefined;

  constructor(values: Readonly<Record<string, string>> = {}) {
    for (const [name, value] of Object.entries(values)) this.values.set(name, value);
  }

  async list(prefix: string, signal?: AbortSignal): Promise<Parameter[]> {
    this.lists += 1;
    const found = [...this.values].map(([name, value]) => ({ name, value }));
    if (this.hold !== undefined) await untilAborted(this.hold, signal);
    if (this.fail !== undefined) throw this.fail;
    return found.filter(({ name }) => name.startsWith(prefix));
  }

  async get(name: string): Promise<string | undefined> {
    return this.values.get(name);
  }

  async put(name: string, value: string): Promise<void> {
    this.values.set(name, value);
  }

  async create(name: string, value: string): Promise<boolean> {
    if (this.values.has(name)) return false;
    this.values.set(name, value);
    return true;
  }

  async delete(name: string): Promise<boolean> {
    return this.values.delete(name);
  }
}

function untilAborted(hold: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    hold.then(resolve, reject);
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
