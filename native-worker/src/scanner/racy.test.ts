import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { simTestDisk } from '../testing/test-disk.ts';
import { TestScan } from '../testing/test-scan.ts';
import { provenCtimeNs } from './racy.ts';

const COARSE = 2_000_000_000n;

describe('times that are too coarse', () => {
  test('a ctime counts when a tick of the root is over, and at once where ticks are short', () => {
    const ctimeNs = 1_000_000_000_000n;
    const at = (ms: number, granNs: bigint): bigint => provenCtimeNs({ ctimeNs }, ms, granNs);
    assert.equal(at(1_000_000, 1n), ctimeNs);
    assert.equal(at(1_000_000, COARSE), 0n);
    assert.equal(at(1_002_000, COARSE), 0n);
    assert.equal(at(1_002_001, COARSE), ctimeNs);
    // A clock that was set back by hours says nothing of ticks.
    assert.equal(at(0, COARSE), ctimeNs);
  });

  test('a link is read once its tick is over, not before', () => {
    const disk = simTestDisk({ mtimeGranNs: COARSE });
    const scan = new TestScan(disk, { mtimeGranNs: COARSE });
    disk.user.symlink('one', scan.at('link'));
    scan.synced();
    disk.clock.advance(60_000);
    disk.user.remove(scan.at('link'));
    disk.user.symlink('two', scan.at('link'));
    disk.clock.advance(300);
    scan.look();
    disk.user.remove(scan.at('link'));
    disk.user.symlink('three', scan.at('link'));
    scan.settle();
    const row = scan.tree.byId(scan.id('link'));
    assert.equal(row?.target, 'three');
    assert.equal(row.ctimeNs, disk.sim?.programs.lstat(scan.at('link'))?.ctimeNs);
  });
});

test('a link that is exchanged while it is read is not known by the text of the other one', () => {
  const disk = simTestDisk();
  const { sim, user } = disk;
  assert.ok(sim !== undefined);
  const scan = new TestScan(disk);
  const link = scan.at('link');
  user.symlink('one', link);
  sim.writeBack(0);
  let isExchanged = false;
  const fileSystem = sim.open((phase, { kind }) => {
    if (phase === 'after' || kind !== 'readLink' || isExchanged) return undefined;
    isExchanged = true;
    user.remove(link);
    user.symlink('two', link);
    return undefined;
  });
  disk.clock.advance(10_000);
  const raced = new TestScan({ ...disk, fileSystem }, {}, { tree: scan.tree });
  raced.pass();
  assert.ok(isExchanged);
  // A power cut brings the first one back, as it was.
  sim.crash();
  const again = new TestScan({ ...disk, fileSystem: sim.open() }, {}, { tree: scan.tree });
  again.settle();
  assert.equal(scan.tree.byId(scan.id('link'))?.target, 'one');
});
