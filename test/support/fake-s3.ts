import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { type FakeAnswer, type FakeRequest, type FakeService, startFakeService } from './fake-service.ts';

export type S3Operation = 'PutObject' | 'GetObject' | 'ListObjectsV2';

/** S3 in path style, with one bucket, as far as Cistern uses it. */
export interface FakeS3 extends FakeService<S3Operation> {
  readonly bucket: string;
  /** What a reader finds: the newest version of each key. */
  readonly objects: Map<string, Buffer>;
  /** Every version that was ever stored under a key, oldest first. */
  readonly versions: ReadonlyMap<string, readonly Buffer[]>;
  /** True makes it a store that overwrites whatever `If-None-Match` says: such stores exist. */
  ignoresIfNoneMatch: boolean;
}

export async function startFakeS3(bucket = 'cistern-archive'): Promise<FakeS3> {
  const objects = new Map<string, Buffer>();
  const versions = new Map<string, Buffer[]>();
  const settings = { ignoresIfNoneMatch: false };

  function put({ key, headers, body }: FakeRequest<S3Operation>): FakeAnswer {
    if (headers['content-encoding']?.includes('aws-chunked') || headers['x-amz-decoded-content-length']) {
      return error(501, 'NotImplemented', 'This fake reads no aws-chunked bodies.');
    }
    if (!intact(headers['x-amz-content-sha256'], createHash('sha256').update(body).digest('hex'))) {
      return error(400, 'XAmzContentSHA256Mismatch', 'The body is not what was signed.');
    }
    const crc = Buffer.alloc(4);
    crc.writeUInt32BE(crc32(body));
    if (!intact(headers['x-amz-checksum-crc32'], crc.toString('base64'))) {
      return error(400, 'BadDigest', 'The CRC32 you specified did not match.');
    }
    if (headers['if-none-match'] === '*' && objects.has(key) && !settings.ignoresIfNoneMatch) {
      return error(412, 'PreconditionFailed', 'At least one of the preconditions did not hold.');
    }
    const expected = headers['if-match'];
    const stored = objects.get(key);
    if (expected !== undefined) {
      if (stored === undefined) return error(404, 'NoSuchKey', 'The specified key does not exist.');
      if (expected !== etagOf(stored)) {
        return error(412, 'PreconditionFailed', 'At least one of the preconditions did not hold.');
      }
    }
    objects.set(key, body);
    versions.set(key, [...(versions.get(key) ?? []), body]);
    return { status: 200, headers: { etag: etagOf(body) } };
  }

  function get({ key, headers }: FakeRequest<S3Operation>): FakeAnswer {
    const body = objects.get(key);
    if (body === undefined) return error(404, 'NoSuchKey', 'The specified key does not exist.');
    const crc = Buffer.alloc(4);
    crc.writeUInt32BE(crc32(body));
    const checksum = { 'x-amz-checksum-crc32': crc.toString('base64') };
    const etag = { etag: etagOf(body) };
    return {
      status: 200,
      body,
      headers: headers['x-amz-checksum-mode'] === 'ENABLED' ? { ...etag, ...checksum } : etag,
    };
  }

  function list({ query }: FakeRequest<S3Operation>): FakeAnswer {
    const prefix = query.get('prefix') ?? '';
    const token = query.get('continuation-token');
    const after = token === null ? (query.get('start-after') ?? '') : Buffer.from(token, 'hex').toString();
    const maxKeys = Math.min(Number(query.get('max-keys') ?? 1000), 1000);
    const keys = [...objects.keys()]
      .filter((key) => key.startsWith(prefix) && Buffer.compare(Buffer.from(key), Buffer.from(after)) > 0)
      .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    const page = keys.slice(0, maxKeys);
    const truncated = page.length < keys.length;
    const contents = page.map(
      (key) =>
        `<Contents><Key>${escapeXml(key)}</Key><Size>${objects.get(key)?.length ?? 0}</Size></Contents>`,
    );
    const next = `<NextContinuationToken>${Buffer.from(page.at(-1) ?? '').toString('hex')}</NextContinuationToken>`;
    return xml(
      200,
      `<ListBucketResult><Name>${bucket}</Name><KeyCount>${page.length}</KeyCount>` +
        `<IsTruncated>${truncated}</IsTruncated>${truncated ? next : ''}${contents.join('')}</ListBucketResult>`,
    );
  }

  const service = await startFakeService<S3Operation>({
    identify({ method, path, query }) {
      const key = decodeURIComponent(path.slice(1).split('/').slice(1).join('/'));
      if (method === 'PUT' && key !== '') return { operation: 'PutObject', key };
      if (method === 'GET' && key !== '') return { operation: 'GetObject', key };
      if (method === 'GET' && query.get('list-type') === '2') return { operation: 'ListObjectsV2', key };
      return undefined;
    },
    perform(request) {
      if (request.path.split('/')[1] !== bucket) {
        return error(404, 'NoSuchBucket', 'The specified bucket does not exist.');
      }
      switch (request.operation) {
        case 'PutObject':
          return put(request);
        case 'GetObject':
          return get(request);
        case 'ListObjectsV2':
          return list(request);
      }
    },
    error,
  });

  return Object.assign(settings, service, { bucket, objects, versions });
}

/** As S3 makes it of an object that was put whole and is encrypted with S3's own keys. */
function etagOf(body: Buffer): string {
  return `"${createHash('md5').update(body).digest('hex')}"`;
}

/** Whether a checksum that was sent is the body's; none sent, or none of the body (`UNSIGNED-…`), is no fault. */
function intact(sent: string | string[] | undefined, found: string): boolean {
  return sent === undefined || sent === found || String(sent).startsWith('UNSIGNED');
}

function error(status: number, code: string | undefined, message: string): FakeAnswer {
  if (code === undefined) return { status, headers: { 'content-type': 'text/html' }, body: '<h1>oops' };
  return xml(status, `<Error><Code>${code}</Code><Message>${message}</Message></Error>`);
}

function xml(status: number, body: string): FakeAnswer {
  const headers = { 'content-type': 'application/xml' };
  return { status, headers, body: `<?xml version="1.0" encoding="UTF-8"?>${body}` };
}

function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
