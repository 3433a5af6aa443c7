/** Speaks to the running daemon of a profile. */
import type { ClientRequest, IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { CliFailure } from '../failure.ts';
import { lockHolder, LOCK_WAIT_MS_MAX } from '@coffer/native-worker/profile-lock';
import type { Profile } from '@coffer/native-worker/profile-folder';
import { readDaemonFile, type DaemonPlace } from '@coffer/native-worker/daemon-file';

const HOST = '127.0.0.1';
const RETRY_MS = 50;

/** The daemon that holds the profile, once it answers; undefined when there is none. */
export async function findDaemon(profile: Profile): Promise<DaemonPlace | undefined> {
  const until = Date.now() + LOCK_WAIT_MS_MAX;
  for (;;) {
    const holder = lockHolder(profile);
    if (holder === undefined || !holder.isDaemon) return undefined;
    const place = readDaemonFile(profile);
    if (place?.pid === holder.pid && place.takesCommands) return place;
    if (Date.now() >= until) {
      throw new CliFailure(
        'locked',
        `'${holder.what}' (process ${holder.pid}) has this profile and does not answer`,
        "End it and try again. 'coffer daemon log' says what it does.",
      );
    }
    await sleep(RETRY_MS); // It is being started or ended.
  }
}

export interface DaemonRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly signal?: AbortSignal;
}

/** The request is open: what is written to it is its body. See [Note: How node:http is loaded]. */
export function openRequest(
  { port, token }: DaemonPlace,
  { method, path, signal }: DaemonRequest,
): { readonly request: ClientRequest; readonly response: Promise<IncomingMessage> } {
  const http = process.getBuiltinModule('node:http');
  const request = http.request({
    host: HOST,
    port,
    method,
    path,
    agent: false,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/octet-stream' },
    ...(signal === undefined ? {} : { signal }),
  });
  const response = new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve);
    request.once('error', reject);
  });
  return { request, response };
}

/** One short exchange; the answer as JSON. Throws CliFailure when the daemon refuses or is gone. */
export async function askDaemon(place: DaemonPlace, asked: DaemonRequest): Promise<unknown> {
  const { request, response } = openRequest(place, asked);
  request.end();
  const answer = await response.catch((cause: unknown) => {
    // Ctrl-C: it is the asking that ended, not the daemon.
    throw asked.signal?.aborted === true ? asked.signal.reason : gone(place, cause);
  });
  const parts: Buffer[] = [];
  for await (const part of answer as AsyncIterable<Buffer>) parts.push(part);
  const value: unknown = JSON.parse(Buffer.concat(parts).toString('utf8'));
  if (answer.statusCode === 200) return value;
  throw refusalOf(value);
}

/** What the control server says went wrong, with its code: exit codes hang on it. */
export function refusalOf(value: unknown): CliFailure {
  const error: { code?: unknown; message?: unknown; hint?: unknown } =
    typeof value === 'object' && value !== null && 'error' in value ? Object(value.error) : {};
  return CliFailure.of({
    code: typeof error.code === 'string' ? error.code : 'unavailable',
    message: typeof error.message === 'string' ? error.message : 'the daemon refused',
    hint: typeof error.hint === 'string' ? error.hint : '',
  });
}

export function gone({ pid }: DaemonPlace, cause: unknown): CliFailure {
  return new CliFailure(
    'failed',
    `the daemon (process ${pid}) ended before it answered`,
    "Nothing is lost. 'coffer daemon --detach' starts it again; then try again.",
    { cause },
  );
}
