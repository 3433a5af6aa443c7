import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EDITORS, simTestDisk } from '@coffer/native-worker/testing';
import { isBuiltInIgnored } from './ignored.ts';
import { keepsBackup } from './saving.ts';

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
