/** What the thread of the engine and whoever started it say to each other besides the contract. */
import type { MessagePort } from 'node:worker_threads';
import type { EngineHost } from '../engine-options.ts';
import type { FailureShape } from '../contract/index.ts';
import type { ProfilePlace } from './open-profile.ts';

export type ThreadHost = Omit<EngineHost, 'isAlive'>;

/** What a thread is started with. */
export interface EngineThreadData {
  readonly place: ProfilePlace;
  /** The lock of each root names the process; the boot was asked once. */
  readonly host: ThreadHost;
  readonly choices: EngineThreadChoices;
  /** Speaks the control contract. */
  readonly port: MessagePort;
}

/** What people can set for the engine; absent: the defaults. */
export interface EngineThreadChoices {
  readonly holdCountMax?: number;
  readonly holdShareMax?: number;
  /** Bytes a second; absent: as fast as it goes. */
  readonly upBytesPerSecond?: number;
  readonly downBytesPerSecond?: number;
  /** The limits hold in these hours alone; absent: always. */
  readonly limitHours?: LimitHours;
  /** Address of the HTTP proxy on the way to the server. */
  readonly proxy?: string;
  readonly recycleKeepMs?: number;
  readonly recycleBytesMax?: number;
}

/** Minutes of the local day; past midnight when `to` is not after `from`. */
export interface LimitHours {
  readonly fromMinute: number;
  readonly toMinute: number;
}

export type ToThread =
  /** End within seconds: every transfer stays resumable. */
  | { readonly kind: 'stop' }
  /** A conversation of the program around the engine, spoken over `port`. */
  | { readonly kind: 'guest'; readonly port: MessagePort };

export type FromThread =
  /** The profile is open and the engine runs. */
  | { readonly kind: 'opened' }
  /** It could not be opened, or ended by this; the thread ends. */
  | { readonly kind: 'failed'; readonly failure: FailureShape }
  | { readonly kind: 'log'; readonly entry: LogEntry };

/** One line of the log: words and numbers, never a name, path, key or token. */
export interface LogEntry {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly what: string;
  readonly fields: Readonly<Record<string, string | number | boolean>>;
}
