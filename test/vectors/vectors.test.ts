/** Goal: the same bytes everywhere, now and later. See README.md for how to add a format. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { Worker } from 'node:worker_threads';
import { createNodeOpenSuite } from '@coffer/protocol/suites/node-open';
import { createWebOpenSuite } from '@coffer/protocol/suites/web-open';
import { FORMATS } from './formats/index.ts';
import { runVectors } from './run-vectors.ts';
import type { VectorFile } from './vector.ts';

const FOLDER = join(import.meta.dirname, 'files');
const names = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
const files = names.map(
  (name) => JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as VectorFile,
);

test('every format has its file and every file its format', () => {
  assert.ok(FORMATS.length > 0);
  assert.deepEqual(names.sort(), FORMATS.map(({ name }) => `${name}.json`).sort());
});

test('every file has valid and invalid cases', () => {
  for (const { format, cases } of files) {
    assert.ok(
      cases.some((entry) => entry.refused === undefined),
      format,
    );
    assert.ok(
      cases.some((entry) => entry.refused !== undefined),
      format,
    );
  }
});

test('the Node suite makes and reads every vector', async () => {
  assert.deepEqual(await runVectors(createNodeOpenSuite, files), []);
});

test('the web suite makes and reads every vector', async () => {
  assert.deepEqual(await runVectors(createWebOpenSuite, files), []);
});

test('a worker thread makes and reads every vector', async () => {
  const worker = new Worker(new URL('./vector-worker.ts', import.meta.url), { workerData: files });
  try {
    const failures = await new Promise((resolve, reject) => {
      worker.once('message', resolve).once('error', reject);
    });
    assert.deepEqual(failures, []);
  } finally {
    await worker.terminate();
  }
});

test('a vector that says something else is noticed', async () => {
  const [format] = FORMATS;
  const file = files.find((one) => one.format === format?.name);
  const entry = file?.cases.find((one) => one.refused === undefined);
  assert.ok(format && file && entry);
  const changed = { ...entry, output: ['something else'] };
  const cases = file.cases.map((one) => (one === entry ? changed : one));
  const failures = await runVectors(createNodeOpenSuite, [{ ...file, cases }], [format]);
  assert.equal(failures.length, 2, failures.join('\n'));
});
