/** What the server needs of the world outside, besides its stores. `adapters/` has the real ones. */
import type { Bytes } from '@coffer/protocol/core';

export interface Clock {
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Resolves after `ms`; rejects with the signal's reason when aborted. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}

export interface Random {
  readonly bytes: (length: number) => Uint8Array<ArrayBuffer>;
}

/** Runs `action` soon, after what is running now and what has arrived meanwhile. Once, in order. */
export type Schedule = (action: () => void) => void;

/**
 * The server's half of OPAQUE (protocol §2). Messages are unpadded base64url. Every failure, a wrong
 * password as much as a message that is none, is `undefined`.
 */
export interface PasswordProtocol {
  readonly registrationResponse: (identifier: string, request: string) => string | undefined;
  /** Without a record it answers in the same shape, and no `finish` succeeds. */
  readonly startLogin: (login: {
    readonly identifier: string;
    readonly record: string | undefined;
    readonly request: string;
  }) => { readonly state: string; readonly answer: string } | undefined;
  /** True when the client knew the password. */
  readonly finishLogin: (state: string, finish: string) => boolean;
  /** Stable bytes that nobody outside can compute: HMAC-SHA-256 of `text` under the set-up secret. */
  readonly secretDigest: (text: string) => Bytes;
}

/** What a person who runs the server may want to know. Never a name, token, body or address. */
export interface Log {
  readonly info: (fields: Readonly<Record<string, unknown>>, message: string) => void;
  readonly error: (fields: Readonly<Record<string, unknown>>, message: string) => void;
}
