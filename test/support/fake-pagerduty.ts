import * as z from 'zod';
import { type FakeService, type ServiceOptions, startFakeService } from './fake-service.ts';

export type PagerDutyOperation = 'enqueue' | 'elsewhere';

export interface PagerDutyAlert {
  status: 'triggered' | 'acknowledged' | 'resolved';
  readonly summary: string;
  readonly severity: string;
  /** Events that were merged into it, the first one too. */
  triggers: number;
}

/** PagerDuty's Events API v2, with one service behind one integration. */
export interface FakePagerDuty extends FakeService<PagerDutyOperation> {
  /** By dedup_key. */
  readonly alerts: ReadonlyMap<string, PagerDutyAlert>;
  /** What took effect, in order. */
  readonly actions: readonly string[];
  /** Events that were answered 202 and dropped: nothing to acknowledge or to resolve, or maintenance. */
  readonly dropped: readonly string[];
  /** While true, events are answered 202 and dropped (PagerDuty, Maintenance Windows). */
  maintenance: boolean;
}

/** The service's limits: an event has at most 512 KB, a summary 1,024 characters, a dedup_key 255. */
const maxEvent = 512 * 1024;

const event = z.object({
  routing_key: z.string(),
  event_action: z.enum(['trigger', 'acknowledge', 'resolve']),
  dedup_key: z.string().min(1).max(255).optional(),
  client: z.string().optional(),
  client_url: z.url().optional(),
  links: z.array(z.object({ href: z.url(), text: z.string().optional() })).optional(),
  payload: z
    .object({
      summary: z.string().min(1).max(1_024),
      severity: z.enum(['critical', 'error', 'warning', 'info']),
      source: z.string().min(1),
      timestamp: z.iso.datetime({ offset: true }).optional(),
      component: z.string().optional(),
      group: z.string().optional(),
      class: z.string().optional(),
      custom_details: z.record(z.string(), z.unknown()).optional(),
    })
    .optional(),
});

/** What the service finds wrong with the body of an event; undefined when it takes it. */
export function pagerDutyProblem(body: string): string | undefined {
  if (Buffer.byteLength(body) > maxEvent) return 'Event is too large';
  const parsed = event.safeParse(parseJson(body));
  if (!parsed.success) return z.prettifyError(parsed.error);
  const { event_action: action, payload, dedup_key: key } = parsed.data;
  if (action === 'trigger' && payload === undefined) return "'payload' is missing or blank";
  return action !== 'trigger' && key === undefined ? "'dedup_key' is missing or blank" : undefined;
}

export async function startFakePagerDuty(
  routingKey: string,
  options: ServiceOptions = {},
): Promise<FakePagerDuty> {
  const alerts = new Map<string, PagerDutyAlert>();
  const actions: string[] = [];
  const dropped: string[] = [];
  const invalid = (status: number, error: string) =>
    json(status, { status: 'invalid event', message: 'Event object is invalid', errors: [error] });

  /** Whether it took effect. */
  function apply({ event_action: action, dedup_key: key = '', payload }: z.output<typeof event>): boolean {
    if (fake.maintenance) return false;
    const open = alerts.get(key);
    if (action === 'trigger') {
      if (open !== undefined && open.status !== 'resolved') open.triggers += 1;
      else {
        const { summary = '', severity = '' } = payload ?? {};
        alerts.set(key, { status: 'triggered', summary, severity, triggers: 1 });
      }
      return true;
    }
    if (open === undefined || open.status === 'resolved') return false;
    open.status = action === 'resolve' ? 'resolved' : 'acknowledged';
    return true;
  }

  const service = await startFakeService<PagerDutyOperation>(
    {
      identify: ({ method, path }) =>
        method === 'POST' && path === '/v2/enqueue'
          ? { operation: 'enqueue', key: '' }
          : { operation: 'elsewhere', key: path },
      perform: ({ operation, body }) => {
        if (operation === 'elsewhere') return json(404, {});
        const problem = pagerDutyProblem(body.toString());
        if (problem !== undefined) return invalid(400, problem);
        const parsed = event.parse(parseJson(body.toString()));
        if (!/^[a-zA-Z0-9]{32}$/.test(parsed.routing_key)) {
          return invalid(400, "Length of 'routing_key' is incorrect (should be 32 characters)");
        }
        if (parsed.routing_key !== routingKey) return invalid(403, 'unknown routing key');
        (apply(parsed) ? actions : dropped).push(parsed.event_action);
        return json(202, { status: 'success', message: 'Event processed', dedup_key: parsed.dedup_key });
      },
      error: (status, code = '') => ({ ...invalid(status, code), headers: { location: '/elsewhere' } }),
    },
    options,
  );
  const fake = Object.assign(service, { alerts, actions, dropped, maintenance: false });
  return fake;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function json(status: number, body: unknown) {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
