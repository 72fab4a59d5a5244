import type { Check, Finding, Memory } from '../../lib/findings/finding.ts';

/** Has a check look again and again, and keeps what it remembers in between, as the watch does. */
export class RepeatedLook {
  readonly #check: Check;
  readonly #memories: Map<string, Memory>;

  constructor(check: Check, memories: Readonly<Record<string, Memory>> = {}) {
    this.#check = check;
    this.#memories = new Map(Object.entries(memories));
  }

  /** Undefined when the check is not due. */
  async at(now: number, signal = new AbortController().signal): Promise<readonly Finding[] | undefined> {
    const findings = await this.#check.look({
      now,
      signal,
      remembered: (subject) => this.#memories.get(subject),
      rememberedSubjects: () => [...this.#memories.keys()],
    });
    for (const { subject, memory } of findings ?? []) {
      if (memory !== undefined) this.#memories.set(subject, memory);
    }
    return findings;
  }

  /** The only finding of a check that has to be due. */
  async only(now: number, signal?: AbortSignal): Promise<Finding> {
    const [finding, ...others] = (await this.at(now, signal)) ?? [];
    if (finding === undefined || others.length > 0) throw new Error('not exactly one finding');
    return finding;
  }

  memoryOf(subject: string): Memory | undefined {
    return this.#memories.get(subject);
  }
}
