/** What the thread of the requests and the writer thread say to each other. */
import type { ServerErrorCode } from '@coffer/protocol/api';
import { Failure, failureOf, type FailureDetails } from '../failure.ts';
import type { ProposedCommit } from '../services/commit-judge.ts';
import type { MetadataStore } from '../stores/metadata-store.ts';

/** The methods of the store that write. All others read what is durable, in any thread. */
export const WRITES = [
  'createAccount',
  'addDevice',
  'replaceKeys',
  'deleteAccount',
  'startSecondFactor',
  'confirmSecondFactor',
  'useSecondFactorStep',
  'useBackupCode',
  'deleteSecondFactor',
  'createSession',
  'deleteSession',
  'commit',
  'leaseBodies',
  'registerPack',
  'usage',
  'addTransfer',
  'collectBodies',
  'moveBodies',
  'forgetPack',
  'noteStrays',
  'listStrays',
  'forgetStray',
  'startHold',
  'renewHold',
  'endHold',
  'noteScrub',
  'putJobRun',
  'recount',
  'beginEra',
] as const satisfies readonly Exclude<keyof MetadataStore, 'close'>[];

export type Write = (typeof WRITES)[number];

export type Task =
  | { readonly kind: 'write'; readonly method: Write; readonly args: readonly unknown[] }
  /** The bytes have a buffer of their own, which moves with them. */
  | {
      readonly kind: 'propose';
      readonly proposed: ProposedCommit & { readonly bytes: Uint8Array<ArrayBuffer> };
    }
  | { readonly kind: 'close' };

/** Tasks that came in one turn of the event loop. */
export type ToWriter = readonly (Task & { readonly id: number })[];

export interface SentFailure {
  readonly code: ServerErrorCode;
  readonly details: FailureDetails;
  /** What threw, for the log. */
  readonly cause: unknown;
}

export type Outcome =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly failure: SentFailure };

/** Outcomes of one turn, each durable. */
export type FromWriter = readonly Outcome[];

export function sendFailure(error: unknown): SentFailure {
  const { code, details, cause } = failureOf(error);
  return { code, details, cause: cause instanceof Error ? cause : String(cause) };
}

export function receiveFailure({ code, details, cause }: SentFailure): Failure {
  return new Failure(code, details, { cause });
}
