export type EngineFaultCode =
  | 'invalid'
  | 'exists'
  | 'not-found'
  | 'busy'
  | 'stale'
  | 'quota-exceeded'
  | 'not-allowed'
  | 'unsuitable';

/** A command could not be carried out. The code is a word of the error table; `hint` says what to do. */
export class EngineFault extends Error {
  override readonly name = 'EngineFault';
  readonly code: EngineFaultCode;
  readonly hint: string;
  constructor(code: EngineFaultCode, message: string, hint = '', options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.hint = hint;
  }
}
