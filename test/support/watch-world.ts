import type { Channel } from '../../lib/alerts/channels/channel.ts';
import { parseConfig } from '../../lib/config/config.ts';
import type { Check, Finding } from '../../lib/findings/finding.ts';
import type { Alert, Delivery } from '../../lib/incidents/alert.ts';
import { foldTimeline } from '../../lib/incidents/records/record.ts';
import { recordsCheck } from '../../lib/incidents/records/records-check.ts';
import { rulesOf } from '../../lib/incidents/rules/rules.ts';
import { LedgerIncidents } from '../../lib/incidents/store/ledger-incidents.ts';
import { type Round, runRound, type Watch } from '../../lib/jobs/watch-round.ts';
import { minute, start } from './incident-steps.ts';
import { MemoryLedger } from './memory-ledger.ts';
import { silentLog } from './receiver.ts';

export const limits = { checksMs: 1_000, deliveryMs: 5_000 };

/** A watch over one app whose drain a test stops and starts, and over one channel. */
export class WatchWorld {
  readonly ledger = new MemoryLedger();
  readonly told: Alert[] = [];
  now = start;
  status: Finding['status'] = 'ok';
  deliver: () => Delivery | Promise<Delivery> = () => ({ outcome: 'accepted' });
  checks: Check[] = [{ name: 'freshness', look: async () => [this.finding()] }];

  /** Only where it matters, so that other tests count their own calls. */
  checksOf(setAside: string | undefined): Check[] {
    return setAside === undefined
      ? []
      : [recordsCheck({ store: new LedgerIncidents(this.ledger), setAside })];
  }

  finding(): Finding {
    const summary = this.status === 'ok' ? 'shop sends' : 'shop is silent';
    return {
      check: 'freshness',
      subject: 'shop',
      status: this.status,
      summary,
      evidence: {},
      remedy: 'look',
    };
  }

  watch(): Watch {
    const channel: Channel = {
      name: 'on-call',
      deliver: async (alert) => {
        const delivery = await this.deliver();
        if (delivery.outcome === 'accepted') this.told.push(alert);
        return delivery;
      },
    };
    return {
      store: new LedgerIncidents(this.ledger, () => this.now),
      checks: ({ setAside }) => [...this.checks, ...this.checksOf(setAside)],
      channels: new Map([[channel.name, channel]]),
      rules: rulesOf(parseConfig({ alerts: { channels: { 'on-call': { type: 'slack' } } } })),
      log: silentLog,
      now: () => this.now,
    };
  }

  /** One round, so many minutes after the last. */
  round(afterMinutes = 5): Promise<Round> {
    this.now += afterMinutes * minute;
    return runRound(this.watch(), limits);
  }

  /** Every incident, as its timeline tells it. */
  async records() {
    const store = new LedgerIncidents(this.ledger);
    const ids = await Array.fromAsync(store.ids());
    return Promise.all(
      ids.map(async (id) => {
        const { events, unreadable } = await store.timeline(id);
        return { id, verbs: events.map(({ verb }) => verb), unreadable, record: foldTimeline(events) };
      }),
    );
  }

  async state() {
    return (await new LedgerIncidents(this.ledger).readState())?.state;
  }
}
