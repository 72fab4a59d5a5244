import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { canaryApp } from '../../../lib/drains/canary-app.ts';
import { visitFrames } from '../../../lib/logplex/frames.ts';
import { canaryUrl, lookOnce } from '../../support/canary.ts';
import { MemoryArchive } from '../../support/memory-archive.ts';
import { sharedSecret } from '../../support/receiver.ts';

describe('the canary, against whatever else may answer', () => {
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  const server = createServer((request, response) => answer(request, response));
  let origin: string;

  beforeEach(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    origin = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  const canary = (drainUrl: string | undefined = canaryUrl(origin)) =>
    lookOnce({ drainUrl: async () => drainUrl, archive: new MemoryArchive(), withinMs: 50 });

  it('posts what Logplex would', async () => {
    const arrived = Promise.withResolvers<{ headers: IncomingMessage['headers']; body: Buffer }>();
    answer = async (request, response) => {
      const body = Buffer.concat(await Array.fromAsync(request));
      arrived.resolve({ headers: request.headers, body });
      response.writeHead(200, { 'content-length': 0 }).end();
    };

    await canary();

    const { headers, body } = await arrived.promise;
    expect(headers).toMatchObject({
      authorization: `Basic ${btoa(`drain:${sharedSecret}`)}`,
      // The function may sleep for minutes between two runs, and its connections with it.
      connection: 'close',
      'content-type': 'application/logplex-1',
      'content-length': String(body.length),
      'logplex-frame-id': expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    const framing = visitFrames(body, () => undefined);
    expect(framing.fault).toBeUndefined();
    expect(headers['logplex-msg-count']).toBe(String(framing.frames));
  });

  it.each([301, 307, 403, 404, 405, 413, 429, 500, 502])(
    'is critical when it is answered %i',
    async (status) => {
      const paths: (string | undefined)[] = [];
      answer = (request, response) => {
        paths.push(request.url);
        response.writeHead(status, { location: `http://${origin}/elsewhere`, 'content-length': 0 }).end();
      };

      const finding = await canary();

      expect(finding.status).toBe('critical');
      expect(finding.summary).toContain(`was answered ${status}`);
      expect(finding.remedy).not.toBe('');
      expect(paths).toEqual([`/${canaryApp}`]);
    },
  );

  it('is critical when the connection is closed without an answer', async () => {
    answer = (request) => request.socket.destroy();

    const finding = await canary();

    expect(finding.status).toBe('critical');
    expect(finding.summary).toContain('did not reach the receiver');
  });

  it('is critical when nobody listens', async () => {
    const other = createServer();
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    other.close();
    await once(other, 'close');

    const finding = await canary(canaryUrl(`127.0.0.1:${port}`));

    expect(finding.status).toBe('critical');
    expect(finding.summary).toContain('connection refused');
  });

  it('ends with the run when no answer comes', async () => {
    const run = new AbortController();
    answer = () => run.abort(new Error('the time is up'));
    const drainUrl = async () => canaryUrl(origin);

    await expect(lookOnce({ drainUrl, archive: new MemoryArchive() }, run.signal)).rejects.toThrow(
      'the time is up',
    );
  });

  it.each([
    `http://drain:${sharedSecret}@192.0.2.1/${canaryApp}`,
    `ftp://drain:${sharedSecret}@example.com/${canaryApp}`,
    `drain:${sharedSecret}@example.com`,
  ])('warns, and sends nothing, when its URL would not be safe: %#', async (drainUrl) => {
    const finding = await canary(drainUrl);

    expect(finding.status).toBe('warning');
    expect(finding.summary).toContain('was not posted');
  });
});
