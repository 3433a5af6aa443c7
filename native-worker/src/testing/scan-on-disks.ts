/** Tests of the scanner that hold on a simulated disk and on a real one. */
import { afterEach, describe } from 'node:test';
import type { DiskUser } from './disk-user.ts';
import { realTestDisk, simTestDisk, type TestDisk } from './test-disk.ts';
import { TestScan } from './test-scan.ts';

const DISKS: Readonly<Record<string, () => TestDisk>> = {
  simulated: () => simTestDisk(),
  real: () => realTestDisk(),
};

interface FreshScan {
  readonly scan: TestScan;
  readonly user: DiskUser;
  /** The absolute path of one relative to the root. */
  readonly at: (path: string) => string;
}

/** `fresh` makes the disk of a test, empty; it is taken away after the test. */
export function scannerOnDisks(define: (fresh: () => FreshScan) => void): void {
  for (const [name, makeDisk] of Object.entries(DISKS)) {
    describe(`scanner on a ${name} disk`, () => {
      let disk: TestDisk | undefined;
      afterEach(() => disk?.dispose());
      define(() => {
        disk = makeDisk();
        const scan = new TestScan(disk);
        return { scan, user: disk.user, at: (path) => scan.at(path) };
      });
    });
  }
}
