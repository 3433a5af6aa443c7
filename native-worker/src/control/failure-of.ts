/** Any thrown value as what another process may be told of it. */
import { errorEntry, isErrorCode } from '@coffer/protocol/api/error-codes';
import { IntegrityError } from '@coffer/protocol/core';
import { RemoteFault } from '@coffer/sdk/faults';
import { ControlFailure, EngineFault, storeDamage, type FailureShape } from '../contract/faults.ts';

export function failureOf(error: unknown): FailureShape {
  if (error instanceof ControlFailure || error instanceof EngineFault) {
    return { code: error.code, message: error.message, hint: error.hint };
  }
  if (error instanceof IntegrityError) {
    return {
      code: 'integrity',
      message: `what the server sent failed a check (${error.code}): ${error.message}`,
      hint: errorEntry('integrity').text,
    };
  }
  if (error instanceof RemoteFault) {
    const code = isErrorCode(error.code) ? error.code : 'network';
    return { code, message: error.message, hint: errorEntry(code).text };
  }
  if (error instanceof Error && error.name === 'AbortError') {
    return { code: 'interrupted', message: 'interrupted', hint: '' };
  }
  const damage = storeDamage(error);
  if (damage !== undefined) return damage;
  // Its message may hold a path: the log of the thread says more.
  const name = error instanceof Error ? error.name : typeof error;
  return { code: 'failed', message: `the engine failed (${name})`, hint: 'The log says more.' };
}

/** `action` as a call: resolves as it does, rejects with ControlFailure, or as `signal` aborted. */
export async function answering<T>(signal: AbortSignal, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ControlFailure) throw error;
    throw new ControlFailure(failureOf(error), { cause: error });
  }
}
