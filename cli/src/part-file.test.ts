import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  openSync,
  closeSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { PartFile } from './part-file.ts';

const base = mkdtempSync(join(tmpdir(), 'coffer-part-'));
after(() => rmSync(base, { recursive: true }));

function folder(name: string): string {
  const path = join(base, name);
  mkdirSync(path);
  return path;
}

test('a part file stands at its place once it is whole, with its mode and time', () => {
  const place = join(folder('whole'), 'letter');
  writeFileSync(place, 'old');
  const part = new PartFile(place);
  part.write(Buffer.from('dear '));
  part.write(Buffer.from('ana'));
  assert.equal(readFileSync(place, 'utf8'), 'old');
  const own = readdirSync(join(base, 'whole')).find((name) => name !== 'letter') ?? '';
  assert.equal(
    statSync(join(base, 'whole', own)).mode & 0o777,
    0o600,
    'nobody else reads it so far',
  );
  part.finish({ mode: 0o755, mtimeMs: 1_700_000_000_000 });
  assert.equal(readFileSync(place, 'utf8'), 'dear ana');
  const { mode, mtimeMs } = statSync(place);
  assert.deepEqual([mode & 0o777, mtimeMs], [0o755, 1_700_000_000_000]);
  assert.deepEqual(readdirSync(join(base, 'whole')), ['letter']);
});

test('two that are written at once in one folder do not mix, and no synced folder takes them', () => {
  const at = folder('two');
  const [one, two] = [new PartFile(join(at, 'one')), new PartFile(join(at, 'two'))];
  const names = readdirSync(at);
  assert.equal(names.length, 2);
  assert.ok(names.every((name) => name.endsWith('.part')));
  one.write(Buffer.from('first'));
  two.write(Buffer.from('2'));
  one.finish({ mode: 0o644, mtimeMs: null });
  two.finish({ mode: 0o644, mtimeMs: null });
  assert.equal(readFileSync(join(at, 'one'), 'utf8'), 'first');
  assert.equal(readFileSync(join(at, 'two'), 'utf8'), '2');
});

test('one that cannot have its place is dropped, and closes no other file', () => {
  const at = folder('taken');
  mkdirSync(join(at, 'letter'));
  const part = new PartFile(join(at, 'letter'));
  part.write(Buffer.from('dear'));
  assert.throws(() => part.finish({ mode: 0o644, mtimeMs: null }), { code: 'EISDIR' });
  // It gets the number that the part file had.
  const other = openSync(join(at, 'other'), 'w');
  part.drop();
  writeFileSync(other, 'still open');
  closeSync(other);
  assert.deepEqual(readdirSync(at).toSorted(), ['letter', 'other']);
});
