/** Ways to change a JSON answer: every leaf to another value of its kind, and the shape of every object. */
import { bytesToUtf8, utf8ToBytes, type Bytes } from '@coffer/protocol/core';

export interface JsonMutation {
  /** Dotted place, and what was done there. */
  readonly what: string;
  /** Whether another value of the same kind stands there: only such a lie may be believed. */
  readonly keepsShape: boolean;
  readonly body: Bytes;
}

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** All of them for one body; each differs from it. */
export function mutateJson(body: Bytes): readonly JsonMutation[] {
  const value = JSON.parse(bytesToUtf8(body)) as Json;
  const shaped = [...leaves(value, '')].map(({ what, value: changed }) => ({
    what,
    keepsShape: true,
    body: toBytes(changed),
  }));
  const broken = [...shapes(value, '')].map(({ what, value: changed }) => ({
    what,
    keepsShape: false,
    body: toBytes(changed),
  }));
  const text = bytesToUtf8(body);
  const bodies: readonly (readonly [string, Bytes])[] = [
    ['nothing', new Uint8Array()],
    ['the last byte cut off', body.subarray(0, -1)],
    ['a byte more', utf8ToBytes(`${text} 0`)],
    ['an array around it', utf8ToBytes(`[${text}]`)],
    ['null', utf8ToBytes('null')],
    ['no UTF-8', Uint8Array.from([0x22, 0xff, 0xfe, 0x22])],
    ['nested 100,000 deep', utf8ToBytes('['.repeat(100_000))],
  ];
  return [
    ...shaped,
    ...broken,
    ...bodies.map(([what, bytes]) => ({ what, keepsShape: false, body: bytes })),
  ];
}

interface Variant {
  readonly what: string;
  readonly value: Json;
}

/** One other value of the same kind for each leaf. */
function* leaves(value: Json, place: string): Generator<Variant> {
  if (isList(value)) {
    for (const [i, element] of value.entries()) {
      for (const { what, value: changed } of leaves(element, `${place}[${i}]`)) {
        yield { what, value: value.map((other, j) => (j === i ? changed : other)) };
      }
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, element] of Object.entries(value)) {
      for (const { what, value: changed } of leaves(element, `${place}.${name}`)) {
        yield { what, value: { ...value, [name]: changed } };
      }
    }
  } else {
    yield { what: `${place} another value`, value: otherLeaf(value) };
  }
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function otherLeaf(value: null | boolean | number | string): Json {
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'boolean') return !value;
  if (value === null) return 7;
  const middle = value.length >> 1;
  const other = value[middle] === 'b' ? 'c' : 'b';
  return `${value.slice(0, middle)}${other}${value.slice(middle + 1)}`;
}

/** Fields left out, added, doubled in name, and values of every wrong kind. */
function* shapes(value: Json, place: string): Generator<Variant> {
  if (isList(value)) {
    yield { what: `${place} a list with null in it`, value: [...value, null] };
    for (const [i, element] of value.entries()) {
      for (const { what, value: changed } of shapes(element, `${place}[${i}]`)) {
        yield { what, value: value.map((other, j) => (j === i ? changed : other)) };
      }
    }
  } else if (typeof value === 'object' && value !== null) {
    yield { what: `${place} a field more`, value: { ...value, more: 1 } };
    yield { what: `${place} __proto__`, value: withProto(value) };
    for (const [name, element] of Object.entries(value)) {
      const { [name]: _, ...rest } = value;
      yield { what: `${place}.${name} left out`, value: rest };
      for (const { what, value: changed } of shapes(element, `${place}.${name}`)) {
        yield { what, value: { ...value, [name]: changed } };
      }
    }
  } else {
    yield { what: `${place} a list`, value: [value] };
    yield { what: `${place} an object`, value: { is: value } };
    if (typeof value === 'number') {
      yield { what: `${place} negative`, value: -1 };
      yield { what: `${place} a fraction`, value: value + 0.5 };
      yield { what: `${place} beyond 2^53`, value: 2 ** 60 };
      yield { what: `${place} text`, value: String(value) };
    } else if (typeof value === 'string') {
      yield { what: `${place} a number`, value: 1 };
      yield { what: `${place} no character of it`, value: `${value.slice(0, -1)}é` };
    }
  }
}

function withProto(fields: { readonly [name: string]: Json }): Json {
  const text = JSON.stringify(fields);
  return JSON.parse(`{"__proto__":{"seq":1},${text.slice(1)}`.replace(',}', '}')) as Json;
}

function toBytes(value: Json): Bytes {
  return utf8ToBytes(JSON.stringify(value));
}
