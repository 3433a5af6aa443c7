import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { EDITORS } from '../testing/editors.ts';
import { realTestDisk, simTestDisk, type TestDisk } from '../testing/test-disk.ts';
import { TestScan } from '../testing/test-scan.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const DISKS: Readonly<Record<string, () => { disk: TestDisk; birthtime: boolean }>> = {
  simulated: () => ({ disk: simTestDisk(), birthtime: true }),
  'simulated without birth times': () => ({
    disk: simTestDisk({ birthTimes: false }),
    birthtime: false,
  }),
};

/** One row at the slot, with the same id as before; the row was never gone on the way. */
function keepsItsNode(options: {
  readonly scan: TestScan;
  readonly steps: readonly (() => void)[];
  readonly lookAfter: number;
  readonly gapMs: number;
  readonly content: string;
}): void {
  const { scan, steps, lookAfter, gapMs, content } = options;
  const id = scan.id('d/f.docx');
  for (const [index, step] of steps.entries()) {
    step();
    if (index !== lookAfter) continue;
    scan.settleHinted(['d'], gapMs);
    scan.disk.clock.advance(gapMs);
    assert.notEqual(scan.stateOf(id), 'gone', `gone after step ${index}`);
  }
  scan.settleHinted(['d'], 10_000);
  assert.equal(scan.id('d/f.docx'), id);
  assert.equal(scan.tree.byId(id)?.sha256, sha256(content));
  assert.equal(scan.stateOf(id), 'seen');
}

for (const [diskName, makeDisk] of Object.entries(DISKS)) {
  describe(`editors on a ${diskName} disk`, () => {
    for (const editor of EDITORS) {
      test(`a save keeps the node, whenever a scan looks: ${editor.name}`, () => {
        const { disk, birthtime } = makeDisk();
        try {
          const scan = new TestScan(disk, { birthtime });
          disk.user.folder(scan.at('d'));
          disk.user.write(scan.at('d/f.docx'), 'first');
          disk.user.write(scan.at('d/other'), 'other');
          scan.synced();
          const other = scan.id('d/other');
          const count = editor.steps(disk.user, scan.at('d/f.docx'), '', '').length;
          for (let lookAfter = -1; lookAfter < count; lookAfter++) {
            disk.clock.advance(30_000);
            const content = `${editor.name} ${lookAfter}`;
            const steps = editor.steps(
              disk.user,
              scan.at('d/f.docx'),
              content,
              `U${lookAfter + 1}`,
            );
            // Office leaves the slot empty for up to 3 s.
            keepsItsNode({ scan, steps, lookAfter, gapMs: 3000, content });
            scan.tree.pairAll();
          }
          assert.equal(scan.id('d/other'), other);
        } finally {
          disk.dispose();
        }
      });
    }
  });
}

describe('editors on a real disk', () => {
  for (const editor of EDITORS) {
    const steps = editor.steps(simTestDisk().user, '', '', '').length;
    for (let lookAfter = -1; lookAfter < steps; lookAfter++) {
      test(`a save keeps the node, with a look after step ${lookAfter}: ${editor.name}`, () => {
        // The system gives the times: they are recent only while the clock was hardly moved.
        const disk = realTestDisk();
        try {
          const scan = new TestScan(disk);
          disk.user.folder(scan.at('d'));
          disk.user.write(scan.at('d/f.docx'), 'first');
          scan.synced();
          const steps = editor.steps(disk.user, scan.at('d/f.docx'), 'second', 'U');
          keepsItsNode({ scan, steps, lookAfter, gapMs: 0, content: 'second' });
        } finally {
          disk.dispose();
        }
      });
    }
  }
});

describe('slots that editors empty', () => {
  test('a file deleted a second after any other change is gone at once', () => {
    const disk = simTestDisk();
    const scan = new TestScan(disk);
    disk.user.write(scan.at('f'), 'x');
    disk.user.write(scan.at('g'), 'y');
    scan.synced();
    const id = scan.id('f');
    disk.clock.advance(1500);
    disk.user.remove(scan.at('f'));
    scan.look();
    assert.equal(scan.stateOf(id), 'gone');
  });

  test('an empty slot beside a file made less than 1 s ago waits 4 s', () => {
    const disk = simTestDisk();
    const scan = new TestScan(disk);
    disk.user.write(scan.at('f'), 'x');
    scan.synced();
    const id = scan.id('f');
    disk.clock.advance(10_000);
    disk.user.write(scan.at('new'), 'y');
    disk.user.remove(scan.at('f'));
    scan.look();
    scan.settleHinted([], 3900);
    assert.equal(scan.stateOf(id), 'seen');
    scan.settleHinted([], 4100);
    assert.equal(scan.stateOf(id), 'gone');
  });

  test('a rename to a backup name that is never undone moves the node after 4 s', () => {
    const disk = simTestDisk();
    const scan = new TestScan(disk);
    disk.user.write(scan.at('f'), 'x');
    scan.synced();
    const id = scan.id('f');
    disk.user.rename(scan.at('f'), scan.at('f.bak'));
    scan.look();
    scan.settleHinted([], 3500);
    assert.deepEqual(scan.ids(), { f: id });
    scan.settleHinted([], 4000);
    assert.deepEqual(scan.ids(), { 'f.bak': id });
  });

  test('a file at a backup name keeps its node when another synced one moves to its old name', () => {
    const disk = simTestDisk();
    const scan = new TestScan(disk);
    disk.user.write(scan.at('f'), 'x');
    disk.user.write(scan.at('g'), 'y');
    scan.synced();
    const { f, g } = scan.ids();
    disk.user.rename(scan.at('f'), scan.at('f.bak'));
    disk.user.write(scan.at('f'), 'edited');
    disk.user.rename(scan.at('g'), scan.at('aside'));
    disk.user.rename(scan.at('f'), scan.at('g'));
    disk.user.rename(scan.at('aside'), scan.at('f'));
    scan.settle(10_000);
    assert.deepEqual(scan.ids(), { f: g, 'f.bak': f, g: scan.id('g') });
  });

  for (const birthtime of [true, false]) {
    test(`so it does when a folder is made there, with birth times: ${birthtime}`, () => {
      const disk = simTestDisk({ birthTimes: birthtime });
      const scan = new TestScan(disk, { birthtime });
      disk.user.write(scan.at('f'), 'x');
      scan.synced();
      const id = scan.id('f');
      disk.user.rename(scan.at('f'), scan.at('f.bak'));
      disk.user.folder(scan.at('f'));
      scan.settle(10_000);
      assert.equal(scan.id('f.bak'), id);
      assert.notEqual(scan.id('f'), id);
    });
  }

  test('a save keeps a row that stands in another form of its name on a normalising disk', () => {
    const disk = simTestDisk({ normalising: true });
    const scan = new TestScan(disk, { normalising: true });
    disk.user.write(scan.at('\u00c4rger'), 'x');
    scan.synced();
    const row = scan.tree.byId(scan.id('A\u0308rger'));
    assert.ok(row !== undefined);
    // As a rename by the engine leaves it: in the form of the drive.
    scan.tree.upsert({ ...row, name: '\u00c4rger' });
    disk.clock.advance(30_000);
    disk.user.write(scan.at('beside'), 'y');
    disk.user.rename(scan.at('beside'), scan.at('\u00c4rger'));
    scan.settle(10_000);
    assert.deepEqual(Object.values(scan.ids()), [row.id]);
    assert.equal(scan.tree.byId(row.id)?.sha256, sha256('y'));
  });
});
