/** Records the order in which calls end, and can hold some of them back or make them fail. */
export class RecordedCalls<Step extends string> {
  readonly begun: Step[] = [];
  readonly done: Step[] = [];
  readonly #gates = new Map<Step, Promise<void>>();
  readonly #failures = new Map<Step, Error>();

  /** Holds every such call until the returned function is called. */
  hold(step: Step): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gates.set(step, promise);
    return () => {
      this.#gates.delete(step);
      resolve();
    };
  }

  /** Makes the next such call fail, without effect. A text is the code of the error. */
  failNext(step: Step, failure: Error | string): void {
    const error =
      typeof failure === 'string'
        ? Object.assign(new Error(`${failure}: made to fail`), { code: failure })
        : failure;
    this.#failures.set(step, error);
  }

  protected async record<T>(step: Step, call: () => Promise<T>): Promise<T> {
    this.begun.push(step);
    await this.#gates.get(step);
    const failure = this.#failures.get(step);
    this.#failures.delete(step);
    if (failure !== undefined) throw failure;
    const result = await call();
    this.done.push(step);
    return result;
  }
}
