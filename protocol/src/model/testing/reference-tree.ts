/**
 * The state tree as protocol §4 says it, slowly: recursion over all keys, bits as text. The tests
 * hold the incremental tree against it.
 */
import {
  bytesToHex,
  concatBytes,
  hexToBytes,
  u8,
  ZERO_DIGEST,
  type Bytes,
} from '../../core/index.ts';
import { hash, type VerifySuite } from '../../crypto/index.ts';

export function referenceRoot(
  suite: VerifySuite,
  records: readonly (readonly [key: string, record: Bytes])[],
): string {
  if (records.length === 0) return ZERO_DIGEST;
  const rows = records.map(([key, record]) => ({ bits: bitsOf(key), key, record }));
  return bytesToHex(subtreeHash(suite, rows, 0));
}

interface Row {
  readonly bits: string;
  readonly key: string;
  readonly record: Bytes;
}

function subtreeHash(suite: VerifySuite, rows: readonly Row[], depth: number): Bytes {
  const [first] = rows;
  if (first !== undefined && rows.length === 1) {
    return hash(suite, 'leaf', hexToBytes(first.key), suite.sha256(first.record));
  }
  const zeros = rows.filter((row) => row.bits[depth] === '0');
  const ones = rows.filter((row) => row.bits[depth] === '1');
  if (zeros.length === 0 || ones.length === 0) return subtreeHash(suite, rows, depth + 1);
  const prefix = (first?.bits.slice(0, depth) ?? '').padEnd(256, '0');
  const left = subtreeHash(suite, zeros, depth + 1);
  const right = subtreeHash(suite, ones, depth + 1);
  return hash(suite, 'node', concatBytes(u8(depth), hexToBytes(hexOfBits(prefix)), left, right));
}

function bitsOf(key: string): string {
  return Array.from(key, (digit) => Number.parseInt(digit, 16).toString(2).padStart(4, '0')).join(
    '',
  );
}

function hexOfBits(bits: string): string {
  return (bits.match(/.{4}/g) ?? []).map((four) => Number.parseInt(four, 2).toString(16)).join('');
}
