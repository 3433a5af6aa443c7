/** A folder as it was at a moment. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { Drive, EditProgress, Moment, Rewound } from '@coffer/sdk';
import { honest, paths, putText, readText, signal, World } from './harness.ts';

async function rewind(drive: Drive, path: string, moment: Moment): Promise<Rewound> {
  const rewound = await drive.edit.rewind(path, moment, signal);
  if (!rewound.ok) throw new Error(rewound.error.code);
  return rewound.value;
}

async function contentsOf(drive: Drive): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {};
  const listed = drive.list('/', { recursive: true });
  assert.ok(listed.ok);
  for (const { path, node } of listed.value.entries) {
    found[path] = node.kind === 'file' ? await readText(drive, path) : node.kind;
  }
  return found;
}

test('what was deleted, moved, renamed, written and added since is undone', async () => {
  await using world = await World.create('laptop', 'desk');
  const [{ drive }, desk] = world.pair;
  for (const name of ['a', 'b', 'sub/c', 'sub/d', 'sub/inner/e']) {
    await putText(drive, `/f/${name}`, `${name} then`);
  }
  await putText(drive, '/outside', 'outside');
  const before = await contentsOf(drive);
  world.clock.time += 60_000;
  const { time } = world.clock;
  world.clock.time += 60_000;
  await putText(drive, '/f/a', 'a now');
  await drive.edit.move('/f/b', '/f/sub/b2', signal);
  await drive.edit.move('/f/sub/inner', '/f/out', signal);
  await drive.edit.trash('/f/sub/c', signal);
  await putText(drive, '/f/sub/c', 'another c');
  await drive.edit.move('/f/sub', '/moved', signal);
  await drive.edit.trash('/moved', signal);
  await putText(drive, '/f/new/x', 'x');
  await drive.edit.move('/outside', '/f/outside', signal);
  const preview = await drive.edit.previewRewind('/f', { time }, signal);
  assert.ok(preview.ok);
  const steps = preview.value.steps.map(({ op, path, to }) => [op, path, to].join(' ').trim());
  assert.deepEqual(steps.toSorted(), [
    'move /f/out /f/sub/inner',
    'move /f/outside /outside',
    'restore /f/b',
    'restore /f/sub',
    'restore /f/sub/c',
    'trash /f/new',
    'trash /f/sub/c',
    'write /f/a',
  ]);
  const rewound = await rewind(drive, '/f', { time });
  assert.deepEqual(rewound.failed, []);
  assert.equal(preview.value.seq, rewound.seq);
  assert.deepEqual(await contentsOf(drive), before);
  await desk.drive.refresh(signal);
  assert.deepEqual(await contentsOf(desk.drive), before);
  assert.equal(await readText(drive, '/f/a', 2), 'a now', 'what was there stays as a version');
  const again = await rewind(drive, '/f', { time });
  assert.deepEqual([again.changed, again.failed], [0, []]);
});

test('rewinding can be rewound, and other folders stay', async () => {
  await using world = await World.create('laptop');
  const [{ drive }] = world.pair;
  await putText(drive, '/f/a', 'one');
  await putText(drive, '/g/a', 'g one');
  const first = drive.space.head();
  await drive.edit.move('/f/a', '/f/b', signal);
  await putText(drive, '/f/a', 'two');
  await putText(drive, '/g/a', 'g two');
  const second = drive.space.head();
  await rewind(drive, '/f', first);
  assert.deepEqual(await contentsOf(drive), {
    '/f': 'folder',
    '/f/a': 'one',
    '/g': 'folder',
    '/g/a': 'g two',
  });
  await rewind(drive, '/f', second);
  assert.equal(await readText(drive, '/f/a'), 'two');
  assert.equal(await readText(drive, '/f/b'), 'one');
});

test('names that changed places go back to theirs', async () => {
  await using world = await World.create('laptop');
  const [{ drive }] = world.pair;
  await putText(drive, '/a', 'a');
  await putText(drive, '/b', 'b');
  const moment = drive.space.head();
  await drive.edit.move('/a', '/c', signal);
  await drive.edit.move('/b', '/a', signal);
  await drive.edit.move('/c', '/b', signal);
  assert.equal(await readText(drive, '/a'), 'b');
  await rewind(drive, '/', moment);
  assert.deepEqual(await contentsOf(drive), { '/a': 'a', '/b': 'b' });
});

test('what was removed for ever is named, and its folders are made anew', async () => {
  await using world = await World.create('laptop');
  const [{ drive }] = world.pair;
  await putText(drive, '/f/deep/a', 'a');
  await putText(drive, '/f/b', 'b');
  const moment = drive.space.head();
  await drive.edit.move('/f/b', '/b', signal);
  await drive.edit.purge('/f/deep', signal);
  const { failed } = await rewind(drive, '/f', moment);
  assert.deepEqual(failed, [{ path: '/deep/a', why: 'gone' }]);
  assert.deepEqual(paths(drive), ['/f', '/f/b', '/f/deep']);
});

test('a folder that was not there, and what is no folder, is refused', async () => {
  await using world = await World.create('laptop');
  const [{ drive }] = world.pair;
  await putText(drive, '/f/a', 'a');
  const codeOf = async (path: string, moment: Moment): Promise<string> => {
    const rewound = await drive.edit.rewind(path, moment, signal);
    return rewound.ok ? 'ok' : rewound.error.code;
  };
  assert.equal(await codeOf('/f', { seq: 1 }), 'not-found');
  assert.equal(await codeOf('/f', { time: 0 }), 'not-found');
  assert.equal(await codeOf('/f/a', { seq: 2 }), 'not-a-folder');
  assert.equal(await codeOf('/x', { seq: 2 }), 'not-found');
  assert.equal(await codeOf('/f', { seq: 99 }), 'ok');
});

test('a history that is not the one that was verified changes nothing', async () => {
  await using world = await World.create('laptop');
  const [laptop] = world.pair;
  const { drive } = laptop;
  await putText(drive, '/a', 'one');
  const moment = drive.space.head();
  await putText(drive, '/a', 'two');
  laptop.answer = ({ request, body }) =>
    request.path.includes('/commits?from=1') ? flipLast(body) : body;
  await assert.rejects(drive.edit.rewind('/', moment, signal), { name: 'IntegrityError' });
  laptop.answer = honest;
  assert.equal(await readText(drive, '/a'), 'two');
});

/** The last commit's body, a bit of it. */
function flipLast(body: Uint8Array): Uint8Array {
  const flipped = new Uint8Array(body);
  // Within the first commits' records: their digests no longer hold.
  flipped[600] = (flipped[600] ?? 0) ^ 1;
  return flipped;
}

test('a rewind tells how much of the history came, and how many changes were made', async () => {
  await using world = await World.create('laptop');
  const [{ drive }] = world.pair;
  for (const name of ['a', 'b']) await putText(drive, `/f/${name}`, 'then');
  const { seq } = drive.space.storedHead();
  await putText(drive, '/f/a', 'now');
  await drive.edit.trash('/f/b', signal);
  const told: string[] = [];
  const tell = ({ step, done, total }: EditProgress): void =>
    void told.push(`${step} ${done} of ${total ?? '?'}`);
  const rewound = await drive.edit.rewind('/f', { seq }, signal, tell);
  assert.ok(rewound.ok);
  const now = seq + 2;
  assert.deepEqual(told.slice(0, 2), [`history ${now} of ${now}`, 'changes 0 of 1']);
  assert.ok(told.includes('changes 1 of 2'), told.join(', '));
});
