/** What the check of drains asks Heroku: a port over its Platform API. Every method throws {@link HerokuError}. */
export interface HerokuReader {
  /** Undefined when Heroku knows no app of this name. */
  app(name: string, signal?: AbortSignal): Promise<HerokuApp | undefined>;
  drains(app: string, signal?: AbortSignal): Promise<readonly HerokuDrain[]>;
  /** The one drain of a whole space; undefined when there is none, or no such space. */
  spaceDrain(space: string, signal?: AbortSignal): Promise<HerokuDrain | undefined>;
}

export interface HerokuApp {
  readonly name: string;
  /** The Private Space that it is in. */
  readonly space?: string;
  /** Whether that is a Shield space, whose dynos send by log-shuttle and not by way of Logplex. Unset: not known. */
  readonly shield?: boolean;
}

export interface HerokuDrain {
  /** With its credentials: never to be shown. */
  readonly url: string;
  /** `d.<uuid>`, unless Heroku gives something else. */
  readonly token: string;
  /** Whether an add-on put it there: then it is none of ours. */
  readonly addon: boolean;
}

/** Heroku did not tell. The message holds neither the token nor a drain's URL. */
export class HerokuError extends Error {
  /**
   * `unauthorised`: the token is no good. `forbidden`: it may not see this. `limited`: too many requests this
   * hour. `unavailable`: no answer, or one that can't be understood.
   */
  readonly code: 'unauthorised' | 'forbidden' | 'limited' | 'unavailable';

  constructor(code: HerokuError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'HerokuError';
    this.code = code;
  }
}
