import type { WatchedCounter } from '../../../metrics/counters-reader.ts';

/** What the loss check says of one counter that is not zero. */
export interface LossKind {
  readonly counter: WatchedCounter;
  readonly status: 'warning' | 'critical' | 'by number';
  /** Whether it is counted per app as well. */
  readonly perApp: boolean;
  /** What happened so often; `count` is written out, as in `1 batch`, `2 batches`. */
  readonly happened: { readonly one: string; readonly many: string };
  readonly remedy: string;
}

/**
 * Every counter by which something was lost, may have been, or is not kept as its operator meant it. Some are
 * left out: what is `messages-lost-elsewhere` is a tail session's or another drain's; of `aborted`, Heroku sends the batch again and declares lost what it gives up; of
 * `headers-truncated`, the batch itself is whole; what is `spooled` or `left-in-spool` is kept, and the check of
 * the spool says when it waits for too long.
 */
export const lossKinds: readonly LossKind[] = [
  {
    counter: 'messages-lost',
    status: 'by number',
    perApp: true,
    happened: { one: 'message was declared lost by Heroku', many: 'messages were declared lost by Heroku' },
    remedy: "See the app's loss notices, and whether the receiver was slow, refusing or away at that time",
  },
  {
    counter: 'undelivered',
    status: 'critical',
    perApp: true,
    happened: {
      one: 'request was answered 503, its batch neither stored nor spooled',
      many: 'requests were answered 503, their batches neither stored nor spooled',
    },
    remedy:
      "Mend the archive's store, or the spool: see the receiver's log. Heroku tries a batch three times, then drops it",
  },
  {
    counter: 'set-aside',
    status: 'critical',
    perApp: false,
    happened: {
      one: 'bad spooled message was set aside whole, and is not in the archive',
      many: 'bad spooled messages were set aside whole, and are not in the archive',
    },
    remedy: 'See what they are, and why each is bad: `cistern spool inspect`',
  },
  {
    counter: 'set-aside-doubtful',
    status: 'warning',
    perApp: false,
    happened: {
      one: 'end of a segment of the spool was set aside, as a power cut leaves it: it may never have been acknowledged',
      many: 'ends of segments of the spool were set aside, as a power cut leaves them: they may never have been acknowledged',
    },
    remedy:
      'Was there a power cut? Then Heroku was not answered and has sent them again. Else the disk is damaged: `cistern spool inspect`',
  },
  {
    counter: 'store-circuit-opened',
    status: 'warning',
    perApp: false,
    happened: {
      one: "time the archive's store failed and was avoided: batches went through the spool",
      many: "times the archive's store failed and was avoided: batches went through the spool",
    },
    remedy:
      "See the receiver's log for why the store failed, and whether the spool empties (`cistern spool status`)",
  },
  {
    counter: 'spool-circuit-opened',
    status: 'warning',
    perApp: false,
    happened: {
      one: 'time the spool failed and was avoided: batches were stored at once, or refused where the store failed too',
      many: 'times the spool failed and was avoided: batches were stored at once, or refused where the store failed too',
    },
    remedy: "See the receiver's log for why the spool failed: it may have been busy, or refuse the receiver",
  },
  {
    counter: 'malformed',
    status: 'warning',
    perApp: true,
    happened: {
      one: 'batch was malformed, and kept as it came',
      many: 'batches were malformed, and kept as they came',
    },
    remedy: 'See what sends them: their batch headers say why (`cistern cat --json`, field malformed)',
  },
  {
    counter: 'refused-drain-known',
    status: 'critical',
    perApp: false,
    happened: {
      one: 'batch of a known drain was refused: Heroku dropped it for good',
      many: 'batches of known drains were refused: Heroku dropped them for good',
    },
    remedy:
      'A drain uses a secret that is not live: compare `heroku drains` with `cistern drain list`, and add a drain URL that is',
  },
  {
    counter: 'refused-drain-unknown',
    status: 'warning',
    perApp: false,
    happened: {
      one: 'request that looks like a drain was refused',
      many: 'requests that look like a drain were refused',
    },
    remedy: 'A drain without a live secret, or a stranger: look for drains that point here with an old URL',
  },
  {
    counter: 'registry-unavailable',
    status: 'critical',
    perApp: false,
    happened: {
      one: 'request was answered 503, since nobody could judge its secret',
      many: 'requests were answered 503, since nobody could judge their secrets',
    },
    remedy: 'See that the receiver can read its parameters under drains/, and that each holds a valid value',
  },
  {
    counter: 'too-large',
    status: 'critical',
    perApp: true,
    happened: {
      one: 'batch was refused for its size: it is lost',
      many: 'batches were refused for their size: they are lost',
    },
    remedy: 'See what sends bodies over 16 MiB: Heroku never does',
  },
  {
    counter: 'unlisted',
    status: 'warning',
    perApp: true,
    happened: {
      one: 'batch was stored under an app that nobody listed, which is not watched',
      many: 'batches were stored under an app that nobody listed, which is not watched',
    },
    remedy:
      'List the app in the configuration (`apps`, or `temporaryApps` for those that come and go), map its drain token (`cistern drain map`), or correct the path of its drain URL',
  },
  {
    counter: 'mismatched',
    status: 'warning',
    perApp: true,
    happened: {
      one: "batch was stored under its secret's app although its path names another",
      many: "batches were stored under their secret's app although their path names another",
    },
    remedy: "Correct the drain's URL: its path and its secret are of different apps",
  },
  {
    counter: 'function-errors',
    status: 'critical',
    perApp: false,
    happened: {
      one: 'call of the receiver ended in an error',
      many: 'calls of the receiver ended in an error',
    },
    remedy: "See the receiver's log: it ran out of time or memory, or could not start",
  },
  {
    counter: 'function-throttles',
    status: 'critical',
    perApp: false,
    happened: {
      one: 'request was throttled before the receiver saw it',
      many: 'requests were throttled before the receiver saw them',
    },
    remedy:
      "Raise the account's or the receiver's concurrency (`reservedConcurrency`), or find who floods its URL",
  },
];
