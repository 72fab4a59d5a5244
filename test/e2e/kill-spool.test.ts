import { createHash, randomUUID } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { DirectoryStore } from '../../lib/archive/store/directory/directory-store.ts';
import { readBack, texts } from '../support/batches.ts';
import { batch, message } from '../support/messages.ts';
import { oneConnection, post } from '../support/post.ts';
import { type ServeProcess, startServe } from '../support/serve-process.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const rounds = 4;
const senders = 4;

/** Sends one batch after the other on one connection until the server is gone; resolves with the last one's text. */
async function sendUntilKilled(serve: ServeProcess, acknowledged: Set<string>): Promise<string> {
  const agent = oneConnection();
  for (;;) {
    const text = randomUUID();
    const headers = { 'logplex-frame-id': createHash('md5').update(text).digest('hex') };
    const answer = await post(serve.url, batch(message(text)), {
      secret: serve.secret,
      headers,
      agent,
    }).catch(() => undefined);
    if (answer === undefined) {
      agent.destroy();
      return text;
    }
    expect(answer.status).toBe(200);
    acknowledged.add(text);
  }
}

test('killed again and again while it spools and archives, serve --delivery buffered loses and doubles nothing', async () => {
  const folder = temporaryDirectory();
  const data = join(folder, 'data');
  const config = join(folder, 'cistern.json');
  writeFileSync(config, JSON.stringify({ delivery: 'buffered', archiver: { windowSeconds: 1 } }));
  const acknowledged = new Set<string>();
  const unanswered = new Set<string>();
  for (let round = 0; round < rounds; round += 1) {
    const serve = await startServe({ data, args: ['--config', config] });
    const load = Array.from({ length: senders }, () => sendUntilKilled(serve, acknowledged));
    // Around the end of a window: in the midst of archiving.
    await wait(900 + Math.random() * 300);
    await serve.kill();
    for (const text of await Promise.all(load)) unanswered.add(text);
  }
  const last = await startServe({ data, args: ['--config', config] });
  await expect.poll(() => readdirSync(join(data, 'spool')), { timeout: 20_000 }).toEqual([]);
  await last.stop();

  const read = await readBack(new DirectoryStore(join(data, 'archive')));
  expect(read.problems).toEqual([]);
  const found = texts(read);
  const distinct = new Set(found);
  expect(distinct.size, 'nothing is read twice').toBe(found.length);
  expect([...acknowledged].filter((text) => !distinct.has(text))).toEqual([]);
  expect(found.filter((text) => !acknowledged.has(text) && !unanswered.has(text))).toEqual([]);
  expect(acknowledged.size).toBeGreaterThan(50);
});
