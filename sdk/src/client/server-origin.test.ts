import assert from 'node:assert/strict';
import test from 'node:test';
import { parseServerOrigin } from './server-origin.ts';

function parsed(text: string, allowHttp?: boolean): string {
  const result = parseServerOrigin(text, allowHttp);
  return result.ok ? result.value : result.error;
}

test('a server is its scheme, host and port', () => {
  assert.equal(parsed('https://Coffer.Example/'), 'https://coffer.example');
  assert.equal(parsed(' coffer.example:8443 '), 'https://coffer.example:8443');
  assert.equal(parsed('https://coffer.example:443'), 'https://coffer.example');
});

test('plain http is for this machine, unless it is allowed', () => {
  for (const host of ['127.0.0.1:8420', 'localhost', '[::1]:1', 'x.localhost', '127.9.8.7']) {
    assert.equal(parsed(`http://${host}`), `http://${host}`);
  }
  for (const host of ['10.0.0.1', 'localhost.evil.example', '127.0.0.1.evil.example', '[::2]']) {
    assert.equal(parsed(`http://${host}`), 'insecure-server');
    assert.equal(parsed(`http://${host}`, true), `http://${host}`);
  }
});

test('what is more or less than a server is refused', () => {
  const wrong = [
    '',
    'ftp://x',
    'https://',
    'https://a:b@x',
    'https://x/path',
    'https://x?y',
    'a b',
  ];
  for (const text of wrong) assert.equal(parsed(text), 'invalid-server', text);
});
