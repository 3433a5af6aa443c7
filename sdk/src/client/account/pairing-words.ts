/**
 * The secret of a pairing as people and cameras take it (protocol §2): 11 bytes as 8 words of the BIP-39
 * list, or the text of a QR code, `coffer-pair:` origin `#` base64url(secret).
 */
import { base64UrlToBytes, bytesToBase64Url, type Bytes } from '@coffer/protocol/core';
import { PAIRING_SECRET_SIZE_BYTES, PAIRING_WORDS_SIZE_BYTES } from '@coffer/protocol/model/open';
import { wordlist } from '@scure/bip39/wordlists/english.js';

const BITS_PER_WORD = 11n;
const WORD_COUNT = 8;
const PREFIX = 'coffer-pair:';

/** What two devices that are paired share: from words or a QR text. */
export interface PairingSecret {
  readonly secret: Bytes;
  /** Of a QR text; words do not say which server. */
  readonly server: string | undefined;
}

/** The 8 words of 11 bytes. */
export function pairingWords(secret: Bytes): readonly string[] {
  let number = 0n;
  for (const byte of secret) number = (number << 8n) | BigInt(byte);
  return Array.from({ length: WORD_COUNT }, (_, i) => {
    const index = (number >> (BITS_PER_WORD * BigInt(WORD_COUNT - 1 - i))) & 0x7ffn;
    return wordlist[Number(index)] ?? '';
  });
}

/** What a QR code shows. `server`: its origin. */
export function pairingText(server: string, secret: Bytes): string {
  return `${PREFIX}${server}#${bytesToBase64Url(secret)}`;
}

/** Words as a person typed them, or a QR text; undefined for anything else. */
export function parsePairing(text: string): PairingSecret | undefined {
  const trimmed = text.trim();
  if (trimmed.startsWith(PREFIX)) return parseText(trimmed.slice(PREFIX.length));
  const words = trimmed.normalize('NFKD').toLowerCase().split(/\s+/);
  if (words.length !== WORD_COUNT) return undefined;
  let number = 0n;
  for (const word of words) {
    const index = wordlist.indexOf(word);
    if (index < 0) return undefined;
    number = (number << BITS_PER_WORD) | BigInt(index);
  }
  const secret = Uint8Array.from({ length: PAIRING_WORDS_SIZE_BYTES }, (_, i) =>
    Number((number >> BigInt(8 * (PAIRING_WORDS_SIZE_BYTES - 1 - i))) & 0xffn),
  );
  return { secret, server: undefined };
}

function parseText(text: string): PairingSecret | undefined {
  const [server = '', encoded = ''] = text.split('#', 2);
  try {
    const secret = base64UrlToBytes(encoded);
    const isSecret =
      secret.length === PAIRING_SECRET_SIZE_BYTES || secret.length === PAIRING_WORDS_SIZE_BYTES;
    return isSecret && server !== '' ? { secret, server } : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
