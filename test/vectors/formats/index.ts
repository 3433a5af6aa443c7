/** Every format that has a vector file. A new format is one module and one line here. */
import type { VectorFormat } from '../vector.ts';
import { accountBundles } from './account-bundle.ts';
import { cbor } from './cbor.ts';
import { chunkCuts } from './chunk-cuts.ts';
import { chunkLengths } from './chunk-lengths.ts';
import { chunks } from './chunk.ts';
import { envelopes } from './envelope.ts';
import { hashes } from './hash.ts';
import { keyChains } from './key-chain.ts';
import { links } from './link.ts';
import { pairings } from './pairing.ts';
import { safetyNumbers } from './safety-number.ts';
import { packs } from './pack.ts';
import { pages } from './page.ts';
import { pasts } from './past.ts';
import { proofs } from './proof.ts';
import { records } from './record.ts';
import { seals } from './seal.ts';
import { signatures } from './sign.ts';
import { items } from './item.ts';
import { sealedNodes } from './sealed-node.ts';
import { spaceKeys } from './space-keys.ts';
import { spaceHistories } from './space-history.ts';
import { stateTrees } from './state-tree.ts';

export const FORMATS: readonly VectorFormat[] = [
  cbor,
  hashes,
  seals,
  envelopes,
  signatures,
  keyChains,
  accountBundles,
  pairings,
  links,
  safetyNumbers,
  records,
  spaceHistories,
  spaceKeys,
  sealedNodes,
  items,
  stateTrees,
  pasts,
  proofs,
  chunkLengths,
  chunkCuts,
  chunks,
  pages,
  packs,
];
