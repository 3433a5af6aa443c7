/** The WebAssembly half of the chunker, made callable. The one place that knows of WebAssembly. */
import { assert, base64UrlToBytes, u8, type Bytes } from '../../../core/index.ts';
import { hash, type VerifySuite } from '../../../crypto/index.ts';
import { CUT_SCANNER_BASE64URL } from './cut-scanner.generated.ts';

// Part of every runtime, but of no ECMAScript library that pure code is compiled with.
declare const WebAssembly: {
  readonly Module: new (code: Uint8Array<ArrayBuffer>) => { readonly compiled: unknown };
  readonly Instance: new (module: { readonly compiled: unknown }) => { readonly exports: unknown };
};

interface CutScannerExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly setKey: (first: bigint, second: bigint) => void;
  readonly scan: (size: number, threshold: number) => number;
}

/** Bytes that decide about a cut after the last of them. */
export const WINDOW_SIZE_BYTES = 64;
/** What one call of `scan` takes at most; small enough to stay in the processor's cache. */
export const SCAN_SIZE_BYTES_MAX = 128 * 1024;
const TABLE_LENGTH = 256;
const WINDOW_OFFSET = TABLE_LENGTH * 4;

export interface CutScanner {
  /**
   * Length up to the first cut in `size` bytes from `start`, 0 without one. There are at least 64
   * bytes before `start`. A window is a cut where its SipHash is below `threshold` of 2^16.
   */
  readonly scan: (bytes: Bytes, start: number, size: number, threshold: number) => number;
}

/** T[b] = first u32be of H("gear", b): public, the same for everyone. */
export function gearTable(suite: VerifySuite): Uint32Array {
  return Uint32Array.from({ length: TABLE_LENGTH }, (_, byte) =>
    new DataView(hash(suite, 'gear', u8(byte)).buffer).getUint32(0),
  );
}

/** A scanner of its own memory for SipHash under the first 16 bytes of `chunkerKey`. */
export function createCutScanner(suite: VerifySuite, chunkerKey: Bytes): CutScanner {
  const instance = new WebAssembly.Instance(compiledModule());
  const { memory, setKey, scan } = instance.exports as CutScannerExports;
  const key = new DataView(chunkerKey.buffer, chunkerKey.byteOffset, 16);
  setKey(key.getBigUint64(0, true), key.getBigUint64(8, true));
  const table = new DataView(memory.buffer);
  for (const [byte, value] of gearTable(suite).entries()) table.setUint32(byte * 4, value, true);
  const data = new Uint8Array(memory.buffer);
  return {
    scan: (bytes, start, size, threshold) => {
      assert(start >= WINDOW_SIZE_BYTES && size <= SCAN_SIZE_BYTES_MAX, 'a scan has its window');
      data.set(bytes.subarray(start - WINDOW_SIZE_BYTES, start + size), WINDOW_OFFSET);
      return scan(size, threshold);
    },
  };
}

let module: { readonly compiled: unknown } | undefined;

/** Compiled once: the code is a constant. */
function compiledModule(): { readonly compiled: unknown } {
  module ??= new WebAssembly.Module(base64UrlToBytes(CUT_SCANNER_BASE64URL));
  return module;
}
