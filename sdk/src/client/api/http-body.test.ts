import assert from 'node:assert/strict';
import test from 'node:test';
import { IntegrityError } from '@coffer/protocol/core';
import type { HttpResponse } from '../../ports/index.ts';
import { readBody } from './http-body.ts';

const PARTS = 200_000;

async function* singleBytes(): AsyncGenerator<Uint8Array, void> {
  for (let i = 0; i < PARTS; i++) yield Uint8Array.of(i & 255);
}

const answer = (): HttpResponse => ({ status: 200, headers: {}, body: singleBytes() });

test('a body is whole in however many parts it comes, and never longer than asked for', async () => {
  const body = await readBody(answer(), PARTS);
  assert.equal(body.length, PARTS);
  assert.ok(body.every((byte, i) => byte === (i & 255)));
  await assert.rejects(readBody(answer(), PARTS - 1), IntegrityError);
});
