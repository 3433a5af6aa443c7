import assert from 'node:assert/strict';
import test from 'node:test';
import { encodeFrame, FRAME, FrameReader } from './frames.ts';

test('frames come out as they went in, however they are cut on the way', () => {
  const sent: [number, string][] = [
    [FRAME.hello, '{"argv":[]}'],
    [FRAME.inputEnd, ''],
    [FRAME.stdout, 'ä'.repeat(1000)],
    [FRAME.exit, '0'],
  ];
  const bytes = Buffer.concat(sent.map(([kind, text]) => encodeFrame(kind as 1, text)));
  for (const size of [1, 2, 7, 1000, bytes.length]) {
    const seen: [number, string][] = [];
    const reader = new FrameReader((kind, body) => seen.push([kind, body.toString('utf8')]));
    for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
    assert.deepEqual(seen, sent);
  }
});

test('a frame that claims to be larger than any is refused', () => {
  const reader = new FrameReader(() => assert.fail('no frame'));
  assert.throws(() => reader.push(Buffer.from([FRAME.input, 255, 255, 255, 255])), /too large/);
});
