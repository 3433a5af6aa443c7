import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EDITORS, simTestDisk } from '@coffer/native-worker/testing';
import { isBuiltInIgnored } from './ignored.ts';
import { Choices } from './choices.ts';
import { keepsBackup, saveSlowly, TEMPORARY } from './saving.ts';

for (const editor of EDITORS)
  test(`${editor.name}: what was in the file is known to be kept beside it, or to be gone`, () => {
    const { user, root, fileSystem } = simTestDisk();
    user.write(`${root}/f`, 'old');
    for (const step of editor.steps(user, `${root}/f`, 'new', 'unique')) step();
    const contents = fileSystem
      .readFolder(root)
      .map(String)
      .filter((name) => !isBuiltInIgnored(name))
      .map((name) => Buffer.from(user.read(`${root}/${name}`)).toString());
    assert.ok(contents.includes('new'));
    assert.equal(contents.includes('old'), keepsBackup(editor));
  });

test('what a save leaves in a temporary alone is told apart from what it took away', async () => {
  const files = new Map([
    ['f', 'theirs'],
    ['g', 'kept'],
    ['g-does-1A.tmp', 'kept'],
    ['other-does-2A.tmp', 'theirs'],
    ['own-does-3A.tmp', 'gone'],
    ['h', 'single'],
  ]);
  const isLasting = ([name]: [string, string]): boolean => !TEMPORARY.test(name);
  const outcome = await saveSlowly(
    {
      key: 'save',
      path: 'f',
      content: 'mine',
      steps: [
        () => files.delete('own-does-3A.tmp'),
        () => files.set('f', 'mine'),
        () => files.delete('h'),
      ],
      read: () => files.get('f'),
      contents: () => [...files.values()],
      lasting: () => [...files].filter(isLasting).map(([, content]) => content),
    },
    () => Promise.resolve(true),
    new Choices(1),
  );
  assert.deepEqual(outcome, { isDone: true, taken: ['gone', 'single'], left: ['theirs'] });
});
