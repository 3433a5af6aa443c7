import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simTestDisk } from '@coffer/native-worker/testing';
import { Choices } from './choices.ts';
import { IGNORE_FILE, IGNORE_PATTERN, isHidden } from './ignored.ts';
import { Person } from './person.ts';

const RULES = `# of a person\n${IGNORE_PATTERN}\n`;

test('a rule hides what has such a name, or is below it, in its folder and below', () => {
  const hidden = (path: string, at: string, rules = RULES): boolean =>
    isHidden(path, '/r', (file) => (file === `${at}/${IGNORE_FILE}` ? rules : undefined));
  assert.ok(hidden('/r/a.scratch', '/r'));
  assert.ok(hidden('/r/f/a.scratch/g/b', '/r'));
  assert.ok(hidden('/r/f/a.scratch', '/r/f'));
  assert.ok(!hidden('/r/a.scratch/b', '/r/a.scratch'), 'a folder is not hidden by what it holds');
  assert.ok(!hidden('/r/a.scratch', '/r/f'));
  assert.ok(!hidden('/r/a', '/r'));
  assert.ok(!hidden("/r/a.scratch'", '/r'));
  assert.ok(!hidden('/r/a.scratch', '/r', 'a content without rules'));
  assert.ok(!hidden('/r.scratch/a', '/r.scratch'), 'the root has a name of its own');
});

test('what a person deletes is deleted on all devices, but for what a rule hides', () => {
  const deletions = (rules: string | undefined): readonly (readonly string[])[] => {
    const deeds = Array.from({ length: 60 }, (_, n) => {
      const { sim, user, root, clock } = simTestDisk();
      assert.ok(sim !== undefined);
      const person = new Person('laptop', sim, user, root, new Choices(1), clock.now);
      if (rules !== undefined) user.write(`${root}/${IGNORE_FILE}`, rules);
      user.folder(`${root}/f`);
      user.write(`${root}/f/a`, 'visible');
      user.write(`${root}/f/a.scratch`, 'hidden');
      return person.act(n);
    });
    const going = deeds.flatMap((deed) =>
      deed?.text.endsWith('/f') === true && deed.text.startsWith('delete') ? [deed] : [],
    );
    assert.ok(going.length > 0);
    for (const { gaveUp } of going) assert.deepEqual([...gaveUp].sort(), ['hidden', 'visible']);
    return going.map(({ deleted }) => [...deleted].sort());
  };
  for (const each of deletions(RULES)) assert.deepEqual(each, ['visible']);
  for (const each of deletions(undefined)) assert.deepEqual(each, ['hidden', 'visible']);
});
