import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { batchUuid } from '../../lib/archive/format/uuid.ts';
import { batch, message } from '../support/messages.ts';
import { oneConnection, post } from '../support/post.ts';
import { type ServeProcess, startServe } from '../support/serve-process.ts';
import { readBatch, storedBatches } from '../support/stored-batches.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const rounds = 6;
const senders = 6;

/** Numbers from 0 to 1 that are the same in every run (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const random = seeded(20_261_121);

interface Sent {
  readonly uuid: string;
  readonly frameId: string;
  readonly body: Buffer;
}

let made = 0;

/** A batch that no other is equal to: most are small, some are large and hardly compress. */
function newBatch(): Sent {
  made += 1;
  const frameId = made.toString(16).padStart(32, '0');
  const count = random() < 0.8 ? 1 + Math.floor(random() * 40) : 2_000;
  const messages = Array.from({ length: count }, () => message(String(random()).repeat(1 + random() * 12)));
  const body = batch(...messages);
  const sha256 = createHash('sha256').update(body).digest();
  return { uuid: batchUuid({ frameId, sha256 }), frameId, body };
}

async function send({ url, secret }: ServeProcess, sent: Sent, agent = oneConnection()): Promise<number> {
  const headers = { 'logplex-frame-id': sent.frameId };
  return (await post(url, sent.body, { secret, headers, agent })).status;
}

/** Sends one batch after the other on one connection until the server is gone; resolves with the last one. */
async function sendUntilKilled(serve: ServeProcess, acknowledged: Map<string, Sent>): Promise<Sent> {
  const agent = oneConnection();
  for (;;) {
    const next = newBatch();
    const status = await send(serve, next, agent).catch(() => 'killed' as const);
    if (status === 'killed') {
      agent.destroy();
      return next;
    }
    expect(status).toBe(200);
    acknowledged.set(next.uuid, next);
  }
}

/** Reads every object the moment that it is seen; throws when one is not whole. Counts those that it saw. */
async function watch(data: string, until: AbortSignal): Promise<number> {
  const seen = new Set<string>();
  while (!until.aborted) {
    for (const key of objectKeys(data)) {
      if (seen.has(key)) continue;
      seen.add(key);
      readBatch(key, readFileSync(join(data, 'archive', key)));
    }
    await wait(1);
  }
  return seen.size;
}

function objectKeys(data: string): string[] {
  return readdirSync(join(data, 'archive', 'logs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.gz'))
    .map((name) => `logs/${name}`);
}

test('killed again and again under load, serve keeps what it acknowledged: whole, and once', async () => {
  const data = join(temporaryDirectory(), 'data');
  const acknowledged = new Map<string, Sent>();
  let unanswered: Sent[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const serve = await startServe({ data });
    const watching = new AbortController();
    const watched = watch(data, watching.signal);
    // As Logplex does: what got no answer is sent again, the same batch under the same id.
    for (const sent of unanswered) {
      expect(await send(serve, sent)).toBe(200);
      acknowledged.set(sent.uuid, sent);
    }
    const load = Array.from({ length: senders }, () => sendUntilKilled(serve, acknowledged));
    await wait(150 + random() * 350);
    await serve.kill();
    unanswered = await Promise.all(load);
    watching.abort();
    expect(await watched).toBeGreaterThan(0);
  }

  const stored = storedBatches(data);
  const byUuid = new Map(stored.map((found) => [found.uuid, found]));
  expect(byUuid.size, 'no uuid is there twice').toBe(stored.length);
  for (const { uuid, body } of acknowledged.values()) {
    expect(byUuid.get(uuid)?.raw.equals(body), `${uuid} is there, byte for byte`).toBe(true);
  }
  // What is there and was not acknowledged was under way in the last round.
  const pending = new Set(unanswered.map(({ uuid }) => uuid));
  expect(stored.filter(({ uuid }) => !acknowledged.has(uuid) && !pending.has(uuid))).toEqual([]);
  expect(acknowledged.size).toBeGreaterThan(100);

  const left = readdirSync(join(data, 'archive', 'tmp'));
  expect(left.length, 'temporary files are of what was under way').toBeLessThanOrEqual(rounds * senders);
});
