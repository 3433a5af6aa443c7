/** Random bytes that can be drawn again, for vectors and tests. Never for keys of people. */
import { concatBytes, u64be, utf8ToBytes } from '../core/index.ts';
import type { OpenSuite, VerifySuite } from '../crypto/index.ts';

const BLOCK_SIZE_BYTES = 32;

/** A stream of SHA-256(seed ‖ counter): equal seeds give equal bytes on every platform. */
export function createSeededRandom(
  sha256: VerifySuite['sha256'],
  seed: string,
): OpenSuite['randomBytes'] {
  const seedBytes = sha256(utf8ToBytes(seed));
  let counter = 0;
  return (length) => {
    const blocks = Array.from({ length: Math.ceil(length / BLOCK_SIZE_BYTES) }, () =>
      sha256(seedBytes, u64be(counter++)),
    );
    return concatBytes(...blocks).slice(0, length);
  };
}
