import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DirectoryStore } from '../../lib/archive/directory-store.ts';
import { createS3Client } from '../../lib/archive/s3-store.ts';
import { parseConfig } from '../../lib/config.ts';
import { DirectoryLedger } from '../../lib/ledger/directory-ledger.ts';
import type { Ledger } from '../../lib/ledger/ledger.ts';
import { S3Ledger } from '../../lib/ledger/s3-ledger.ts';
import { DirectoryJournal } from '../../lib/spool/directory-journal.ts';
import { encodeMessage } from '../../lib/spool/message.ts';
import { setAside } from '../../lib/spool/set-aside.ts';
import type { SpooledMember } from '../../lib/spool/spool.ts';
import { seal } from '../support/batches.ts';
import { type FakeAws, startFakeAws } from '../support/fake-aws.ts';
import { type FakeService, startFakeService } from '../support/fake-service.ts';
import { batch, message } from '../support/messages.ts';
import { post } from '../support/post.ts';
import { type Run, type RunOptions, runCli } from '../support/run-cli.ts';
import { startServe } from '../support/serve-process.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const now = Date.now();
const secret = 'never-on-a-terminal';

function sealed(text: string, at = now): Promise<SpooledMember> {
  return seal(batch(message(`${secret} ${text}`, at)));
}

/** Sets something aside; resolves with its id as the command shows it. */
async function keep(ledger: Ledger, id: string, text: string): Promise<string> {
  const key = await setAside(ledger, { id, text, sentAt: now, why: 'it was bad then' });
  return key.replace('set-aside/', '').replace('.json', '');
}

