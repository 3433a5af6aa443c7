import assert from 'node:assert/strict';
import test from 'node:test';
import { pairingText, pairingWords, parsePairing } from './pairing-words.ts';

const secret = Uint8Array.from({ length: 11 }, (_, i) => (i * 37 + 5) & 0xff);

test('a secret is eight words and comes back from them, however they are typed', () => {
  const words = pairingWords(secret);
  assert.equal(words.length, 8);
  assert.deepEqual(parsePairing(words.join(' ')), { secret, server: undefined });
  assert.deepEqual(parsePairing(` ${words.join('\n\t').toUpperCase()} `)?.secret, secret);
});

test('words cover all 88 bits, first bits first', () => {
  assert.deepEqual(pairingWords(new Uint8Array(11)), Array<string>(8).fill('abandon'));
  assert.deepEqual(pairingWords(new Uint8Array(11).fill(0xff)), Array<string>(8).fill('zoo'));
  const first = Uint8Array.from([0x80, ...Array<number>(10).fill(0)]);
  assert.deepEqual(pairingWords(first), ['length', ...Array<string>(7).fill('abandon')]);
  assert.deepEqual(parsePairing(pairingWords(first).join(' '))?.secret, first);
});

test('the text of a QR code names the server too', () => {
  const server = 'https://drive.example.org:8443';
  const text = pairingText(server, secret);
  assert.match(text, /^coffer-pair:https:\/\/drive\.example\.org:8443#[\w-]{15}$/);
  assert.deepEqual(parsePairing(text), { secret, server });
  const long = new Uint8Array(32).fill(7);
  assert.deepEqual(parsePairing(pairingText(server, long)), { secret: long, server });
});

test('wrong words, a missing word and cut texts are noticed', () => {
  const words = [...pairingWords(secret)];
  const texts = [
    words.slice(1).join(' '),
    [...words, 'zoo'].join(' '),
    ['coffer', ...words.slice(1)].join(' '),
    '',
    'coffer-pair:',
    'coffer-pair:https://x#',
    'coffer-pair:https://x#AAAA',
    'coffer-pair:#AAAAAAAAAAAAAAA',
    'coffer-pair:https://x#!!!',
  ];
  for (const text of texts) assert.equal(parsePairing(text), undefined, text);
});
