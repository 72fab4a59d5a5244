import { type Ledger, LedgerError, type LedgerObject } from '../../lib/ledger/ledger.ts';

export interface LedgerCall {
  readonly operation: 'read' | 'create' | 'replace' | 'list';
  /** The key, or the prefix of a list. */
  readonly key: string;
}

/** What goes wrong with one call. An error is thrown as it is, before anything is carried out. */
export type LedgerFault = 'fail' | 'carry out, then fail' | 'hang' | 'carry out, then hang' | Error;

/** A ledger in memory, which fails when and as a test wants. */
export class MemoryLedger implements Ledger {
  readonly objects = new Map<string, LedgerObject>();
  /** Every call, in order, the failed ones too. */
  readonly calls: LedgerCall[] = [];
  /** Asked at every call, the first being number 1; a test may change objects here, as another writer would. */
  fault: (call: LedgerCall, number: number) => LedgerFault | undefined = () => undefined;
  #writes = 0;

  read(key: string, signal?: AbortSignal): Promise<LedgerObject | undefined> {
    return this.#call({ operation: 'read', key }, signal, () => {
      const object = this.objects.get(key);
      return object === undefined ? undefined : { ...object, body: Buffer.from(object.body) };
    });
  }

  create(key: string, body: Buffer, signal?: AbortSignal): Promise<'created' | 'exists'> {
    return this.#call({ operation: 'create', key }, signal, () => {
      if (this.objects.has(key)) return 'exists';
      this.put(key, body);
      return 'created';
    });
  }

  replace(
    key: string,
    body: Buffer,
    version: string | undefined,
    signal?: AbortSignal,
  ): Promise<'replaced' | 'changed'> {
    return this.#call({ operation: 'replace', key }, signal, () => {
      if (this.objects.get(key)?.version !== version) return 'changed';
      this.put(key, body);
      return 'replaced';
    });
  }

  async *list(prefix: string, after = '', signal?: AbortSignal): AsyncGenerator<string> {
    yield* await this.#call({ operation: 'list', key: prefix }, signal, () =>
      [...this.objects.keys()]
        .filter((key) => key.startsWith(prefix) && Buffer.compare(Buffer.from(key), Buffer.from(after)) > 0)
        .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    );
  }

  /** Stores without any condition or fault. */
  put(key: string, body: Buffer | string): void {
    this.#writes += 1;
    this.objects.set(key, { body: Buffer.from(body), version: `v${this.#writes}` });
  }

  async #call<Result>(
    call: LedgerCall,
    signal: AbortSignal | undefined,
    carryOut: () => Result,
  ): Promise<Result> {
    this.calls.push(call);
    if (signal?.aborted) throw new LedgerError('aborted', true);
    const fault = this.fault(call, this.calls.length);
    if (fault instanceof Error) throw fault;
    if (fault === 'hang') return hang(signal);
    if (fault === 'fail') throw new LedgerError(`${call.operation} ${call.key} failed`, true);
    const result = carryOut();
    if (fault === 'carry out, then hang') return hang(signal);
    if (fault === undefined) return result;
    throw new LedgerError(`${call.operation} ${call.key} failed`, true);
  }
}

function hang(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(new LedgerError('aborted', true)), { once: true });
  });
}
