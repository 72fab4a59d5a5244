import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeMessage } from '../../lib/spool/message.ts';
import { type FakeAws, startFakeAws } from '../support/fake-aws.ts';
import { batch, message } from '../support/messages.ts';
import { post } from '../support/post.ts';
import { runCli } from '../support/run-cli.ts';
import { startServe } from '../support/serve-process.ts';
import { keep, LocalSpool, now, StageSpool, sealed } from '../support/spool-commands.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

describe('cistern spool drain over a data directory', () => {
  let local: LocalSpool;
  beforeEach(() => {
    local = new LocalSpool();
  });

  it('has nothing to bring of a spool that is empty', async () => {
    expect(await local.run(['drain'])).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('nothing of what waited is left'),
    });
  });

  it('brings all that waits into the archive, and leaves nothing behind', async () => {
    const [one, two] = [await sealed('one'), await sealed('two', now + 1)];
    await local.put(one, two);

    const { code, stdout, stderr } = await local.run(['drain']);

    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toContain('nothing of what waited is left');
    expect((await local.archived()).length).toBeGreaterThan(0);
    expect((await runCli(['cat', 'my-app', '--since', '2h', '--data', local.data])).stdout).toMatch(
      /one\n.*two\n/,
    );
    expect(await readdir(join(local.data, 'spool'))).toEqual([]);
  });

  it('says what it found bad: that is set aside, and the rest is archived', async () => {
    const [one, two] = [await sealed('one'), await sealed('two', now + 1)];
    await local.put(one, two);
    const [segment = ''] = await readdir(join(local.data, 'spool'));
    const path = join(local.data, 'spool', segment);
    const bytes = await readFile(path);
    bytes.writeUInt8(bytes.readUInt8(200) ^ 1, 200);
    await writeFile(path, bytes);

    const { code, stdout, stderr } = await local.run(['drain', '--json']);

    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      drained: true,
      setAside: { redriven: 0, stillBad: 0, found: 1 },
    });
    expect(stderr).toContain('cistern spool inspect --data');
    expect((await local.archived()).map(({ key }) => key)).toEqual([two.key]);
    expect((await local.json(['inspect'])).setAside).toMatchObject([
      { why: expect.stringContaining('SHA-256') },
    ]);
  });

  it('wants a person for what was set aside, until it went back', async () => {
    const member = await sealed('kept');
    const good = await keep(local.ledger, 'good', encodeMessage(member));
    const bad = await keep(local.ledger, 'bad', '{"v":9}');

    const status = await local.run(['status']);
    expect(status).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('cistern spool inspect --data'),
    });
    expect((await local.json(['inspect'])).setAside).toEqual([
      { id: bad, sent: new Date(now).toISOString(), bytes: 7, why: 'it was bad then', redriven: false },
      expect.objectContaining({ id: good }),
    ]);

    const drained = await local.run(['drain', '--json']);

    expect(drained.code).toBe(0);
    expect(JSON.parse(drained.stdout)).toMatchObject({
      drained: true,
      setAside: { redriven: 1, stillBad: 1 },
    });
    expect((await local.archived()).map(({ key }) => key)).toEqual([member.key]);
    expect((await local.json(['inspect'])).setAside).toMatchObject([{ id: bad }]);
    expect((await local.json(['inspect', '--all'])).setAside).toMatchObject([
      { id: bad },
      { id: good, redriven: true },
    ]);
    expect(await local.json(['status'])).toMatchObject({ setAside: 1, wantsSomebody: ['set-aside'] });
    expect(await local.json(['status', '--all'])).toMatchObject({ setAside: 2 });
  });

  it('says what stays when the store fails for good, and loses nothing', async () => {
    await local.put(await sealed('one'));
    await writeFile(join(local.data, 'archive', 'logs'), 'in the way');

    const { code, stderr } = await local.run(['drain', '--timeout', '1']);

    expect(code).not.toBe(0);
    expect(stderr).toMatch(/^cistern: /m);
    expect(await local.json(['status'])).toMatchObject({ waiting: 1 });
  });

  it('bears a store that fails for a while, in the bucket that is named', async () => {
    const aws = await startFakeAws();
    try {
      const member = await sealed('one');
      await local.put(member);
      aws.s3.always({ on: 'PutObject', status: 503, code: 'SlowDown' });
      const drained = local.run(['drain', '--bucket', aws.s3.bucket], { env: aws.env() });
      await aws.s3.arrived(4);
      aws.s3.always(undefined);

      expect(await drained).toMatchObject({ code: 0, stdout: '' });
      expect(aws.s3.objects.get(member.key)).toEqual(member.member);
      expect(await local.archived()).toEqual([]);
      expect(await readdir(join(local.data, 'spool'))).toEqual([]);
    } finally {
      await aws.close();
    }
  });

  it('drains beside a server at work, which goes on taking batches', async () => {
    // It gathers for longer than this test runs.
    const config = join(local.data, 'cistern.json');
    await writeFile(config, JSON.stringify({ archiver: { windowSeconds: 300 } }));
    const serve = await startServe({
      data: local.data,
      args: ['--delivery', 'buffered', '--config', config],
    });
    const send = (text: string) => post(serve.url, batch(message(text, now)), { secret: serve.secret });
    expect((await send('before')).status).toBe(200);
    expect(await local.json(['status'])).toMatchObject({ delivery: 'buffered', waiting: 1 });

    expect((await local.run(['drain'])).code).toBe(0);

    expect(await local.archived()).toHaveLength(1);
    expect((await send('after')).status).toBe(200);
    await serve.stop();
    const { stdout } = await runCli(['cat', 'my-app', '--since', '2h', '--data', local.data]);
    expect(stdout.match(/before|after/g)?.sort()).toEqual(['after', 'before']);
  });

  it('does not guess which archive is meant', async () => {
    const other = temporaryDirectory();

    expect(await runCli(['spool', 'drain', '--data', other])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--bucket'),
    });
  });

  it.each([
    [['drain', '--timeout', 'long'], '--timeout long'],
    [['drain', '--stage', 'test'], '--stage'],
  ])('refuses %j', async (args, remedy) => {
    expect(await local.run(args)).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining(remedy),
    });
  });
});

