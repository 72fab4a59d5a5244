import type { AppName } from '../../lib/drains/app-name.ts';

/** What became of one request: a status, or why there is none. Only `no-connection` says that nothing arrived. */
export type Answer = number | 'no-connection' | 'timeout' | 'broken' | 'unreadable';

/** One request of a batch. */
export interface TryRecord {
  /** Of its body, in hex. */
  readonly sha256: string;
  /** What its leading loss notice counts; 0 when it has none. */
  readonly lost: number;
  readonly answer: Answer;
}

/**
 * How a batch ended. `abandoned`: the run was stopped before it had. All but `acknowledged` may be stored all
 * the same, unless {@link isStorable} says otherwise.
 */
export type BatchResult = 'acknowledged' | 'refused' | 'undelivered' | 'abandoned';

export interface BatchRecord {
  /** Its frame id, or its request id where the sender is a log-shuttle; the same on every try. */
  readonly id: string;
  /** The number of its first message; the others follow it without a gap. */
  readonly first: number;
  /** Messages, its loss notice not among them. */
  readonly count: number;
  readonly tries: readonly TryRecord[];
  readonly result: BatchResult;
}

/** Messages that the sender knows it lost. */
export interface LostRange {
  readonly first: number;
  readonly count: number;
  readonly why: 'overflow' | 'shrunk' | 'refused' | 'undelivered';
}

/** Everything that one drain's sender knows. Messages are numbered from 0, in the order they were produced. */
export interface DrainLedger {
  readonly name: string;
  readonly app: AppName;
  /** A log-shuttle sends none. */
  readonly token?: string;
  readonly produced: number;
  readonly batches: readonly BatchRecord[];
  readonly lost: readonly LostRange[];
  /** Messages lost that no acknowledged notice has declared yet. */
  readonly undeclared: number;
  /** Messages that were still in the buffer when the run was stopped. */
  readonly unsent: number;
}

export function isSuccess(answer: Answer): boolean {
  return typeof answer === 'number' && answer >= 200 && answer < 300;
}

/** After which Logplex drops a batch for good. */
export function isRefusal(answer: Answer): boolean {
  return typeof answer === 'number' && answer >= 400 && answer < 500 && answer !== 429;
}

/** Whether a receiver may hold this try: it can have arrived, and was not refused. */
export function isStorable({ answer }: TryRecord): boolean {
  return answer !== 'no-connection' && !isRefusal(answer);
}
