/**
 * Time-based one-time codes: HOTP (RFC 4226) over steps of 30 seconds (RFC 6238), HMAC-SHA-1, six
 * digits, which is what every authenticator knows.
 */
import { createHmac } from 'node:crypto';
import { u64be, type Bytes } from '@coffer/protocol/core';

const STEP_MS = 30_000;
const DIGITS = 6;
/** Steps before and after the present one that count: clocks differ, people type slowly. */
const STEPS_ASIDE = 1;

/** HOTP(secret, counter) as six digits. */
export function oneTimeCode(secret: Bytes, counter: number): string {
  const digest = createHmac('sha1', secret).update(u64be(counter)).digest();
  const offset = (digest.at(-1) ?? 0) & 0xf;
  const number = digest.readUInt32BE(offset) & 0x7fff_ffff;
  return String(number % 10 ** DIGITS).padStart(DIGITS, '0');
}

/** The steps around `now` (Unix ms) whose code is `code`, oldest first. */
export function stepsOfCode(secret: Bytes, code: string, now: number): readonly number[] {
  const present = Math.floor(now / STEP_MS);
  const steps: number[] = [];
  for (let step = present - STEPS_ASIDE; step <= present + STEPS_ASIDE; step++) {
    if (step >= 0 && oneTimeCode(secret, step) === code) steps.push(step);
  }
  return steps;
}