describe('cistern spool drain of a stage', () => {
  let stage: StageSpool;
  beforeEach(async () => {
    stage = await StageSpool.start();
  });
  afterEach(() => stage.close());

  it('gives dead letters and what is good again back to the queue, and waits for the archiver', async () => {
    const [dead, kept] = [await sealed('dead'), await sealed('kept')];
    stage.aws.sqs.deadLetters.send(encodeMessage(dead));
    const id = await keep(stage.ledger, 'good', encodeMessage(kept));
    const archiver = drainTwo(stage.aws);

    const { code, stdout, stderr } = await stage.run(['drain', '--json']);

    expect((await archiver).sort()).toEqual([encodeMessage(dead), encodeMessage(kept)].sort());
    expect({ code, stderr }).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('1 dead letter goes back'),
    });
    expect(JSON.parse(stdout)).toMatchObject({
      drained: true,
      deadLetters: 0,
      setAside: { redriven: 1, stillBad: 0 },
    });
    expect((await stage.json(['inspect', '--all'])).setAside).toMatchObject([{ id, redriven: true }]);
    expect([...stage.aws.s3.objects.keys()].filter((key) => key.startsWith('logs/'))).toEqual([]);
  });

  it('says that a stage of before has to be deployed again', async () => {
    stage.forgetQueue();

    expect(await stage.run(['drain'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('npm run deploy'),
    });
  });

  it('names the permission that is missing', async () => {
    stage.aws.sqs.deadLetters.send('anything');
    stage.aws.sqs.always({ on: 'StartMessageMoveTask', status: 403, code: 'AccessDeniedException' });

    expect(await stage.run(['drain'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('sqs:StartMessageMoveTask'),
    });
  });
});

/** Does as the archiver does: receives two messages, and deletes them. */
async function drainTwo({ sqs }: FakeAws): Promise<string[]> {
  const bodies: string[] = [];
  for (let requests = 1; bodies.length < 2; requests += 1) {
    await sqs.arrived(requests);
    for (const { body, receipt = '' } of sqs.queue.receive(10)) {
      bodies.push(body);
      sqs.queue.delete(receipt);
    }
  }
  return bodies;
}
