/**
 * What `serve` is measured against: a server that reads the body, deflates it at the same level, writes it the
 * same durable way and answers; or leaves out the writing, or that and the deflating. No credentials, no framing, no
 * hash, no key. `node bare-server.ts store|deflate|nothing LOGS TMP`
 */
import { link, mkdir, open, unlink } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { deflateRaw, type ZlibOptions } from 'node:zlib';

const deflate = promisify<Buffer, ZlibOptions, Buffer>(deflateRaw);
const [work = '', logs = 'logs', temporary = 'tmp'] = process.argv.slice(2);
const works = new Map<string, (body: Buffer) => Promise<unknown>>([
  ['store', store],
  ['deflate', compress],
  ['nothing', async () => undefined],
]);
const handle = works.get(work);
if (handle === undefined) throw new Error(`no work "${work}"`);
await mkdir(logs, { recursive: true });
const logsDirectory = await open(logs, 'r');
let count = 0;

const server = createServer({ keepAliveTimeout: 150_000 }, (request, response) => {
  readBody(request)
    .then((body) => handle(body))
    .then(
      () => response.writeHead(200, { 'Content-Length': 0 }).end(),
      () => response.writeHead(500, { 'Content-Length': 0 }).end(),
    );
});
server.listen(0, '127.0.0.1', () => {
  process.send?.(server.address());
  process.channel?.unref();
});

function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('error', reject);
  });
}

function compress(body: Buffer): Promise<Buffer> {
  return deflate(body, { level: 6 });
}

async function store(body: Buffer): Promise<void> {
  count += 1;
  const name = `${Date.now()}-${count}`;
  const path = join(temporary, name);
  const file = await open(path, 'wx', 0o400);
  try {
    await file.writeFile(await compress(body));
    await file.sync();
  } finally {
    await file.close();
  }
  await link(path, join(logs, name));
  await logsDirectory.sync();
  await unlink(path);
}
