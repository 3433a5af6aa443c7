/** Backups and restores, killed at every stage: what is there is whole, or says that it is not. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createNodeOpenSuite } from '@coffer/protocol/suites/node-open';
import { checkServerOptions, createServer, SetupError } from '../index.ts';
import { fsck } from '../jobs/fsck.ts';
import { signedInPerson, type Person } from '../testing/person.ts';
import { packOf } from '../testing/space-writer.ts';
import { makeCall, type Handle } from '../testing/test-client.ts';
import { encodeSealedCommit } from '@coffer/protocol/model';
import { backup, openData, restore } from './index.ts';

const folder = await mkdtemp(join(tmpdir(), 'coffer-killed-'));
after(() => rm(folder, { recursive: true, force: true }));
const script = fileURLToPath(new URL('../testing/admin-process.ts', import.meta.url));
const suite = await createNodeOpenSuite();
const never = new AbortController().signal;
const dataDir = join(folder, 'data');
const target = join(folder, 'backup');
const PACKS = 60;
/** How many entries a folder has when the process is killed; the last ones are never reached. */
const KILLS_AT = [1, 3, 8, 40, PACKS + 3, PACKS + 6];

async function write(handle: Handle, { drive, token }: Person, count: number): Promise<void> {
  const params = { space: drive.space };
  for (let i = 0; i < count; i++) {
    // Large enough for a file of its own.
    const file = drive.file(`${drive.head.seq}`, [suite.randomBytes(40_000)]);
    await makeCall(handle, 'storePack', { token, params, bytes: packOf(file.bodies) });
    const commit = drive.commit([file.change]);
    const bytes = encodeSealedCommit(commit.commit);
    assert.equal((await makeCall(handle, 'propose', { token, params, bytes })).status, 200);
    drive.accept(commit);
  }
}

function entriesIn(path: string): number {
  try {
    return readdirSync(path, { recursive: true }).length;
  } catch {
    return 0;
  }
}

/** Kills it once `watched` has `entries`; true when it was killed and had not ended by itself. */
async function runAndKill(args: readonly string[], watched: string, entries: number) {
  const child = spawn(process.execPath, [script, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exited = once(child, 'exit') as Promise<[number | null]>;
  let isOver = false;
  void exited.then(() => (isOver = true));
  while (entriesIn(watched) < entries && child.exitCode === null) await sleep(1);
  child.kill('SIGKILL');
  const [code] = await exited;
  assert.ok(isOver);
  return code === null;
}

async function assertWhole(path: string): Promise<void> {
  await using data = await openData({ dataDir: path }, 'alone');
  const { findings } = await fsck(data, { isRepair: false, isDataRead: true }, never);
  assert.deepEqual(findings, []);
}

const server = await createServer({ dataDir, publicUrl: 'http://one.test' });
after(() => server.close());
const options = { suite, handle: server.handle, origin: 'http://one.test', time: 0 };
const ann = await signedInPerson({ ...options, name: 'ann@example.org' });
await write(server.handle, ann, PACKS);

test('a backup that is killed at any stage is no backup yet, and the next run ends it', async () => {
  let killed = 0;
  for (const entries of KILLS_AT) {
    await rm(target, { recursive: true, force: true });
    if (!(await runAndKill(['backup', dataDir, target], target, entries))) continue;
    killed++;
    const restored = join(folder, `first-${entries}`);
    const isWhole = await restore({ dataDir: restored }, target, never).then(
      () => true,
      (error: unknown) => {
        assert.ok(error instanceof SetupError, String(error));
        return false;
      },
    );
    if (isWhole) await assertWhole(restored);
    await backup({ dataDir }, target, never);
    await rm(restored, { recursive: true, force: true });
    await restore({ dataDir: restored }, target, never);
    await assertWhole(restored);
  }
  assert.ok(killed >= 3, `${killed} were killed`);
});

test('a second backup that is killed leaves the first one whole', async () => {
  await backup({ dataDir }, target, never);
  const before = entriesIn(target);
  let killed = 0;
  for (const more of [1, 5, 12]) {
    await write(server.handle, ann, 12);
    if (await runAndKill(['backup', dataDir, target], target, before + more)) killed++;
    const restored = join(folder, `second-${more}`);
    await restore({ dataDir: restored }, target, never);
    await assertWhole(restored);
  }
  assert.ok(killed >= 2, `${killed} were killed`);
});

test('a restore that is killed starts no server, and the next run ends it', async () => {
  await backup({ dataDir }, target, never);
  let killed = 0;
  for (const entries of KILLS_AT) {
    const restored = join(folder, `killed-${entries}`);
    await mkdir(restored);
    if (!(await runAndKill(['restore', restored, target], restored, entries))) continue;
    killed++;
    if (entriesIn(restored) > 0) {
      const marked = await checkServerOptions({ dataDir: restored }).then(
        () => false,
        (error: unknown) => error instanceof SetupError,
      );
      // Killed after its last step it is done; before its first one nothing was begun.
      const isDone = readdirSync(restored).includes('metadata.sqlite');
      if (!marked && isDone) {
        await assertWhole(restored);
        continue;
      }
      assert.ok(marked || entriesIn(restored) === 1);
    }
    await restore({ dataDir: restored }, target, never);
    await assertWhole(restored);
  }
  assert.ok(killed >= 3, `${killed} were killed`);
});
