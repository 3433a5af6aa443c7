import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { STALL_TEXTS } from './engine-stall-texts.ts';

const page = readFileSync(new URL('../../docs/engine.md', import.meta.url), 'utf8');

test('each stall says what is the matter and what to do, as docs/engine.md has it', () => {
  const table = page.slice(page.indexOf('## 10'), page.indexOf('## 11'));
  const rows = Object.entries(STALL_TEXTS).map(
    ([reason, { message, hint, needsPerson }]) =>
      `| \`${reason}\` | ${message} | ${hint} | ${needsPerson ? 'yes' : ''} |`,
  );
  const written = table.split('\n').filter((line) => line.startsWith('| `'));
  assert.deepEqual(
    written.map((line) => line.replace(/\| {2}\|$/, '|  |')),
    rows,
  );
});

test('whoever has to act has something to do, and an empty hand is explained', () => {
  for (const [reason, { hint, needsPerson, actions }] of Object.entries(STALL_TEXTS)) {
    assert.match(hint, /^['A-Z].*\S[.\d]$/, reason);
    if (needsPerson) assert.ok(actions.length > 0, reason);
    if (actions.length === 0) assert.match(hint, /nothing to do|does not|syncs/i, reason);
  }
});
