/** One parameter, by its name below `/cistern/<stage>/`, such as `drains/tokens/d.…`. */
export interface Parameter {
  readonly name: string;
  readonly value: string;
}

/** Reads parameters: all that the receiver may do. */
export interface ParameterReader {
  /** Every parameter below `prefix` (`drains/`), whole or not at all. */
  list(prefix: string, signal?: AbortSignal): Promise<Parameter[]>;
}

/** Keeps parameters: what an operator's command line does. One parameter a fact, so that two operators never overwrite each other. */
export interface ParameterStore extends ParameterReader {
  get(name: string): Promise<string | undefined>;
  put(name: string, value: string): Promise<void>;
  /** Stores only where nothing is stored yet; false when something is. */
  create(name: string, value: string): Promise<boolean>;
  /** False when there was none. */
  delete(name: string): Promise<boolean>;
}

/** The parameters that Cistern reads and writes, below `/cistern/<stage>/`. */
export const parameterNames = {
  drains: 'drains/',
  secrets: 'drains/secrets/',
  tokens: 'drains/tokens/',
  /** Names of the configured apps, comma-separated, over as many parameters as it takes: `drains/listed/0` … */
  listed: 'drains/listed/',
  urls: 'urls/',
  sharedUrl: 'drain_url',
  /** Where the receiver answers, without credentials: `https://…`. */
  receiverUrl: 'receiver_url',
  archiveBucket: 'archive_bucket',
  ledgerBucket: 'ledger_bucket',
  /** Name of the receiver's Lambda function. */
  receiverFunction: 'receiver_function',
  /** URLs of the spool's queue, and of the queue of what it gave up. */
  spoolQueue: 'spool_queue',
  spoolDeadLetters: 'spool_dead_letters',
  /** The configuration as it was deployed: JSON, cut into `config/0`, `config/1` … */
  config: 'config/',
  /** The secrets of the channels, by name: one JSON object. */
  alerts: 'alerts',
  /** A token of Heroku's Platform API. */
  heroku: 'heroku',
  /** The address that is told that the watch runs. */
  heartbeat: 'heartbeat',
  /** ARNs of the stack's own topics: of incidents, and of what must not travel through Cistern's code. */
  alertsTopic: 'alerts_topic',
  urgentTopic: 'urgent_topic',
} as const;
