import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { BodyBuffers, readBody } from './read-body.ts';

const MIB = 1024 * 1024;
const streamOf = (...parts: readonly string[]) =>
  Readable.from(parts.map((part) => Buffer.from(part)));

test('a body is what came, whether or not its length was announced', async () => {
  const buffers = new BodyBuffers();
  for (const announced of ['6', undefined]) {
    const limits = { announced, sizeBytesMax: 6 };
    const body = await readBody(streamOf('abc', 'def'), buffers, limits);
    assert.equal(body.toString(), 'abcdef');
  }
});

test('a body of another length than announced or allowed is refused', async () => {
  const buffers = new BodyBuffers();
  const attempts = [
    ['5', 10, 'malformed'],
    ['7', 10, 'malformed'],
    ['x', 10, 'malformed'],
    ['6', 5, 'too-large'],
    [undefined, 5, 'too-large'],
  ] as const;
  for (const [announced, sizeBytesMax, code] of attempts) {
    const reading = readBody(streamOf('abc', 'def'), buffers, { announced, sizeBytesMax });
    await assert.rejects(reading, { code });
  }
});

test('a large buffer is used again once it was given back, and never before', () => {
  const buffers = new BodyBuffers();
  const first = buffers.borrow(2 * MIB);
  const second = buffers.borrow(3 * MIB);
  assert.notEqual(first.buffer, second.buffer);
  buffers.giveBack(first);
  buffers.giveBack(first);
  const third = buffers.borrow(MIB);
  const fourth = buffers.borrow(MIB);
  assert.equal(third.buffer, first.buffer);
  assert.notEqual(fourth.buffer, first.buffer);
  assert.deepEqual([third.length, second.length], [MIB, 3 * MIB]);
});
