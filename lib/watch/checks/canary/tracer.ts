import { hash, randomBytes } from 'node:crypto';
import { batchUuid } from '../../../archive/format/uuid.ts';
import { frameMessages } from '../../../logplex/frames.ts';

/** A batch of our own, which goes the way that Heroku's go, so that what becomes of it can be seen. */
export interface Tracer {
  readonly frameId: string;
  /** Frames back to back. */
  readonly body: Buffer;
  readonly messages: number;
  /** Milliseconds since 1970: the time of its messages. */
  readonly epochMs: number;
  /** That of its member, and of the object that holds nothing else. */
  readonly uuid: string;
}

/**
 * A tracer like no other: two at once can't be taken for each other; with the same frame id (32 hex digits), the
 * same again. It carries what is easily damaged on the
 * way: bytes that are no UTF-8, a newline inside a message, a message without one at its end.
 *
 * It has no drain token, so that the secret and the path alone say which app it is.
 */
export function makeTracer(epochMs: number, frameId: string = randomBytes(16).toString('hex')): Tracer {
  const time = new Date(epochMs).toISOString().replace('Z', '000+00:00');
  const header = `<190>1 ${time} host app cistern.canary - `;
  const messages = [
    Buffer.from(`${header}Cistern's tracer ${frameId}: safe to ignore\n`),
    Buffer.concat([Buffer.from(`${header}bytes `), Buffer.from([0x00, 0xff, 0xc3, 0x28]), Buffer.from('\n')]),
    Buffer.from(`${header}naïve ✓\nand no newline at the end`),
  ];
  const body = frameMessages(messages);
  const uuid = batchUuid({ frameId, sha256: hash('sha256', body, 'buffer') });
  return { frameId, body, messages: messages.length, epochMs, uuid };
}
