import { expect, it } from 'vitest';
import { assembleMember } from '../../../lib/archive/format/member.ts';
import { canaryApp } from '../../../lib/drains/canary-app.ts';
import { findTracer } from '../../../lib/watch/checks/canary/find-tracer.ts';
import { makeTracer } from '../../../lib/watch/checks/canary/tracer.ts';
import { archiveOfObjects, mergeMembers, seal } from '../../support/batches.ts';
import { batch, message } from '../../support/messages.ts';

const noon = Date.UTC(2026, 10, 21, 12);
const search = { app: canaryApp, withinMs: 0, wholeHour: true };

it.each([
  ['a header that can not be read', Buffer.from('{"v":1}')],
  ['a header of a later version', Buffer.from('{"v":2}')],
])('a tracer is found behind a member with %s', async (_, header) => {
  const tracer = makeTracer(noon);
  const other = assembleMember(header, Buffer.from('frames'), [Buffer.from([3, 0])]);
  const own = await seal(tracer.body, { app: canaryApp, frameId: tracer.frameId, receivedAt: noon });
  const body = Buffer.concat([other, own.member]);

  expect(await findTracer(archiveOfObjects([{ key: own.key, body }]), tracer, search)).toMatchObject({
    outcome: 'found',
  });
});

it('a tracer is found behind a damaged member', async () => {
  const tracer = makeTracer(noon + 1);
  const first = await seal(batch(message('of another', noon)), { app: canaryApp, receivedAt: noon });
  const own = await seal(tracer.body, { app: canaryApp, frameId: tracer.frameId, receivedAt: noon + 1 });
  const { key, body } = mergeMembers([first, own], canaryApp);
  // The length of the first member leads nowhere.
  body.writeUInt32LE(7, 16);

  expect(await findTracer(archiveOfObjects([{ key, body }]), tracer, search)).toMatchObject({
    outcome: 'found',
  });
});