describe('cistern spool over a data directory', () => {
  let data: string;
  let ledger: DirectoryLedger;
  const spool = (args: readonly string[], options?: RunOptions): Promise<Run> =>
    runCli(['spool', ...args, '--data', data], options);
  const json = async (args: readonly string[]) => JSON.parse((await spool([...args, '--json'])).stdout);
  const archived = () => Array.fromAsync(new DirectoryStore(join(data, 'archive')).list('logs/', ''));

  beforeEach(async () => {
    data = temporaryDirectory();
    await mkdir(join(data, 'archive'));
    ledger = new DirectoryLedger(join(data, 'ledger'));
  });

  /** As a `serve` that was killed leaves them: in a segment that nobody has closed. */
  async function spooled(...members: readonly SpooledMember[]): Promise<void> {
    const journal = new DirectoryJournal({ directory: join(data, 'spool'), windowMs: 3_600_000 });
    for (const member of members) await journal.put(member, AbortSignal.timeout(10_000));
  }

  it('has nothing to say of a spool that is empty', async () => {
    const status = await spool(['status']);

    expect(status.code).toBe(0);
    expect(status.stdout).toMatch(
      /Delivery +direct\nWaiting +0, 0 more under way\nOldest +-\nSet aside +0\n/,
    );
    expect(await spool(['inspect'])).toMatchObject({
      code: 0,
      stdout: '',
      stderr: expect.stringContaining('nothing waits'),
    });
    expect(await spool(['drain'])).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('nothing of what waited is left'),
    });
  });

  it('shows what waits, by app, and nothing of its content', async () => {
    const member = await sealed('one');
    await spooled(member, await sealed('two', now + 1000));

    expect(await json(['status'])).toMatchObject({
      delivery: 'direct',
      waiting: 2,
      oldestSeconds: expect.any(Number),
      deadLetters: null,
      setAside: 0,
      wantsSomebody: [],
    });
    const { waiting } = await json(['inspect', '--limit', '1']);
    expect(waiting).toEqual([
      {
        app: 'my-app',
        key: member.key,
        keyTime: new Date(now).toISOString(),
        bytes: member.member.length,
        waitsSeconds: expect.any(Number),
      },
    ]);
    const { stdout } = await spool(['inspect']);
    expect(stdout).toContain(member.key);
    expect(stdout).not.toContain(secret);
  });

  it('brings all that waits into the archive, and leaves nothing behind', async () => {
    const [one, two] = [await sealed('one'), await sealed('two', now + 1)];
    await spooled(one, two);

    const { code, stdout, stderr } = await spool(['drain']);

    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toContain('nothing of what waited is left');
    expect((await archived()).length).toBeGreaterThan(0);
    expect((await runCli(['cat', 'my-app', '--since', '2h', '--data', data])).stdout).toMatch(/one\n.*two\n/);
    expect(await readdir(join(data, 'spool'))).toEqual([]);
  });

  it('says what it found bad: that is set aside, and the rest is archived', async () => {
    const [one, two] = [await sealed('one'), await sealed('two', now + 1)];
    await spooled(one, two);
    const [segment = ''] = await readdir(join(data, 'spool'));
    const path = join(data, 'spool', segment);
    const bytes = await readFile(path);
    bytes.writeUInt8(bytes.readUInt8(200) ^ 1, 200);
    await writeFile(path, bytes);

    const { code, stdout, stderr } = await spool(['drain', '--json']);

    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      drained: true,
      setAside: { redriven: 0, stillBad: 0, found: 1 },
    });
    expect(stderr).toContain('cistern spool inspect --data');
    expect((await archived()).map(({ key }) => key)).toEqual([two.key]);
    expect((await json(['inspect'])).setAside).toMatchObject([{ why: expect.stringContaining('SHA-256') }]);
  });

  it('wants a person for what was set aside, until it went back', async () => {
    const member = await sealed('kept');
    const good = await keep(ledger, 'good', encodeMessage(member));
    const bad = await keep(ledger, 'bad', '{"v":9}');

    const status = await spool(['status']);
    expect(status).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('cistern spool inspect --data'),
    });
    expect((await json(['inspect'])).setAside).toEqual([
      { id: bad, sent: new Date(now).toISOString(), bytes: 7, why: 'it was bad then', redriven: false },
      expect.objectContaining({ id: good }),
    ]);

    const drained = await spool(['drain', '--json']);

    expect(drained.code).toBe(0);
    expect(JSON.parse(drained.stdout)).toMatchObject({
      drained: true,
      setAside: { redriven: 1, stillBad: 1 },
    });
    expect((await archived()).map(({ key }) => key)).toEqual([member.key]);
    expect((await json(['inspect'])).setAside).toMatchObject([{ id: bad }]);
    expect((await json(['inspect', '--all'])).setAside).toMatchObject([
      { id: bad },
      { id: good, redriven: true },
    ]);
    expect(await json(['status'])).toMatchObject({ setAside: 1, wantsSomebody: ['set-aside'] });
    expect(await json(['status', '--all'])).toMatchObject({ setAside: 2 });
  });

  it('shows one that was set aside: what it is now, and its bytes only when asked for', async () => {
    const text = encodeMessage(await sealed('kept'));
    const good = await keep(ledger, 'good', text);
    const bad = await keep(ledger, 'bad', `{"v":9,"x":"${secret}"}`);

    const shown = await spool(['inspect', good]);
    expect(shown.stdout).toMatch(/Why +it was bad then\nNow +good: .* of my-app, logs\/my-app\//);
    expect(shown.stderr).toContain('cistern spool drain --data');
    const stillBad = await spool(['inspect', 'bad']);
    expect(stillBad.stdout).toMatch(/Now +still bad: .*version 1/);
    expect(stillBad.stdout + stillBad.stderr).not.toContain(secret);
    expect(await json(['inspect', bad])).toMatchObject({
      id: bad,
      isText: true,
      stillBad: expect.any(String),
    });
    expect((await spool(['inspect', 'good', '--raw'])).stdout).toBe(text);
  });

  it('says what stays when the store fails for good, and loses nothing', async () => {
    await spooled(await sealed('one'));
    await writeFile(join(data, 'archive', 'logs'), 'in the way');

    const { code, stderr } = await spool(['drain', '--timeout', '1']);

    expect(code).not.toBe(0);
    expect(stderr).toMatch(/^cistern: /m);
    expect(await json(['status'])).toMatchObject({ waiting: 1 });
  });

  it('bears a store that fails for a while, in the bucket that is named', async () => {
    const aws = await startFakeAws();
    try {
      const member = await sealed('one');
      await spooled(member);
      aws.s3.always({ on: 'PutObject', status: 503, code: 'SlowDown' });
      const drained = spool(['drain', '--bucket', aws.s3.bucket], { env: aws.env() });
      await aws.s3.arrived(4);
      aws.s3.always(undefined);

      expect(await drained).toMatchObject({ code: 0, stdout: '' });
      expect(aws.s3.objects.get(member.key)).toEqual(member.member);
      expect(await archived()).toEqual([]);
      expect(await readdir(join(data, 'spool'))).toEqual([]);
    } finally {
      await aws.close();
    }
  });

  it('drains beside a server at work, which goes on taking batches', async () => {
    // It gathers for longer than this test runs.
    const config = join(data, 'cistern.json');
    await writeFile(config, JSON.stringify({ archiver: { windowSeconds: 300 } }));
    const serve = await startServe({ data, args: ['--delivery', 'buffered', '--config', config] });
    const send = (text: string) => post(serve.url, batch(message(text, now)), { secret: serve.secret });
    expect((await send('before')).status).toBe(200);
    expect(await json(['status'])).toMatchObject({ delivery: 'buffered', waiting: 1 });

    expect((await spool(['drain'])).code).toBe(0);

    expect(await archived()).toHaveLength(1);
    expect((await send('after')).status).toBe(200);
    await serve.stop();
    const { stdout } = await runCli(['cat', 'my-app', '--since', '2h', '--data', data]);
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
    [['inspect', 'nothing'], 'cistern spool inspect --all'],
    [['inspect', '../incidents/state'], "can't be an id"],
    [['inspect', '--raw'], '--raw'],
    [['inspect', 'a', '--raw', '--json'], '--json'],
    [['inspect', '--limit', '0'], '--limit 0'],
    [['drain', '--timeout', 'long'], '--timeout long'],
    [['drain', '--stage', 'test'], '--stage'],
    [['empty'], 'unknown command'],
  ])('refuses %j', async (args, remedy) => {
    expect(await spool(args)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(remedy) });
  });
});

