import assert from 'node:assert/strict';
import test from 'node:test';
import { lockRoot, unlockRoot } from './engine-lock.ts';
import type { EngineHost } from './engine-options.ts';
import type { FileSystem } from './ports/index.ts';
import { realTestDisk, simTestDisk, type TestDisk } from './testing/index.ts';

const BOOT = 'boot';
const DEAD = 1;
const LOCK = '.coffer/engine.lock';

/** Processes at one root; those that are not in `alive` are dead. */
class Contenders {
  readonly disk: TestDisk;
  readonly alive = new Set<number>();
  /** When they began, where the system says it. */
  readonly starts = new Map<number, string>();

  constructor(disk: TestDisk, left: string | undefined) {
    this.disk = disk;
    disk.user.folder(`${disk.root}/.coffer`);
    if (left !== undefined) disk.user.write(`${disk.root}/${LOCK}`, left);
    if (left?.includes('"start"') !== true) return;
    this.alive.add(DEAD); // A stranger has the id now.
    for (const pid of [DEAD, 2, 3, 4, 9]) this.starts.set(pid, `now ${pid}`);
  }

  host(pid: number): EngineHost {
    const own = this.starts.get(pid);
    return {
      pid,
      bootId: BOOT,
      ...(own === undefined ? {} : { start: own }),
      isAlive: (other, start) =>
        this.alive.has(other) && (start === undefined || start === this.starts.get(other)),
    };
  }

  /** Takes the lock; before each call of the disk `meanwhile` gets its number. */
  lock(pid: number, meanwhile: (call: number) => void = () => undefined): boolean {
    this.alive.add(pid);
    let calls = 0;
    return lockRoot(
      counted(this.disk.fileSystem, () => meanwhile(calls++)),
      this.disk.root,
      this.host(pid),
    );
  }

  unlock(pid: number): void {
    unlockRoot(this.disk.fileSystem, this.disk.root, this.host(pid));
  }

  names(): readonly string[] {
    return this.disk.fileSystem.readFolder(`${this.disk.root}/.coffer`).map(String);
  }
}

function readText(world: Contenders): string {
  return new TextDecoder().decode(world.disk.user.read(`${world.disk.root}/${LOCK}`));
}

function counted(fileSystem: FileSystem, before: () => void): FileSystem {
  return new Proxy(fileSystem, {
    get: (target, name: keyof FileSystem) => {
      const call = target[name] as (...given: unknown[]) => unknown;
      return (...given: unknown[]) => {
        before();
        return call(...given);
      };
    },
  });
}

/** What an owner leaves behind: its name, nothing, or the half of a file. */
const LEFT: readonly (string | undefined)[] = [
  JSON.stringify({ pid: DEAD, boot: BOOT }),
  JSON.stringify({ pid: DEAD, boot: 'an earlier boot' }),
  JSON.stringify({ pid: DEAD, boot: BOOT, start: 'earlier' }),
  JSON.stringify({ pid: 2, boot: BOOT, start: 'earlier' }),
  '{"pid":',
  undefined,
];

test('of two engines that meet at a lock whose owner is dead, at any step, one has the root', () => {
  for (const left of LEFT) {
    const steps = stepsOf(() => new Contenders(simTestDisk(), left));
    assert.ok(steps > 5);
    for (let at = 0; at < steps; at++) {
      const world = new Contenders(simTestDisk(), left);
      const [first, second] = meet(world, at, () => world.lock(3));
      assert.equal(first, second === false, `${left ?? 'no lock'}, call ${at}`);
      const [winner, loser] = first ? [2, 3] : [3, 2];
      assert.ok(world.lock(winner), 'it stays its own');
      assert.ok(!world.lock(loser));
      world.unlock(winner);
      assert.ok(world.lock(loser), 'and is free when it lets go');
    }
  }
});

