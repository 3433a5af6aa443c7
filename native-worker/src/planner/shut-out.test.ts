/** A node whose place here an ignored entry has stays on the drive alone (engine §8). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Scenario } from './testing/scenario.ts';

/** An ignored entry at `path`, which was no node before. */
function ignored(s: Scenario, path: string): void {
  s.local.create(path, 'mine');
  const row = s.pair.local.get(s.local.id(path.replace(/\/$/, '')));
  if (row !== undefined) s.pair.local.put({ ...row, state: 'detached' });
}

describe('a node that was moved to where an ignored entry is here', () => {
  test('goes from here and leaves its name to what comes there', () => {
    const s = new Scenario({ rules: '1', g: 'g' });
    ignored(s, 'a.log');
    s.remote.move('rules', 'a.log').create('rules', '2');
    const { local, remote } = s.settle();
    assert.deepEqual(local, { g: 'g', rules: '2' });
    assert.deepEqual(remote, { g: 'g', rules: '2', 'a.log': '1' });
  });

  test('takes along what was edited in it here', () => {
    const s = new Scenario({ 'd/': '', 'd/f': '1', g: 'g' });
    ignored(s, 'build');
    s.remote.move('d', 'build');
    s.local.edit('d/f', '2').create('d/new', '3');
    const { local, remote } = s.settle();
    assert.deepEqual(local, { g: 'g' });
    assert.deepEqual(remote, { g: 'g', 'build/': '', 'build/f': '2', 'build/new': '3' });
  });

  test('lives where it was renamed to here at the same time', () => {
    const s = new Scenario({ f: '1', g: 'g' });
    ignored(s, 'a.log');
    s.remote.move('f', 'a.log');
    s.local.move('f', 'h');
    const { local, remote } = s.settle();
    assert.deepEqual(local, { g: 'g', h: '1' });
    assert.deepEqual(remote, { g: 'g', h: '1' });
  });
});

describe('a node that was moved into what is ignored here', () => {
  test('goes from here, and what comes to its name arrives', () => {
    const s = new Scenario({ 'd/': '', 'd/f': '1', 'e/': '', 'e/h': '2' });
    ignored(s, 'build/');
    s.remote.create('build/').create('build/deep/').move('d', 'build/deep/d').move('e', 'd');
    const { local, remote } = s.settle();
    assert.deepEqual(local, { 'd/': '', 'd/h': '2' });
    const moved = { 'build/': '', 'build/deep/': '', 'build/deep/d/': '', 'build/deep/d/f': '1' };
    assert.deepEqual(remote, { ...moved, 'd/': '', 'd/h': '2' });
  });

  test('takes along what was edited in it here', () => {
    const s = new Scenario({ 'd/': '', 'd/f': '1', g: 'g' });
    ignored(s, 'build/');
    s.remote.create('build/').move('d', 'build/d');
    s.local.edit('d/f', '2');
    const { local, remote } = s.settle();
    assert.deepEqual(local, { g: 'g' });
    assert.deepEqual(remote, { g: 'g', 'build/': '', 'build/d/': '', 'build/d/f': '2' });
  });

  test('lives where it was renamed to here at the same time', () => {
    const s = new Scenario({ 'd/': '', 'd/f': '1', g: 'g' });
    ignored(s, 'build/');
    s.remote.create('build/').move('d', 'build/d');
    s.local.move('d', 'h');
    const { local, remote } = s.settle();
    assert.deepEqual(local, { g: 'g', 'h/': '', 'h/f': '1' });
    assert.deepEqual(remote, { 'build/': '', g: 'g', 'h/': '', 'h/f': '1' });
  });

  test('leaves a folder that was synced before a rule ignored it', () => {
    const s = new Scenario({ 'build/': '', f: '1', g: 'g' });
    const row = s.pair.local.get(s.local.id('build'));
    if (row !== undefined) s.pair.local.put({ ...row, state: 'detached' });
    s.remote.move('f', 'build/f');
    assert.deepEqual(s.settle().local, { g: 'g' });
  });
});