describe('cistern spool of a stage', () => {
  let aws: FakeAws;
  /** Knows nothing: the age can't be read from it. */
  let cloudWatch: FakeService<'Any'>;
  let ledger: S3Ledger;
  const spool = (args: readonly string[]): Promise<Run> =>
    runCli(['spool', ...args, '--stage', 'test'], {
      env: { ...aws.env(), AWS_ENDPOINT_URL_CLOUDWATCH: cloudWatch.url },
    });
  const json = async (args: readonly string[]) => JSON.parse((await spool([...args, '--json'])).stdout);
  const parameter = (name: string, value: string) =>
    aws.ssm.parameters.set(`/cistern/test/${name}`, { value, type: 'String' });

  beforeEach(async () => {
    aws = await startFakeAws();
    cloudWatch = await startFakeService<'Any'>({
      identify: () => ({ operation: 'Any', key: '' }),
      perform: () => ({ status: 403 }),
      error: (status) => ({ status }),
    });
    ledger = new S3Ledger(createS3Client(aws.s3ClientConfig()), aws.s3.bucket);
    parameter('config/0', JSON.stringify(parseConfig({ stage: 'test', delivery: 'buffered' })));
    parameter('ledger_bucket', aws.s3.bucket);
    parameter('spool_queue', aws.sqs.queueUrl);
    parameter('spool_dead_letters', aws.sqs.deadLettersUrl);
  });
  afterEach(() => Promise.all([aws.close(), cloudWatch.close()]));

  it('tells how much waits, and that dead letters want somebody', async () => {
    expect(await json(['status'])).toMatchObject({
      delivery: 'buffered',
      waiting: 0,
      deadLetters: 0,
      wantsSomebody: [],
    });

    aws.sqs.deadLetters.send('anything');
    const status = await spool(['status']);

    expect(status.code).toBe(1);
    expect(status.stdout).toMatch(/Dead letters +1\n/);
    expect(status.stderr).toContain('cistern spool drain --stage test');
  });

  it('names the permission without which the age is not known', async () => {
    aws.sqs.queue.send('anything');

    expect(await spool(['status'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('cloudwatch:GetMetricData'),
    });
  });

  it('looks at dead letters and takes none: what they hold, or why nothing', async () => {
    const member = await sealed('stuck');
    aws.sqs.deadLetters.send(encodeMessage(member));
    aws.sqs.deadLetters.send(`{"v":7,"x":"${secret}"}`);

    const { deadLetters } = await json(['inspect']);

    expect(deadLetters).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          app: 'my-app',
          key: member.key,
          bytes: member.member.length,
          receives: 1,
          why: null,
        }),
        expect.objectContaining({ key: null, why: expect.stringContaining('version 1') }),
      ]),
    );
    expect(aws.sqs.deadLetters.messages).toHaveLength(2);
    aws.sqs.deadLetters.showAll();
    const { stdout } = await spool(['inspect']);
    expect(stdout).toContain(member.key);
    expect(stdout).not.toContain(secret);
  });

  it('gives dead letters and what is good again back to the queue, and waits for the archiver', async () => {
    const [dead, kept] = [await sealed('dead'), await sealed('kept')];
    aws.sqs.deadLetters.send(encodeMessage(dead));
    const id = await keep(ledger, 'good', encodeMessage(kept));
    const archiver = drainTwo(aws);

    const { code, stdout, stderr } = await spool(['drain', '--json']);

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
    expect((await json(['inspect', '--all'])).setAside).toMatchObject([{ id, redriven: true }]);
    expect([...aws.s3.objects.keys()].filter((key) => key.startsWith('logs/'))).toEqual([]);
  });

  it('says that a stage of before has to be deployed again', async () => {
    aws.ssm.parameters.delete('/cistern/test/spool_queue');

    for (const command of ['status', 'inspect', 'drain']) {
      expect(await spool([command])).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('npm run deploy'),
      });
    }
  });

  it('names the permission that is missing', async () => {
    aws.sqs.deadLetters.send('anything');
    aws.sqs.always({ on: 'StartMessageMoveTask', status: 403, code: 'AccessDeniedException' });

    expect(await spool(['drain'])).toMatchObject({
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
