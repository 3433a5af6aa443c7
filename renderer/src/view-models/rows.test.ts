/** The lists of a page: transfers, quota, conflicts, held deletions, stalls, activity, pairs. */
import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import type { HeldListing } from '@coffer/native-worker/contract';
import { NOW_MS, aPair, english, french } from '../testing/builders.ts';
import { activityDays } from './activity-days.ts';
import { conflictRows } from './conflict-rows.ts';
import { type FailureArea, failureText } from './failure-text.ts';
import { flowAfter, secondsLeft, wholeMinute, type FlowSample } from './flow.ts';
import { changesFor, folderRows, type FolderTree } from './folder-tree.ts';
import { heldRows } from './held-rows.ts';
import { pairRows } from './pair-rows.ts';
import { msUntilMorning } from './pause-times.ts';
import { quotaGauge } from './quota-gauge.ts';
import { stallRows } from './stall-rows.ts';
import { timeLeftText } from './time-left.ts';
import { transferRows } from './transfer-rows.ts';

const context = { words: english, nowMs: NOW_MS };

describe('a transfer', () => {
  const transfer = {
    id: 't',
    path: '/Documents/Thèse/film.mp4',
    direction: 'up',
    bytesDone: 4_200_000,
    bytesTotal: 9_800_000,
    bytesPerSecond: 1_300_000,
    etaSeconds: 4.3,
  } as const;

  test('shows share, amount in one unit, speed and time left', () => {
    assert.deepEqual(transferRows([transfer], english), [
      {
        id: 't',
        name: 'film.mp4',
        kind: 'video',
        direction: 'up',
        isPaused: false,
        share: 3 / 7,
        percent: '42%',
        amount: '4.2 of 9.8 MB',
        pace: '1.3 MB/s, 5\u00a0s',
        spoken: '42%, 4.2 of 9.8 MB',
      },
    ]);
  });

  test('that a person holds back says so instead of a speed', () => {
    const [row] = transferRows([{ ...transfer, paused: true }], english);
    assert.deepEqual([row?.isPaused, row?.pace], [true, 'Paused']);
  });

  test('of an empty file divides by nothing and shows no pace', () => {
    const [row] = transferRows(
      [{ ...transfer, bytesDone: 0, bytesTotal: 0, bytesPerSecond: 0 }],
      english,
    );
    assert.deepEqual([row?.share, row?.pace], [0, '']);
  });

  test('never shows 100 % before it is through', () => {
    const [row] = transferRows([{ ...transfer, bytesDone: 9_799_999 }], english);
    assert.equal(row?.percent, '99%');
  });
});

describe('the time left', () => {
  test('goes from seconds over minutes to hours, then is not said', () => {
    assert.deepEqual(
      [0.2, 11, 59.1, 60, 119, 3600, 10_800, 200_000].map((seconds) =>
        timeLeftText(seconds, english),
      ),
      [
        '1\u00a0s',
        '11\u00a0s',
        '60\u00a0s',
        'about 1 minute',
        'about 2 minutes',
        'about 1 hour',
        'about 3 hours',
        '',
      ],
    );
  });

  const steady = (up: number, length: number): readonly FlowSample[] =>
    Array.from({ length }, () => ({ up, down: 0 }));

  test('is known after five steady seconds, not before', () => {
    assert.equal(secondsLeft(steady(100, 4), 1000), null);
    assert.equal(secondsLeft(steady(100, 5), 1000), 10);
  });

  test('is not said while the speed swings by more than half', () => {
    assert.equal(secondsLeft([...steady(100, 7), ...steady(400, 3)], 1000), null);
  });

  test('begins anew after a standstill', () => {
    assert.equal(
      secondsLeft([...steady(100, 20), { up: 0, down: 0 }, ...steady(100, 2)], 1000),
      null,
    );
  });

  test('the history keeps one minute, and is drawn as one', () => {
    let history: readonly FlowSample[] = [];
    for (let i = 0; i < 70; i++) history = flowAfter(history, { up: i, down: 0 });
    assert.deepEqual([history.length, history[0]?.up], [60, 10]);
    assert.equal(wholeMinute(history.slice(-5)).length, 60);
  });
});

