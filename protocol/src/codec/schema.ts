/** Shapes of decoded CBOR: each schema turns an unknown value into a typed one or throws FormatError. */
import {
  digestFromBytes,
  FormatError,
  idFromBytes,
  type Bytes,
  type Id16,
  type Id32,
} from '../core/index.ts';

export type Schema<T> = (value: unknown) => T;
type Parsed<S> = S extends Schema<infer T> ? T : never;

/** An integer from 0 to `max`, at most 2^53−1. */
export function uint(max = Number.MAX_SAFE_INTEGER): Schema<number> {
  return (value) => {
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value > max) {
      throw new FormatError('not an unsigned integer in range');
    }
    return value;
  };
}

/** Any safe integer: file times may lie before 1970. */
export const int: Schema<number> = (value) => {
  if (typeof value !== 'number' || !Number.isSafeInteger(value))
    throw new FormatError('not an integer');
  return value;
};

export const bool: Schema<boolean> = (value) => {
  if (typeof value !== 'boolean') throw new FormatError('not a boolean');
  return value;
};

export function literal<const T extends number>(expected: T): Schema<T> {
  return (value) => {
    if (value !== expected) throw new FormatError(`not ${expected}`);
    return expected;
  };
}

/** A byte string of `min` to `max` bytes. */
export function bytes(min: number, max = min): Schema<Bytes> {
  return (value) => {
    if (!(value instanceof Uint8Array) || value.length < min || value.length > max) {
      throw new FormatError(`not ${min} to ${max} bytes`);
    }
    return value;
  };
}

/** Text of at most `max` UTF-16 code units. */
export function text(max: number): Schema<string> {
  return (value) => {
    if (typeof value !== 'string' || value.length > max) throw new FormatError('not text in range');
    return value;
  };
}

export function id<T extends Id16>(): Schema<T> {
  return (value) => idFromBytes<T>(bytes(16)(value));
}

export function digest<T extends Id32>(): Schema<T> {
  return (value) => digestFromBytes<T>(bytes(32)(value));
}

export function nullable<T>(schema: Schema<T>): Schema<T | null> {
  return (value) => (value === null ? null : schema(value));
}

/** An array of exactly these elements. */
export function tuple<const S extends readonly Schema<unknown>[]>(
  ...schemas: S
): Schema<{ -readonly [K in keyof S]: Parsed<S[K]> }> {
  return (value) => {
    if (!Array.isArray(value) || value.length !== schemas.length) {
      throw new FormatError(`not an array of ${schemas.length}`);
    }
    return schemas.map((schema, i) => schema(value[i])) as {
      -readonly [K in keyof S]: Parsed<S[K]>;
    };
  };
}

/** An array of at most `max` elements. */
export function list<T>(schema: Schema<T>, max: number): Schema<T[]> {
  return (value) => {
    if (!Array.isArray(value) || value.length > max)
      throw new FormatError(`not a list of at most ${max}`);
    return value.map((element) => schema(element));
  };
}
