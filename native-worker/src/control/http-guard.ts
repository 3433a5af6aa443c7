/**
 * Who may speak to the control server. It listens on loopback alone, where every program of the machine
 * and every page in a browser can reach it, so each request must pass four questions: is it meant for
 * us by name (DNS rebinding), does it come from our own page or from no page at all (CSRF), does it
 * know the token of the profile or a session that was made from it, and may that kind of caller ask
 * for this.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Clock, Random } from '../ports/index.ts';
import { bytesToHex } from '@coffer/protocol/core';

/** `token`: a program that can read the profile. `page`: a browser that was opened by one. */
export type Caller = 'token' | 'page';

/** A one-time word must be used within this time; a session ends after this time without a request. */
const ONCE_MS_MAX = 60_000;
const SESSION_IDLE_MS_MAX = 12 * 3_600_000;
const SESSIONS_MAX = 16;
const SECRET_BYTES = 32;

export const TOKEN_BYTES = SECRET_BYTES;

export interface GuardOptions {
  readonly token: string;
  readonly clock: Clock;
  readonly random: Random;
}

export class HttpGuard {
  readonly #options: GuardOptions;
  readonly #onceBySecret = new Map<string, number>();
  readonly #lastUseBySession = new Map<string, number>();
  #port = 0;

  constructor(options: GuardOptions) {
    this.#options = options;
  }

  /** Known once the server listens. */
  listensOn(port: number): void {
    this.#port = port;
  }

  /** False for a request under another name than our own, or from a page of another origin. */
  isMeantForUs({ headers }: IncomingMessage): boolean {
    const { host, origin } = headers;
    const site = headers['sec-fetch-site'];
    if (host === undefined || !this.#names().includes(host)) return false;
    if (origin !== undefined && !this.#isOwnOrigin(origin)) return false;
    return site === undefined || site === 'same-origin' || site === 'none';
  }

  /** Undefined for who shows neither the token nor a session that may be used like this. */
  callerOf(request: IncomingMessage): Caller | undefined {
    const { authorization } = request.headers;
    if (authorization !== undefined) {
      const [scheme, given = ''] = authorization.split(' ');
      return scheme === 'Bearer' && isEqual(given, this.#options.token) ? 'token' : undefined;
    }
    return this.#hasSession(request) && this.#isFromOwnPage(request) ? 'page' : undefined;
  }

  /** A word that `redeem` takes once. */
  offerOnce(): string {
    const secret = this.#secret();
    const now = this.#options.clock.now();
    for (const [known, at] of this.#onceBySecret) {
      if (now - at > ONCE_MS_MAX) this.#onceBySecret.delete(known);
    }
    this.#onceBySecret.set(secret, now);
    return secret;
  }

  /** The cookie of a new session; undefined for a word that is wrong, used or too old. */
  redeem(once: string): string | undefined {
    const at = this.#onceBySecret.get(once);
    this.#onceBySecret.delete(once);
    const now = this.#options.clock.now();
    if (at === undefined || now - at > ONCE_MS_MAX) return undefined;
    const session = this.#secret();
    this.#lastUseBySession.set(session, now);
    const [oldest] = this.#lastUseBySession.keys();
    if (this.#lastUseBySession.size > SESSIONS_MAX && oldest !== undefined) {
      this.#lastUseBySession.delete(oldest);
    }
    return `${this.#cookieName()}=${session}; HttpOnly; SameSite=Strict; Path=/`;
  }

  /** True for a browser that was opened by `coffer ui`: enough to be shown the page itself. */
  hasSession(request: IncomingMessage): boolean {
    return this.#hasSession(request);
  }

  #hasSession({ headers }: IncomingMessage): boolean {
    const now = this.#options.clock.now();
    const given = cookieOf(headers.cookie ?? '', this.#cookieName());
    const usedAt = given === undefined ? undefined : this.#lastUseBySession.get(given);
    if (given === undefined || usedAt === undefined) return false;
    this.#lastUseBySession.delete(given);
    if (now - usedAt > SESSION_IDLE_MS_MAX) return false;
    this.#lastUseBySession.set(given, now);
    return true;
  }

  /** A cookie alone proves nothing: pages of other ports have it too. The browser must say whose it is. */
  #isFromOwnPage({ headers }: IncomingMessage): boolean {
    const { origin } = headers;
    return origin === undefined
      ? headers['sec-fetch-site'] === 'same-origin'
      : this.#isOwnOrigin(origin);
  }

  #isOwnOrigin(origin: string): boolean {
    return this.#names().some((name) => origin === `http://${name}`);
  }

  #names(): readonly string[] {
    return [`127.0.0.1:${this.#port}`, `localhost:${this.#port}`];
  }

  #cookieName(): string {
    return `coffer-${this.#port}`;
  }

  #secret(): string {
    return bytesToHex(this.#options.random.bytes(SECRET_BYTES));
  }
}

function cookieOf(header: string, name: string): string | undefined {
  for (const part of header.split(';')) {
    const [key, value] = part.trim().split('=');
    if (key === name) return value;
  }
  return undefined;
}

/** In a time that does not depend on where they differ. */
function isEqual(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}
