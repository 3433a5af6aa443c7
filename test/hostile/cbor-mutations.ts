/** Every way to change one leaf of a CBOR value, looking into byte strings that hold CBOR themselves. */
import { decode, encode } from 'cborg';

export interface LeafMutation {
  /** Where: indices from the outside in. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** One mutation for each leaf of `bytes` at most `depthMax` deep: a bit of a byte string, a number + 1 … */
export function mutateLeaves(bytes: Uint8Array, depthMax = 6): readonly LeafMutation[] {
  const value: unknown = decode(bytes);
  return variants(value, '', depthMax).map(({ path, value: changed }) => ({
    path,
    bytes: encode(changed),
  }));
}

interface Variant {
  readonly path: string;
  readonly value: unknown;
}

function variants(value: unknown, path: string, depth: number): readonly Variant[] {
  if (Array.isArray(value)) {
    return value.flatMap((element, i) =>
      variants(element, `${path}/${i}`, depth - 1).map((variant) => ({
        path: variant.path,
        value: value.map((other, j) => (j === i ? variant.value : other)),
      })),
    );
  }
  if (value instanceof Uint8Array) {
    const inner = depth > 0 ? decodeQuietly(value) : undefined;
    if (Array.isArray(inner)) {
      return variants(inner, `${path}:`, depth - 1).map((variant) => ({
        path: variant.path,
        value: encode(variant.value),
      }));
    }
    return value.length === 0
      ? [{ path, value: Uint8Array.of(1) }]
      : [{ path, value: withFlippedBit(value) }];
  }
  if (typeof value === 'number') return [{ path, value: value + 1 }];
  if (typeof value === 'boolean') return [{ path, value: !value }];
  if (typeof value === 'string') return [{ path, value: `${value}x` }];
  return [{ path, value: Uint8Array.of(7) }];
}

function withFlippedBit(bytes: Uint8Array): Uint8Array {
  const out = Uint8Array.from(bytes);
  const middle = bytes.length >> 1;
  out[middle] = (out[middle] ?? 0) ^ 1;
  return out;
}

function decodeQuietly(bytes: Uint8Array): unknown {
  try {
    return decode(bytes);
  } catch {
    return undefined; // Not CBOR: a leaf.
  }
}
