import type { Log } from '../../lib/base/log.ts';
import type { AppName } from '../../lib/drains/app-name.ts';
import { CachedRegistry } from '../../lib/drains/cached-registry.ts';
import { hashSecret } from '../../lib/drains/credentials.ts';
import { formatSecret } from '../../lib/drains/registry.ts';
import type { CounterName, Counters, Sample } from '../../lib/metrics/counters.ts';
import { Delivery, type DeliveryMode } from '../../lib/receiver/delivery.ts';
import { type Answer, type Receiver, type ReceiverRequest, receive } from '../../lib/receiver/receive.ts';
import { reportCircuit } from '../../lib/receiver/report-circuit.ts';
import type { SpoolWriter } from '../../lib/spool/spool.ts';
import { noSpool } from './delivery.ts';
import { MemoryArchive } from './memory-archive.ts';
import { MemoryParameters } from './memory-parameters.ts';

export const sharedSecret = 'sharedSecret0123456789';
export const boundSecret = 'boundSecret0123456789';
export const boundApp = 'bound-app' as AppName;
export const mappedToken = 'd.0b5ff6ad-0000-4000-8000-000000000001';
export const unmappedToken = 'd.1a2b3c4d-0000-4000-8000-000000000002';
export const mappedApp = 'mapped-app' as AppName;

export class RecordedCounters implements Counters {
  readonly samples: Sample[] = [];

  record(sample: Sample): void {
    this.samples.push(sample);
  }

  total(name: CounterName): number {
    return this.samples.reduce((sum, { counts }) => sum + (counts[name] ?? 0), 0);
  }
}

export const silentLog: Log = { info: () => {}, warn: () => {}, error: () => {} };

export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/** A registry with one shared secret, one bound one and one mapped token. */
export function testParameters(): MemoryParameters {
  return new MemoryParameters({
    'drains/secrets/shared-1': formatSecret({ sha256: hashSecret(sharedSecret) }),
    'drains/secrets/bound-1': formatSecret({ sha256: hashSecret(boundSecret), app: boundApp }),
    [`drains/tokens/${mappedToken}`]: mappedApp,
    'drains/listed/0': 'my-app',
  });
}

/** The receiver with everything around it in memory; unless told otherwise it delivers directly, and has no spool. */
export class ReceiverHarness implements Receiver {
  readonly parameters = testParameters();
  readonly store = new MemoryArchive();
  readonly counters = new RecordedCounters();
  readonly log = silentLog;
  readonly #mode: DeliveryMode;
  readonly #spool: SpoolWriter;
  #delivery: { readonly store: MemoryArchive; readonly by: Delivery } | undefined;
  now = Date.now();
  readonly registry = new CachedRegistry(this.parameters, silentLog, { now: () => this.now });

  constructor({ mode = 'direct', spool = noSpool }: { mode?: DeliveryMode; spool?: SpoolWriter } = {}) {
    this.#mode = mode;
    this.#spool = spool;
  }

  /** Of the store as it is now: a test may put another in its place. */
  get delivery(): Delivery {
    const { store } = this;
    if (this.#delivery?.store !== store) {
      const onSwitch = reportCircuit(this.counters, silentLog);
      const by = new Delivery({ mode: this.#mode, store, spool: this.#spool, onSwitch });
      this.#delivery = { store, by };
    }
    return this.#delivery.by;
  }

  /** Sends one request the way Logplex does; `request` changes what is not as usual. */
  async post(
    body: Buffer | (() => Promise<Buffer>),
    headers: Readonly<Record<string, string>> = {},
    request: Partial<Pick<ReceiverRequest, 'path' | 'method' | 'startedAt'>> = {},
  ): Promise<Answer> {
    return receive(this, {
      method: 'POST',
      path: '/my-app',
      startedAt: Date.now(),
      ...request,
      headers: {
        'content-type': 'application/logplex-1',
        authorization: basic('drain', sharedSecret),
        ...headers,
      },
      body: typeof body === 'function' ? body : async () => body,
    });
  }
}
