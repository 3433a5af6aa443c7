import { decodeCbor, type Cbor, type Schema } from '@coffer/protocol/codec';
import { hexToBytes } from '@coffer/protocol/core';
import { cborToJson } from '../cbor-json.ts';
import { defineFormat, type CaseInput } from '../vector.ts';

type Input = { readonly bytes: string };

const SIZE_BYTES_MAX = 1024;
const anything: Schema<Cbor> = (value) => value as Cbor;
const NOT_CANONICAL = 'not canonical CBOR';
const NOT_CBOR = 'not CBOR';
const NOT_ENCODABLE = 'not an encodable value';
const NOT_A_SAFE_INTEGER = 'not a safe integer';

const valid: readonly (readonly [name: string, bytes: string])[] = [
  ['zero', '00'],
  ['largest integer in the head', '17'],
  ['smallest integer of one byte', '1818'],
  ['largest integer of one byte', '18ff'],
  ['smallest integer of two bytes', '190100'],
  ['largest integer of two bytes', '19ffff'],
  ['smallest integer of four bytes', '1a00010000'],
  ['largest integer of four bytes', '1affffffff'],
  ['smallest integer of eight bytes', '1b0000000100000000'],
  ['2^53 - 1', '1b001fffffffffffff'],
  ['-1', '20'],
  ['-(2^53 - 1)', '3b001ffffffffffffe'],
  ['no bytes', '40'],
  ['one byte', '4100'],
  ['24 bytes', `5818${'ab'.repeat(24)}`],
  ['256 bytes', `590100${'00'.repeat(256)}`],
  ['no text', '60'],
  ['ASCII', '6161'],
  ['text outside the basic plane', '64f09f9880'],
  ['text is kept as it is composed', '63cc8141'],
  ['false', 'f4'],
  ['true', 'f5'],
  ['null', 'f6'],
  ['empty array', '80'],
  ['array of everything', '8601204161616181f6f4'],
  ['eight arrays in each other', '818181818181818100'],
  ['array of 24', `9818${'00'.repeat(24)}`],
];

const invalid: readonly (readonly [
  name: string,
  unlike: string,
  refused: string,
  bytes: string,
])[] = [
  ['nothing', 'zero', NOT_CBOR, ''],
  ['a byte too many', 'zero', NOT_CBOR, '0000'],
  ['integer in one byte too many', 'largest integer in the head', NOT_CBOR, '1817'],
  ['integer in two bytes instead of one', 'largest integer of one byte', NOT_CBOR, '1900ff'],
  ['integer in four bytes instead of two', 'largest integer of two bytes', NOT_CBOR, '1a0000ffff'],
  [
    'integer in eight bytes instead of four',
    'largest integer of four bytes',
    NOT_CBOR,
    '1b00000000ffffffff',
  ],
  ['integer cut off', 'smallest integer of two bytes', NOT_CBOR, '1901'],
  ['2^53', '2^53 - 1', NOT_CBOR, '1b0020000000000000'],
  ['-(2^53)', '-(2^53 - 1)', NOT_CBOR, '3b001fffffffffffff'],
  ['2^64 - 1', '2^53 - 1', NOT_CBOR, '1bffffffffffffffff'],
  ['big number', '2^53 - 1', NOT_CBOR, 'c24100'],
  ['half float 1.0', 'zero', NOT_CANONICAL, 'f93c00'],
  ['single float 1.0', 'zero', NOT_CANONICAL, 'fa3f800000'],
  ['double float 1.0', 'zero', NOT_CANONICAL, 'fb3ff0000000000000'],
  ['double float 1.5', 'zero', NOT_A_SAFE_INTEGER, 'fb3ff8000000000000'],
  ['minus zero as a float', 'zero', NOT_CANONICAL, 'f98000'],
  ['not a number', 'zero', NOT_A_SAFE_INTEGER, 'f97e00'],
  ['infinity', 'zero', NOT_A_SAFE_INTEGER, 'f97c00'],
  ['length in one byte too many', 'one byte', NOT_CBOR, '580100'],
  ['bytes cut off', 'one byte', NOT_CBOR, '4200'],
  ['length beyond the end', '256 bytes', NOT_CBOR, '5bffffffffffffffff00'],
  ['bytes of indefinite length', 'one byte', NOT_CBOR, '5f4100ff'],
  ['text of indefinite length', 'ASCII', NOT_CBOR, '7f6161ff'],
  ['text that is no UTF-8', 'ASCII', NOT_CBOR, '61ff'],
  ['text with an overlong form', 'ASCII', NOT_CBOR, '62c1a1'],
  ['text with an encoded surrogate', 'text outside the basic plane', NOT_CBOR, '63eda080'],
  ['array of indefinite length', 'empty array', NOT_CBOR, '9fff'],
  ['array cut off', 'array of everything', NOT_CBOR, '8201'],
  ['array with its length in a byte too many', 'empty array', NOT_CBOR, '9800'],
  [
    'nine arrays in each other',
    'eight arrays in each other',
    'nested too deep',
    '81818181818181818100',
  ],
  ['empty map', 'empty array', NOT_ENCODABLE, 'a0'],
  ['map', 'empty array', NOT_ENCODABLE, 'a1616101'],
  ['map that would set a prototype', 'empty array', NOT_ENCODABLE, 'a1695f5f70726f746f5f5f80'],
  ['tag', 'zero', NOT_CBOR, 'c000'],
  ['undefined', 'null', NOT_CBOR, 'f7'],
  ['simple value 0', 'false', NOT_CBOR, 'e0'],
  ['simple value 255', 'false', NOT_CBOR, 'f8ff'],
  ['false in two bytes', 'false', NOT_CBOR, 'f814'],
  ['reserved additional information', 'zero', NOT_CBOR, '1c'],
  ['a break alone', 'null', NOT_CBOR, 'ff'],
  ['more than the limit', '256 bytes', 'more than 1024 bytes', `5903ff${'00'.repeat(1023)}`],
];

export const cbor = defineFormat<Input>({
  name: 'cbor',
  about:
    'The encoding of everything that is hashed, signed or sealed: §1. Limit here: 1,024 bytes.',
  cases: () => [
    ...valid.map(([name, bytes]): CaseInput<Input> => ({ name, input: { bytes } })),
    ...invalid.map(([name, unlike, refused, bytes]): CaseInput<Input> => ({
      name,
      unlike,
      refused,
      input: { bytes },
    })),
  ],
  read: (_suite, { bytes }) => cborToJson(decodeCbor(hexToBytes(bytes), anything, SIZE_BYTES_MAX)),
});
