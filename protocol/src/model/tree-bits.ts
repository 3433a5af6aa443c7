/** Bits of tree keys in their hexadecimal form; bit 0 is the most significant bit of byte 0. */

const valueByCode = new Uint8Array(128);
for (let value = 0; value < 16; value++) {
  valueByCode[value.toString(16).charCodeAt(0)] = value;
}

export function bitAt(hex: string, bit: number): 0 | 1 {
  const digit = valueByCode[hex.charCodeAt(bit >> 2)] ?? 0;
  return ((digit >> (3 - (bit & 3))) & 1) as 0 | 1;
}

/** First bit below `limit` in which `a` and `b` differ, or `limit`. */
export function firstDifference(a: string, b: string, limit: number): number {
  for (let i = 0; i << 2 < limit; i++) {
    const codeA = a.charCodeAt(i);
    const codeB = b.charCodeAt(i);
    if (codeA === codeB) continue;
    const difference = (valueByCode[codeA] ?? 0) ^ (valueByCode[codeB] ?? 0);
    return Math.min((i << 2) + Math.clz32(difference) - 28, limit);
  }
  return limit;
}

/** The first `bits` bits of `hex`, the rest of the 64 digits filled with `fill`. */
export function prefixOf(hex: string, bits: number, fill: 0 | 1): string {
  const whole = bits >> 2;
  const filler = fill === 0 ? '0' : 'f';
  const rest = bits & 3;
  if (rest === 0) return hex.slice(0, whole) + filler.repeat(64 - whole);
  const mask = 0xf0 >> rest;
  const digit = valueByCode[hex.charCodeAt(whole)] ?? 0;
  const mixed = (digit & mask) | (fill === 0 ? 0 : ~mask & 0xf);
  return hex.slice(0, whole) + mixed.toString(16) + filler.repeat(63 - whole);
}

/** `hex` with bit number `bit` set to `value`. */
export function withBit(hex: string, bit: number, value: 0 | 1): string {
  const at = bit >> 2;
  const mask = 8 >> (bit & 3);
  const digit = valueByCode[hex.charCodeAt(at)] ?? 0;
  const changed = value === 1 ? digit | mask : digit & ~mask;
  return hex.slice(0, at) + changed.toString(16) + hex.slice(at + 1);
}
