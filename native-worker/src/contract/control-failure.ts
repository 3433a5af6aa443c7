/** How a failed call travels: a word of the error table, and texts for people. Never a stack, key or token. */
import { z } from 'zod';

export const FailureShape = z.object({
  code: z.string(),
  message: z.string(),
  /** What to do; empty where nothing can be said. */
  hint: z.string(),
});
export type FailureShape = z.infer<typeof FailureShape>;

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
