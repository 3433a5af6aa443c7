/** Fields of JSON bodies, with what the OpenAPI document says of them. Codecs: `z.decode` gives what code works with, `z.encode` what travels. */
import { z } from 'zod';
import {
  base64UrlToBytes,
  bytesToBase64Url,
  parseDigest,
  parseId,
  type Bytes,
  type Id16,
  type Id32,
} from '../core/index.ts';

function parses(parse: (text: string) => unknown, value: unknown): boolean {
  if (typeof value !== 'string') return false;
  try {
    parse(value);
    return true;
  } catch {
    return false;
  }
}

/** A 16-byte id as 32 lower-case hexadecimal digits. */
export function id<T extends Id16>(): z.ZodCustom<T, T> {
  return z
    .custom<T>((value) => parses((text) => parseId<T>(text), value), 'not an id')
    .meta({ type: 'string', pattern: '^[0-9a-f]{32}$' });
}

/** A 32-byte digest as 64 lower-case hexadecimal digits. */
export function digest<T extends Id32>(): z.ZodCustom<T, T> {
  return z
    .custom<T>((value) => parses((text) => parseDigest<T>(text), value), 'not a digest')
    .meta({ type: 'string', pattern: '^[0-9a-f]{64}$' });
}

/** Bytes as unpadded base64url: at least `min` and at most `max` of them. */
export function bytes(min: number, max = min) {
  const decoded = z.custom<Bytes>(
    (value) => value instanceof Uint8Array && value.length >= min && value.length <= max,
    `not ${min} to ${max} bytes`,
  );
  const travels = z
    .string()
    .max(Math.ceil((max * 4) / 3))
    .meta({ contentEncoding: 'base64url' });
  return z.codec(travels, decoded, {
    decode: (text, context) => {
      try {
        return base64UrlToBytes(text);
      } catch {
        context.issues.push({ code: 'custom', input: text, message: 'not base64url' });
        return z.NEVER;
      }
    },
    encode: bytesToBase64Url,
  });
}

/** An OPAQUE message, which its library reads and writes as unpadded base64url: `size` bytes. */
export function opaqueMessage(size: number): z.ZodString {
  const digits = Math.ceil((size * 4) / 3);
  return z
    .string()
    .length(digits)
    .regex(/^[A-Za-z0-9_-]*$/);
}

/** The name that an account signs in with; an e-mail address usually. */
export const accountName = z
  .string()
  .min(1)
  .max(254)
  .refine((text) => text.isWellFormed() && !/[\p{Cc}\p{Cf}\p{Z}]/u.test(text), 'not a name');

/** A secret that the server handed out: opaque to the client. */
export const token = z
  .string()
  .min(16)
  .max(128)
  .regex(/^[A-Za-z0-9_-]+$/);

/** Unix milliseconds, a count, or a number of bytes. */
export const count = z.int().min(0);
