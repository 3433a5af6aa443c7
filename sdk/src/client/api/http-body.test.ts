import assert from 'node:assert/strict';
import test from 'node:test';
import { IntegrityError } from '@coffer/protocol/core';
import type { HttpResponse } from '../../ports/index.ts';
import { readBody } from './http-body.ts';

const PARTS = 150_000;

async function* singleBytes(count: number): AsyncGenerator<Uint8Array, void> {
  for (let i = 0; i < count; i++) yield Uint8Array.of(i & 255);
}

const answer = (count: number): HttpResponse => {
  return { status: 200, headers: {}, body: singleBytes(count) };
};

test('a body is whole in however many parts it comes, and never longer than asked for', async () => {
  const body = await readBody(answer(PARTS), PARTS);
  assert.equal(body.length, PARTS);
  assert.ok(body.every((byte, i) => byte === (i & 255)));
  await assert.rejects(readBody(answer(9), 8), IntegrityError);
});