test('of two engines that succeed one that was killed while it succeeded another, one has the root', () => {
  for (const left of LEFT) {
    const killed = (at: number): Contenders => {
      const world = new Contenders(simTestDisk(), left);
      killAt(world, 9, at);
      return world;
    };
    const killSteps = stepsOf(() => new Contenders(simTestDisk(), left));
    for (let killedAt = 0; killedAt < killSteps; killedAt++) {
      const steps = stepsOf(() => killed(killedAt));
      for (let at = 0; at < steps; at++) {
        const world = killed(killedAt);
        const [first, second] = meet(world, at, () => world.lock(3));
        assert.equal(first, second === false, `killed at ${killedAt}, met at ${at}`);
      }
    }
  }
});

test('a process that got the id of a dead owner keeps nobody out, nor does it take the root for its own', () => {
  const left = JSON.stringify({ pid: DEAD, boot: BOOT, start: '100' });
  const stranger = new Contenders(simTestDisk(), left);
  stranger.alive.add(DEAD);
  stranger.starts.set(DEAD, '200').set(2, '300');
  assert.ok(stranger.lock(2), 'somebody else lives under its id');
  stranger.starts.set(3, '400');
  assert.ok(!stranger.lock(3), 'the new owner does keep others out');

  const same = new Contenders(simTestDisk(), left);
  same.starts.set(DEAD, '200');
  same.unlock(DEAD);
  assert.deepEqual(same.names(), ['engine.lock'], 'what it did not take it does not give back');
  assert.ok(same.lock(DEAD), 'its own id was that of the dead owner');
  assert.match(readText(same), /"start":"200"/);
  same.unlock(DEAD);
  assert.deepEqual(same.names(), []);
});

test('an owner that lives keeps its root, whether its lock says when it began or not', () => {
  for (const start of [undefined, '100']) {
    const world = new Contenders(simTestDisk(), JSON.stringify({ pid: 9, boot: BOOT, start }));
    world.alive.add(9);
    world.starts.set(9, '100').set(2, '300');
    assert.ok(!world.lock(2));
    assert.ok(world.lock(9), 'it is its own');
  }
});

test('a late one steps back where the lock was taken over and let go meanwhile', () => {
  const made = (): Contenders => new Contenders(simTestDisk(), LEFT[0]);
  const steps = stepsOf(made);
  for (let at = 0; at < steps; at++) {
    const world = made();
    const [late, third] = meet(world, at, () => {
      if (!world.lock(3)) return false;
      world.unlock(3);
      return world.lock(4);
    });
    assert.ok(!(late && third), `call ${at}`);
    assert.ok(late || third || world.lock(2), `call ${at}: it is kept from all`);
  }
});

test('nothing but the lock is left when it was taken over, on a real disk too', () => {
  for (const disk of [simTestDisk(), realTestDisk()]) {
    try {
      const world = new Contenders(disk, LEFT[0]);
      assert.ok(world.lock(2));
      assert.deepEqual(world.names(), ['engine.lock']);
      world.alive.delete(2);
      assert.ok(world.lock(3));
      assert.deepEqual(world.names(), ['engine.lock']);
      world.unlock(3);
      assert.deepEqual(world.names(), []);
    } finally {
      disk.dispose();
    }
  }
});

test('a fault while the lock is taken over keeps nobody out for good', () => {
  const made = (): Contenders => new Contenders(simTestDisk(), LEFT[0]);
  const steps = stepsOf(made);
  for (let at = 0; at < steps; at++) {
    const world = made();
    killAt(world, 2, at);
    assert.ok(world.lock(2), `it tries again by itself after call ${at}`);
  }
});

/** How many calls of the disk an engine makes that takes the root alone. */
function stepsOf(made: () => Contenders): number {
  let steps = 0;
  assert.ok(made().lock(2, (call) => (steps = call + 1)));
  return steps;
}

/** Engine 2 takes the root; before its call `at` others do `meanwhile`. Undefined when it never got there. */
function meet(
  world: Contenders,
  at: number,
  meanwhile: () => boolean,
): [boolean, boolean | undefined] {
  let others: boolean | undefined;
  const own = world.lock(2, (call) => {
    if (call === at) others = meanwhile();
  });
  return [own, others];
}

function killAt(world: Contenders, pid: number, at: number): void {
  const killed = new Error('killed');
  assert.throws(
    () =>
      world.lock(pid, (call) => {
        if (call === at) throw killed;
      }),
    killed,
  );
  world.alive.delete(pid);
}
