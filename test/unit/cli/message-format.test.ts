import { describe, expect, test } from 'vitest';
import * as format from '../../../cli/read/message-format.ts';
import type { Message } from '../../../lib/archive/read/read-messages.ts';
import { archiveOf, type BatchSetup, readBack, seal, testToken } from '../../support/batches.ts';
import { batch, lossNotice, overflow } from '../../support/messages.ts';

const time = Date.parse('2026-11-21T20:52:47.822Z');
const stamp = '2026-11-21T20:52:47.822123+00:00';
const fromLogplex: BatchSetup = { token: testToken, frameId: 'f'.repeat(32), receivedAt: time };
const fromLogShuttle: BatchSetup = { requestId: 'r', receivedAt: time };

async function one(raw: Buffer, setup = fromLogplex): Promise<Message> {
  const [message] = (await readBack(archiveOf(await seal(raw, setup)))).messages;
  if (message === undefined) throw new Error('the batch holds a message');
  return message;
}

const of = (text: string | Buffer, setup?: BatchSetup) =>
  one(batch(Buffer.concat([Buffer.from(`<190>1 ${stamp} host app web.1 - `), Buffer.from(text)])), setup);

const line = async (message: Message | Promise<Message>) => format.asLine(await message).toString();
const onTerminal = async (message: Message | Promise<Message>) =>
  format.asVisibleLine(await message).toString();

test.each([
  ['with a newline', 'hello\n', 'hello\n'],
  ['without one', 'hello', 'hello\n'],
  ['with two', 'hello\n\n', 'hello\n\n'],
  ['that is empty', '', '\n'],
  ['that is a newline', '\n', '\n'],
  ['with newlines inside', 'one\ntwo\n', 'one\ntwo\n'],
])('a line is as `heroku logs` prints it: text %s', async (_, text, shown) => {
  expect(await line(of(text))).toBe(`${stamp} app[web.1]: ${shown}`);
});

test('a line keeps bytes that are not UTF-8', async () => {
  const bytes = Buffer.from([0x61, 0xff, 0x1b, 0xc3]);
  expect(format.asLine(await of(bytes))).toEqual(
    Buffer.concat([Buffer.from(`${stamp} app[web.1]: `), bytes, Buffer.from('\n')]),
  );
});

test('a line keeps bytes that are not ASCII in the header', async () => {
  const raw = batch(Buffer.from(`<190>1 ${stamp} host app wörker.1 - x\n`));
  expect(await line(one(raw))).toBe(`${stamp} app[wörker.1]: x\n`);
});

describe('STRUCTURED-DATA', () => {
  const text = '[meta sequenceId="1"] hello\n';
  const json = async (...given: Parameters<typeof of>) =>
    JSON.parse(format.asJson(await of(...given)).toString());

  test('is left out of a batch of log-shuttle; JSON has it in a field of its own', async () => {
    expect(await line(of(text, fromLogShuttle))).toBe(`${stamp} app[web.1]: hello\n`);
    expect(await json(text, fromLogShuttle)).toMatchObject({
      structuredData: '[meta sequenceId="1"]',
      text: 'hello',
    });
    expect(await json('- [ERROR] db down\n', fromLogShuttle)).toMatchObject({
      structuredData: '-',
      text: '[ERROR] db down',
    });
    expect(await json('-', fromLogShuttle)).toMatchObject({ structuredData: '-', text: '' });
  });

  test.each([
    ['with a frame id', fromLogplex],
    ['with both ids', { ...fromLogplex, requestId: 'r' }],
    ['with neither', { receivedAt: time }],
  ])('is text in a batch %s', async (_, setup) => {
    expect(await line(of(text, setup))).toBe(`${stamp} app[web.1]: ${text}`);
    expect(await json(text, setup)).not.toHaveProperty('structuredData');
  });

  test.each(['[info] starting up', '["json","array"] x', '-item', 'plain'])(
    'is text where another message of the batch has %j',
    async (other) => {
      const raw = batch(
        ...[text, `${other}\n`].map((one) => Buffer.from(`<190>1 ${stamp} host app web.1 - ${one}`)),
      );
      const { messages } = await readBack(archiveOf(await seal(raw, fromLogShuttle)));
      expect(messages.map((one) => format.asLine(one).toString())).toEqual([
        `${stamp} app[web.1]: ${text}`,
        `${stamp} app[web.1]: ${other}\n`,
      ]);
    },
  );
});

