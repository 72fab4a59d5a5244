import type { SealedBatch } from '../../lib/archive/format/seal.ts';
import { encodeMessage } from '../../lib/spool/message.ts';
import type { MessagePostponer, PostponedMessage, QueuedMessage } from '../../lib/spool/queue.ts';

let made = 0;

/** A message as the queue hands it over for the first time, unless told otherwise. */
export function queued(text: string, more: Partial<QueuedMessage> = {}): QueuedMessage {
  made += 1;
  return {
    id: `message-${made}`,
    receipt: `receipt-${made}`,
    text,
    receives: 1,
    sentAt: Date.now(),
    ...more,
  };
}

export function queuedMember(sealed: SealedBatch, more: Partial<QueuedMessage> = {}): QueuedMessage {
  return queued(encodeMessage(sealed), more);
}

/** A queue that remembers what was postponed. */
export class RecordedPostponer implements MessagePostponer {
  readonly postponed: PostponedMessage[] = [];
  fail: Error | undefined;

  async postpone(messages: readonly PostponedMessage[]): Promise<void> {
    if (this.fail !== undefined) throw this.fail;
    this.postponed.push(...messages);
  }
}