describe('the quota', () => {
  const of = (usedBytes: number, totalBytes: number | null) =>
    quotaGauge({ usedBytes, totalBytes, transferUsedBytes: 0, transferTotalBytes: null }, english);

  test('warns from 80, 95 and 100 %', () => {
    assert.deepEqual(
      [0, 79.9, 80, 94.9, 95, 99.9, 100, 130].map((percent) => of(percent * 1e9, 100e9).level),
      ['calm', 'calm', 'near', 'near', 'tight', 'tight', 'full', 'full'],
    );
  });

  test('says what is left, and nothing while there is enough', () => {
    assert.equal(of(31.4e9, 50e9).text, '31.4 GB of 50 GB');
    assert.equal(of(31.4e9, 50e9).warning, '');
    assert.match(of(48e9, 50e9).warning, /^Only 2 GB left/);
  });

  test('without a limit it has a size and no warning', () => {
    assert.deepEqual(of(31.4e9, null), {
      share: 0,
      level: 'calm',
      text: '31.4 GB used, no limit',
      warning: '',
    });
  });
});

test('a conflict names both sides: the copy by its device, the other by its name', () => {
  const conflict = {
    path: '/D/plan.ods',
    copy: '/D/plan (conflict ThinkPad 2026-11-20 13-57-02).ods',
    id: 'c',
    device: 'd2',
    at: '2026-11-20T13:57:02Z',
    sizes: { mine: 51_000, theirs: 48_000 },
  };
  const sides = (device: string) =>
    conflictRows([conflict], { ...context, device })[0]?.sides.map(({ title, detail }) => [
      title,
      detail,
    ]);
  assert.deepEqual(sides('d1'), [
    ['ThinkPad', '13:57, 51 kB'],
    ['Kept its name', '48 kB'],
  ]);
  assert.equal(sides('d2')?.[0]?.[0], 'This computer');
});

test('held deletions ask by where they happened, and list what they would delete', () => {
  const held: HeldListing = {
    id: 'h',
    local: '/home/me/Archives',
    side: 'remote',
    count: 1284,
    of: 1588,
    createdAt: '2026-11-20T14:20:00Z',
    paths: ['/Archives/A/1', '/Archives/A/2', '/Archives/B/3'],
  };
  const [here, there] = heldRows([held, { ...held, side: 'local', count: 1 }], context);
  assert.equal(here?.title, '1,284 files disappeared from Archives. Did you delete them?');
  assert.deepEqual(here?.groups, [
    { name: 'A', count: 2 },
    { name: 'B', count: 1 },
  ]);
  assert.equal(here?.more, 'and 1,281 more');
  assert.equal(
    there?.title,
    'One file of Archives was deleted on another device. Delete it here too?',
  );
  assert.equal(there?.approve, 'Delete here too');
});

test('stalls are told in the person’s language, those that need one first', () => {
  const stall = {
    path: '/home/me/D/x.txt',
    since: '2026-11-20T14:20:00Z',
    message: 'said by the engine',
    hint: 'Do this.',
    actions: ['retry', 'novel'],
  };
  const rows = stallRows(
    [
      { ...stall, reason: 'FileBusy', needsPerson: false },
      { ...stall, reason: 'Novelty', needsPerson: true },
    ],
    french,
  );
  assert.deepEqual(
    rows.map(({ text, actions }) => [text, actions.map((action) => action.text)]),
    [
      ['said by the engine', ['Réessayer', 'novel']],
      ['Un autre programme tient ce fichier', ['Réessayer', 'novel']],
    ],
  );
});

