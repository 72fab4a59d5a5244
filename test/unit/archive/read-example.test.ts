import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parseKey } from '../../../lib/archive/format/key.ts';
import { walkMembers } from '../../../lib/archive/format/member.ts';
import { memberEpoch, parseBatchHeader } from '../../../lib/archive/format/read-header.ts';
import { batchUuid } from '../../../lib/archive/format/uuid.ts';
import { archiveOfObjects, readBack } from '../../support/batches.ts';

const page = await readFile(new URL('../../../docs/archive-format.md', import.meta.url), 'utf8');
const key = /^logs\/my-app\/\S+\.gz$/m.exec(page)?.[0] ?? '';
const lines = page.match(/^[0-9a-f]{8}: .*$/gm) ?? [];
const object = Buffer.from(lines.map((line) => line.slice(10, 49).replaceAll(' ', '')).join(''), 'hex');

test("the page's example is a member, whole and alone", () => {
  const members = [...walkMembers(object)];
  expect(members.map(({ bytes }) => bytes.length)).toEqual([538]);
  expect(members[0]?.headerJson).toHaveLength(438);
});

test("the page's example has the key and the uuid that its rules give", () => {
  const [member] = walkMembers(object);
  const header = parseBatchHeader(member?.headerJson ?? Buffer.alloc(0));
  expect(parseKey(key)).toEqual({ app: header.app, epochMs: memberEpoch(header), uuid: header.uuid });
  const sha256 = Buffer.from(header.sha256, 'hex');
  expect(batchUuid({ drainToken: header.token, frameId: header.frame, sha256 })).toBe(header.uuid);
});

test("the page's example reads as the page says", async () => {
  const { messages, problems } = await readBack(archiveOfObjects([{ key, body: object }]));
  expect(problems).toEqual([]);
  expect(messages.map(({ frame }) => frame.toString())).toEqual([
    '63 <190>1 2026-11-21T20:52:47.822123+00:00 host app web.1 - hello\n',
  ]);
});
