/** What content workers and the thread that owns them tell each other. Buffers change hands. */
import type { Bytes, Digest, IntegrityCode, IntegrityError } from '@coffer/protocol/core';
import type { ChunkRef } from '@coffer/protocol/content/open';
import type { SealingKeys } from '@coffer/sdk';
import type { EntryStat, LocalFaultCode } from '../ports/index.ts';

/** What the file must be, before it is read and after. */
export type ExpectedFile = Pick<EntryStat, 'ino' | 'size' | 'mtimeNs' | 'ctimeNs'>;

export type ToWorker =
  /** Stands before everything else of a job, at every worker. */
  | { readonly kind: 'begin'; readonly job: number; readonly keys: SealingKeys }
  /** Read, hash and cut this file; up to `helpers` other workers seal some of its chunks. */
  | {
      readonly kind: 'read';
      readonly job: number;
      readonly path: string;
      readonly expected: ExpectedFile;
      readonly helpers: number;
    }
  /** Seal a chunk that another worker cut. */
  | {
      readonly kind: 'seal';
      readonly job: number;
      readonly index: number;
      readonly plaintext: Bytes;
    }
  /** A chunk of the job was sealed (elsewhere or here) and taken: there is room for more. */
  | {
      readonly kind: 'taken';
      readonly job: number;
      readonly bytes: number;
      readonly wasGiven: boolean;
    }
  | { readonly kind: 'end'; readonly job: number }
  /** Open a stored chunk. */
  | {
      readonly kind: 'open';
      readonly number: number;
      readonly ref: ChunkRef;
      readonly stored: Bytes;
    };

export type FromWorker =
  /** A chunk for another worker to seal. */
  | {
      readonly kind: 'given';
      readonly job: number;
      readonly index: number;
      readonly plaintext: Bytes;
    }
  | {
      readonly kind: 'sealed';
      readonly job: number;
      readonly index: number;
      readonly ref: ChunkRef;
      readonly parts: readonly [Bytes, Bytes];
    }
  /** The whole file was read and is what was expected. */
  | {
      readonly kind: 'read';
      readonly job: number;
      readonly size: number;
      readonly sha256: Digest;
      readonly chunkCount: number;
    }
  | { readonly kind: 'failed'; readonly job: number; readonly failure: WorkerFailure }
  | { readonly kind: 'opened'; readonly number: number; readonly plaintext: Bytes }
  | { readonly kind: 'not-opened'; readonly number: number; readonly failure: WorkerFailure };

/** Errors lose their class on the way between threads. */
export type WorkerFailure =
  | { readonly kind: 'changed'; readonly message: string }
  | { readonly kind: 'fault'; readonly code: LocalFaultCode; readonly message: string }
  | {
      readonly kind: 'integrity';
      readonly code: IntegrityCode;
      readonly message: string;
      readonly whose: IntegrityError['whose'];
    }
  | { readonly kind: 'defect'; readonly message: string };