test('a header without a text is an empty message', async () => {
  for (const end of ['', '\n']) {
    const raw = batch(Buffer.from(`<190>1 ${stamp} host app web.1 -${end}`));
    expect(await line(one(raw))).toBe(`${stamp} app[web.1]: \n`);
  }
});

test('a message of a malformed batch that was guessed is shown as any other; JSON says so', async () => {
  const raw = Buffer.from(`<190>1 ${stamp} host app web.1 - hello\n`);
  expect(await line(one(raw))).toBe(`${stamp} app[web.1]: hello\n`);
  expect(JSON.parse(format.asJson(await one(raw)).toString())).toMatchObject({
    kind: 'message',
    guessed: true,
    text: 'hello',
    malformed: 'no length',
  });
});

test('a message without a header is printed as it is', async () => {
  expect(await line(one(batch(Buffer.from('no header\n'))))).toBe('no header\n');
});

test('on a terminal no message can look like two, or like another', async () => {
  const forged = `x\n${stamp} app[web.2]: forged\n`;
  expect(await onTerminal(of(forged))).toBe(`${stamp} app[web.1]: x\n    ${stamp} app[web.2]: forged\n`);
  const bare = Buffer.from(`${stamp} app[web.2]: forged`);
  expect(await onTerminal(one(batch(bare)))).toBe(`(no header) ${bare}\n`);
  expect(await onTerminal(one(bare))).toBe(`(no header) ${bare}\n`);
});

test('on a terminal control characters are made visible, wherever they stand', async () => {
  const raw = batch(Buffer.from(`<190>1 ${stamp} host app web\x1b[2J - red\x1b[31m\rx \xff\n`, 'latin1'));
  expect(await onTerminal(one(raw))).toBe(`${stamp} app[web\\x1b[2J]: red\\x1b[31m\\x0dx \\xff\n`);
  expect(format.asVisibleFrame(await one(raw))).toContain('web\\x1b[2J - red\\x1b[31m\\x0dx \\xff\n');
});

test('a frame is as it was received', async () => {
  const raw = batch(Buffer.from([0, 0xff, 0x0a]));
  expect(format.asFrame(await one(raw))).toEqual(raw);
});

test('JSON names the message and the batch that it came in', async () => {
  const message = await of('hello\n');
  expect(JSON.parse(format.asJson(message).toString())).toEqual({
    time: '2026-11-21T20:52:47.822Z',
    kind: 'message',
    timestamp: stamp,
    source: 'app',
    process: 'web.1',
    text: 'hello',
    batch: message.member.uuid,
    frame: 'f'.repeat(32),
    token: testToken,
    received: '2026-11-21T20:52:47.822Z',
    key: message.key,
  });
});

test('JSON has a notice with what it counts', async () => {
  expect(JSON.parse(format.asJson(await one(batch(overflow(12, time)))).toString())).toMatchObject({
    kind: 'notice',
    loss: { code: 'L10', lost: 12 },
  });
});

test('JSON says of a notice that it is about another drain', async () => {
  const other = testToken.replace(/1$/, '2');
  const notice = lossNotice(`drain '${other}' dropped 12 messages since x.`, time);
  expect(JSON.parse(format.asJson(await one(batch(notice))).toString())).toMatchObject({
    kind: 'notice',
    loss: { code: 'L10', lost: 12, elsewhere: true },
  });
});

test('JSON has a message that is not UTF-8 whole, in base64', async () => {
  const message = await of(Buffer.from([0x61, 0xff]));
  const { text, base64 } = JSON.parse(format.asJson(message).toString());
  expect(text).toBe('a\ufffd');
  expect(Buffer.from(base64, 'base64')).toEqual(message.bytes);
});

test("JSON has the rest of a malformed batch, with its batch's time", async () => {
  expect(JSON.parse(format.asJson(await one(Buffer.from('not framed'))).toString())).toMatchObject({
    kind: 'rest',
    time: '2026-11-21T20:52:47.822Z',
    timeIsKey: true,
    text: 'not framed',
    malformed: 'no length',
  });
});

test('JSON is one line of characters that no terminal obeys, and still the same text', async () => {
  const text = 'a\nb\x1b[31m\u009b\x7f\u202e\u2028\u{e0041}é';
  const json = format.asJson(await of(text)).toString();
  expect(json).toMatch(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+\n$/u);
  expect(JSON.parse(json).text).toBe(text);
});
