import { messageOf } from '../base/errors.ts';
import type { Check, CheckResult, Memory } from '../findings/finding.ts';

/** What checks remembered, by check and subject: the subjects of the watch's state. */
export interface Remembered {
  readonly subjects: Readonly<
    Record<string, { readonly check: string; readonly subject: string; readonly memory?: Memory }>
  >;
}

export interface RunLimits {
  /** Milliseconds since 1970, for all checks the same. */
  readonly now: number;
  /** How long all of them together may take. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** A check that was aborted gets this long to say `unknown` by itself. */
const graceMs = 500;

/** Runs checks side by side, each bounded in time. Never rejects: what fails is a result too. */
export async function runChecks(
  checks: readonly Check[],
  { subjects }: Remembered,
  { now, timeoutMs, signal }: RunLimits,
): Promise<CheckResult[]> {
  const timeout = Promise.withResolvers<never>();
  // Where every check has ended by then, nobody waits for it; where one has not, its race tells.
  timeout.promise.catch(() => undefined);
  const controller = new AbortController();
  const seconds = Math.round(timeoutMs / 1000);
  const timers = [
    setTimeout(() => controller.abort(new Error(`took longer than ${seconds} s`)), timeoutMs),
    setTimeout(() => timeout.reject(new Error(`took longer than ${seconds} s`)), timeoutMs + graceMs),
  ];
  const run = async (check: Check): Promise<CheckResult | undefined> => {
    const own = Object.values(subjects).filter((state) => state.check === check.name);
    const look = {
      now,
      signal: signal === undefined ? controller.signal : AbortSignal.any([signal, controller.signal]),
      remembered: (subject: string) => own.find((state) => state.subject === subject)?.memory,
      rememberedSubjects: () =>
        own.filter(({ memory }) => memory !== undefined).map(({ subject }) => subject),
    };
    try {
      const findings = await Promise.race([check.look(look), timeout.promise]);
      return findings === undefined ? undefined : { check: check.name, findings };
    } catch (error) {
      return { check: check.name, failure: messageOf(error) };
    }
  };
  try {
    const results = await Promise.all(checks.map(run));
    return results.filter((result) => result !== undefined);
  } finally {
    for (const timer of timers) clearTimeout(timer);
  }
}
