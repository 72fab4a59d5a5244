/** Ways in which a body does not arrive. Each is answered in one place, `receive`. */
export type BodyFailure = 'aborted' | 'too large';

export class BodyError extends Error {
  readonly code: BodyFailure;

  constructor(code: BodyFailure, options?: ErrorOptions) {
    super(`the body is ${code}`, options);
    this.name = 'BodyError';
    this.code = code;
  }
}
