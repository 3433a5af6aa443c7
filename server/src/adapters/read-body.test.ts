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
  const third = buffers.borrow(2 * MIB - 1);
  const fourth = buffers.borrow(2 * MIB - 1);
  assert.equal(third.buffer, first.buffer);
  assert.notEqual(fourth.buffer, first.buffer);
  assert.deepEqual([third.length, second.length], [2 * MIB - 1, 3 * MIB]);
});

test('a body takes at most twice its length, and at most 32 MiB wait for bodies to come', () => {
  const buffers = new BodyBuffers();
  for (const lengthBytes of [64 * 1024, 65 * 1024, MIB + 1, 9 * MIB, 16 * MIB]) {
    const body = buffers.borrow(lengthBytes);
    assert.equal(body.length, lengthBytes);
    assert.ok(body.buffer.byteLength < 2 * lengthBytes);
  }
  const others = new BodyBuffers();
  const bodies = Array.from({ length: 6 }, () => others.borrow(8 * MIB));
  for (const body of bodies) others.giveBack(body);
  const kept = bodies.map(({ buffer }) => buffer.byteLength / MIB);
  assert.deepEqual(kept, [8, 8, 8, 8, 0, 0], 'the memory of the last two is free');
});
