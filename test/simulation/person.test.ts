import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simTestDisk } from '@coffer/native-worker/testing';
import { Choices } from './choices.ts';
import { Person } from './person.ts';

test('a deletion says where its person still has the same content, and of no other', () => {
  const said = new Set<string>();
  for (let n = 0; n < 120; n++) {
    const { sim, user, root, clock } = simTestDisk();
    assert.ok(sim !== undefined);
    const person = new Person('laptop', sim, user, root, new Choices(1), clock.now);
    user.folder(`${root}/f`);
    user.write(`${root}/a`, 'equal');
    user.write(`${root}/f/b`, 'equal');
    user.write(`${root}/f/c`, 'other');
    const deed = person.act(n);
    if (deed?.text.startsWith('delete ') === true)
      said.add(`${deed.text.slice(`delete ${root}`.length)}: ${[...deed.still].flat().join()}`);
  }
  assert.deepEqual([...said].sort(), [
    '/a: /f/b,equal',
    '/f/b: /a,equal',
    '/f/c: ',
    '/f: /a,equal',
  ]);
});
