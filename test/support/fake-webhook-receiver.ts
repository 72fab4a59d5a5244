import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import * as z from 'zod';
import { type FakeAnswer, type FakeService, type ServiceOptions, startFakeService } from './fake-service.ts';

export type ReceiverOperation = 'receive' | 'elsewhere';

/** A receiver of Standard Webhooks: checks signatures with their library, drops what it has by its id. */
export interface FakeWebhookReceiver extends FakeService<ReceiverOperation> {
  /** Where it receives. The path is a secret, as with many services. */
  readonly address: string;
  /** What arrived for the first time, in order. */
  readonly events: readonly WebhookEvent[];
  /** Messages that it had already. */
  readonly repeats: number;
}

const event = z.object({
  type: z.string().regex(/^[a-zA-Z0-9_]+(?:\.[a-zA-Z0-9_]+)*$/),
  timestamp: z.iso.datetime(),
  data: z.record(z.string(), z.unknown()),
});

export type WebhookEvent = z.output<typeof event>;

/** The size that the specification recommends to stay below, in bytes. */
const maxPayload = 20_000;

export async function startFakeWebhookReceiver(
  secret: string,
  options: ServiceOptions = {},
): Promise<FakeWebhookReceiver> {
  const path = '/hooks/secretPathOfTheReceiver';
  const verifier = new Webhook(secret);
  const seen = new Set<string>();
  const events: WebhookEvent[] = [];
  const service = await startFakeService<ReceiverOperation>(
    {
      identify: (request) =>
        request.method === 'POST' && request.path === path
          ? { operation: 'receive', key: '' }
          : { operation: 'elsewhere', key: request.path },
      perform: ({ operation, headers, body }) => {
        if (operation === 'elsewhere') return text(404, 'not found');
        if (body.length > maxPayload) return text(413, 'too large');
        const id = String(headers['webhook-id']);
        // A full stop in the id would let two messages have one signature.
        if (id.includes('.')) return text(400, 'bad id');
        let payload: unknown;
        try {
          payload = verifier.verify(body, z.record(z.string(), z.string()).parse(headers));
        } catch (error) {
          if (error instanceof WebhookVerificationError) return text(401, error.message);
          throw error;
        }
        if (seen.has(id)) {
          fake.repeats += 1;
          return text(200, '');
        }
        events.push(event.parse(payload));
        seen.add(id);
        return text(204, '');
      },
      error: (status, code = '') => text(status, code),
    },
    options,
  );
  const fake = Object.assign(service, { address: `${service.url}${path}`, events, repeats: 0 });
  return fake;
}

function text(status: number, body: string): FakeAnswer {
  const headers: Record<string, string> = {};
  if (status >= 300 && status < 400) headers['location'] = '/elsewhere';
  return { status, headers, body };
}