test('activity is grouped by the days of a calendar', () => {
  const at = (time: string) => ({ at: time, op: 'upload', path: 'a.txt', device: 'd' });
  const times = [
    '2026-11-20T00:01:00Z',
    '2026-11-19T23:59:00Z',
    '2026-11-01T10:00:00Z',
    '2025-11-20T10:00:00Z',
  ];
  const days = activityDays(times.map(at), { ...context, limit: 9 });
  assert.deepEqual(
    days.map(({ heading }) => heading),
    ['Today', 'Yesterday', '1 Nov', '20 Nov 2025'],
  );
});

test('a deletion whose name is not known is still told', () => {
  const [day] = activityDays(
    [{ at: '2026-11-20T10:00:00Z', op: 'delete', path: '', device: 'd' }],
    {
      ...context,
      limit: 1,
    },
  );
  assert.equal(day?.rows[0]?.name, 'A file');
});

test('a pair says what it waits for before what it does', () => {
  const listing = { ...aPair(), excluded: [] };
  const text = (over: Parameters<typeof aPair>[0]) =>
    pairRows([listing], [aPair(over)], english)[0]?.text;
  assert.equal(text({}), 'In place');
  assert.equal(text({ conflicts: 2, held: 1284 }), '3 things to decide');
  assert.equal(
    text({ state: 'attention', reason: 'RootMissing', stalls: 1 }),
    'The synced folder is not there. Nothing was deleted',
  );
  assert.equal(text({ state: 'paused', conflicts: 1 }), 'Paused');
});

test('the tree of folders shows what is left out, and tells the engine only of changes', () => {
  const folder = (path: string) => ({
    name: path.slice(path.lastIndexOf('/') + 1),
    path,
    bytes: 1000,
  });
  const tree: FolderTree = {
    root: '/D',
    childrenByPath: new Map([
      ['/D', [folder('/D/a'), folder('/D/b')]],
      ['/D/a', [folder('/D/a/x'), folder('/D/a/y')]],
    ]),
    open: new Set(['/D/a', '/D/b']),
    excluded: new Set(['/D/a/x', '/D/b']),
  };
  assert.deepEqual(
    folderRows(tree, english).map(({ id, check, level, canOpen }) => [id, check, level, canOpen]),
    [
      ['/D/a', 'mixed', 1, true],
      ['/D/a/x', 'off', 2, false],
      ['/D/a/y', 'on', 2, true],
      ['/D/b', 'off', 1, false],
    ],
  );
  assert.deepEqual(changesFor(tree, '/D/a', true), { include: ['/D/a/x'], exclude: [] });
  assert.deepEqual(changesFor(tree, '/D/a', false), { include: [], exclude: ['/D/a'] });
});

test('a failure this page does not know keeps the words that came with it', () => {
  assert.equal(
    failureText({ code: 'novel', message: 'the disk sings', hint: 'Listen.' }, english),
    'The disk sings. Listen.',
  );
  assert.match(failureText({ code: 'novel', message: '', hint: '' }, english), /^It did not work/);
  assert.match(
    failureText({ code: 'network', message: 'x', hint: 'y' }, french),
    /^Rien n’a changé/,
  );
});

test('a failure is told by the first area that has a text of its own for it', () => {
  const told = (code: string, ...areas: FailureArea[]) =>
    failureText({ code, message: 'x', hint: 'y' }, english, ...areas);
  assert.match(told('network', 'password', 'proof'), /^No answer came/);
  assert.match(told('wrong-password', 'password', 'proof'), /the password is wrong\. Try again/);
  assert.equal(told('locked', 'password', 'proof'), told('locked'));
});

test('until tomorrow morning is until 8 of the next day, at any hour', () => {
  const hours = (text: string) => msUntilMorning(new Date(text)) / 3_600_000;
  assert.equal(hours('2026-11-20T20:00:00'), 12);
  assert.equal(hours('2026-11-20T07:59:00') > 24, true);
});
