/** Every format that has a vector file. A new format is one module and one line here. */
import type { VectorFormat } from '../vector.ts';
import { cbor } from './cbor.ts';
import { envelopes } from './envelope.ts';
import { hashes } from './hash.ts';
import { seals } from './seal.ts';
import { signatures } from './sign.ts';

export const FORMATS: readonly VectorFormat[] = [cbor, hashes, seals, envelopes, signatures];
