/** The recovery key as 24 words (BIP-39, English): 256 bits and 8 bits of checksum. */
import type { Bytes } from '@coffer/protocol/core';
import { entropyToMnemonic, mnemonicToEntropy } from '@scure/bip39';
import { wordlist } from '@scure/bip39/wordlists/english.js';

const WORD_COUNT = 24;

/** The 24 words of a recovery key of 32 bytes. */
export function recoveryKeyToWords(key: Bytes): readonly string[] {
  return entropyToMnemonic(new Uint8Array(key), wordlist).split(' ');
}

/** The key of words as a person typed them; undefined when a word or the checksum is wrong. */
export function parseRecoveryWords(text: string): Uint8Array<ArrayBuffer> | undefined {
  const words = text.normalize('NFKD').trim().toLowerCase().split(/\s+/);
  if (words.length !== WORD_COUNT) return undefined;
  try {
    return new Uint8Array(mnemonicToEntropy(words.join(' '), wordlist));
  } catch {
    return undefined;
  }
}
