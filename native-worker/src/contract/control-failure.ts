/** How a failed call travels: a word of the error table, and texts for people. Never a stack, key or token. */
export interface FailureShape {
  readonly code: string;
  readonly message: string;
  /** What to do; empty where nothing can be said. */
  readonly hint: string;
}

/** A call that failed on the other side of a transport. */
export class ControlFailure extends Error {
  override readonly name = 'ControlFailure';
  readonly code: string;
  readonly hint: string;
  constructor({ code, message, hint }: FailureShape, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.hint = hint;
  }
}
