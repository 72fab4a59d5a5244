/**
 * S3 and SQS as far as the receiver needs them, in a process of their own: every PUT and every SendMessage is answered
 * `DELAY` milliseconds after it arrived whole. A second port takes connections and answers nothing.
 * `node aws-process.ts DELAY`
 */
import { hash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSilentServer, type Server as SilentServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const delayMs = Number(process.argv[2]);

const server = createServer({ keepAliveTimeout: 150_000 }, (request, response) => {
  answer(request, response).catch(() => request.socket.destroy());
});
const silent = createSilentServer((socket) => socket.on('error', () => undefined).resume());
process.send?.({ port: await listen(server), silentPort: await listen(silent) });
process.channel?.unref();

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const waited = sleep(delayMs);
  if (request.method === 'PUT') {
    await waited;
    response.writeHead(200, { etag: '"0123456789abcdef0123456789abcdef"', 'content-length': 0 }).end();
    return;
  }
  const { MessageBody: text }: { MessageBody: string } = JSON.parse(Buffer.concat(chunks).toString());
  const body = JSON.stringify({ MessageId: 'message', MD5OfMessageBody: hash('md5', text) });
  await waited;
  response.writeHead(200, {
    'content-type': 'application/x-amz-json-1.0',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}

async function listen(one: Server | SilentServer): Promise<number> {
  one.listen(0, '127.0.0.1');
  await once(one, 'listening');
  const address = one.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
