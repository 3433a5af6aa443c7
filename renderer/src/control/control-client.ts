/** How pages reach whoever holds the profile: one port, an adapter for each way (docs/ui.md §2). */
import type {
  AccountCommandInput,
  AccountCommandName,
  AccountCommandOutput,
  CommandInput,
  CommandName,
  CommandOutput,
  ControlCommandName,
  ControlNews,
  FailureShape,
} from '@coffer/native-worker/contract';

export type { ControlCommandName, ControlNews };

export type ControlInput<K extends ControlCommandName> = K extends CommandName
  ? CommandInput<K>
  : K extends AccountCommandName
    ? AccountCommandInput<K>
    : never;

export type ControlOutput<K extends ControlCommandName> = K extends CommandName
  ? CommandOutput<K>
  : K extends AccountCommandName
    ? AccountCommandOutput<K>
    : never;

export interface ControlClient {
  /** Rejects with CallFailed, whatever went wrong. */
  readonly call: <K extends ControlCommandName>(
    command: K,
    input: ControlInput<K>,
  ) => Promise<ControlOutput<K>>;
  /** News from now on, beginning with `connected` or `lost`; returns how to stop. */
  readonly subscribe: (listener: (news: ControlNews) => void) => () => void;
}

/** Said by the transport itself: nobody answered. */
export const UNREACHED: FailureShape = { code: 'unreached', message: '', hint: '' };

export class CallFailed extends Error {
  override readonly name = 'CallFailed';
  readonly failure: FailureShape;
  constructor(failure: FailureShape, options?: ErrorOptions) {
    super(failure.message, options);
    this.failure = failure;
  }
}

/** The failure that a rejected call stands for. */
export function failureOf(error: unknown): FailureShape {
  if (error instanceof CallFailed) return error.failure;
  return { code: 'failed', message: error instanceof Error ? error.message : '', hint: '' };
}
