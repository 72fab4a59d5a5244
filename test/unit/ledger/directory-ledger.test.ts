import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { DirectoryLedger } from '../../../lib/ledger/directory/directory-ledger.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

let root: string;
let ledger: DirectoryLedger;
const body = Buffer.from('{}');

beforeEach(() => {
  root = join(temporaryDirectory(), 'data', 'ledger');
  ledger = new DirectoryLedger(root);
});

async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o777).toString(8);
}

describe('what it makes', () => {
  it('is open to its owner only', async () => {
    await ledger.create('incidents/a.json', body);
    const version = (await ledger.read('incidents/a.json'))?.version;
    await ledger.replace('incidents/a.json', Buffer.from('{"a":1}'), version);

    expect(await modeOf(root)).toBe('700');
    expect(await modeOf(join(root, '..'))).toBe('700');
    expect(await modeOf(join(root, 'incidents'))).toBe('700');
    expect(await modeOf(join(root, 'incidents/a.json'))).toBe('600');
  });

  it('leaves no temporary file and no lock behind', async () => {
    await ledger.create('a.json', body);
    await ledger.create('a.json', body);
    await ledger.replace('a.json', Buffer.from('1'), (await ledger.read('a.json'))?.version);
    await ledger.replace('a.json', Buffer.from('2'), 'another version');

    expect(await readdir(join(root, '.tmp'))).toEqual([]);
    expect(await readdir(join(root, '.locks'))).toEqual([]);
  });

  it('survives that its directories are removed', async () => {
    await ledger.create('incidents/a.json', body);
    await rm(root, { recursive: true });

    expect(await ledger.create('incidents/a.json', body)).toBe('created');
  });

  it('goes without what a killed process left, an hour later', async () => {
    await mkdir(join(root, '.tmp'), { recursive: true });
    const anHourAgo = new Date(Date.now() - 3_700_000);
    for (const name of ['stale', 'fresh']) await writeFile(join(root, '.tmp', name), 'half');
    await utimes(join(root, '.tmp', 'stale'), anHourAgo, anHourAgo);

    await ledger.create('a.json', body);

    expect(await readdir(join(root, '.tmp'))).toEqual(['fresh']);
  });
});

describe('keys', () => {
  it.each([
    '',
    '/',
    '/a.json',
    'a//b.json',
    'a/',
    '../a.json',
    'a/../../b.json',
    '.tmp/a',
    'a/.b',
    'a b',
    'ä',
  ])('are refused that could lead elsewhere: %j', async (key) => {
    await expect(ledger.create(key, body)).rejects.toMatchObject({ name: 'LedgerError', retry: false });
    await expect(ledger.read(key)).rejects.toMatchObject({ name: 'LedgerError', retry: false });
    await expect(ledger.replace(key, body, 'x')).rejects.toMatchObject({ retry: false });
  });

  it('are not what others put there', async () => {
    await ledger.create('a.json', body);
    for (const name of ['.DS_Store', 'a copy.json', '.a.json.swp']) await writeFile(join(root, name), 'x');

    expect(await Array.fromAsync(ledger.list(''))).toEqual(['a.json']);
  });
});

describe('a directory that fails', () => {
  it('says so, and whether trying again helps', async () => {
    await mkdir(root, { recursive: true });
    await writeFile(join(root, 'incidents'), 'a file');

    const creation = ledger.create('incidents/a.json', body);

    await expect(creation).rejects.toMatchObject({ name: 'LedgerError', retry: false });
    await expect(creation).rejects.toThrow(root);
  });

  it.skipIf(process.getuid?.() === 0)('says that it may not be written', async () => {
    await mkdir(root, { recursive: true });
    await chmod(root, 0o500);

    await expect(ledger.create('a.json', body)).rejects.toMatchObject({ name: 'LedgerError', retry: false });
  });
});

it('loses no update of several processes', async () => {
  await ledger.create('count.json', Buffer.from('0'));
  const script = `
    import { DirectoryLedger } from ${JSON.stringify(import.meta.resolve('../../../lib/ledger/directory/directory-ledger.ts'))};
    const ledger = new DirectoryLedger(${JSON.stringify(root)});
    for (let done = 0; done < 5; ) {
      const { body, version } = await ledger.read('count.json');
      const next = Buffer.from(String(Number(body) + 1));
      if ((await ledger.replace('count.json', next, version)) === 'replaced') done += 1;
    }`;
  const run = async () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' });
    const [code] = await once(child, 'exit');
    return code;
  };

  expect(await Promise.all([run(), run(), run()])).toEqual([0, 0, 0]);

  expect(await readFile(join(root, 'count.json'), 'utf8')).toBe('15');
}, 30_000);
