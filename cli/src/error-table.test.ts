/**
 * Every code of the error table, reached as a person reaches it: commands in this process, a real server,
 * and a proxy that answers for it with each refusal. A code that is added and not reached does not compile.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { EngineFault } from '@coffer/native-worker/fault';
import { profileOf } from '@coffer/native-worker/profile-folder';
import { lockProfile } from '@coffer/native-worker/profile-lock';
import { IntegrityError } from '@coffer/protocol/core';
import { errorEntry, ERROR_CODES, type ErrorCode } from '@coffer/protocol/api/error-codes';
import { failureOf } from './drive-failure.ts';
import { EXIT, exitCodeOf, printFailure, toFailure, worstExitCode } from './failure.ts';
import { Output } from './output.ts';
import { CommandWorld, recordingStreams, type Told } from './testing/command-world.ts';

/** What is said of a thrown value: for what no command can be brought to by a test of this size. */
function told(error: unknown): Told {
  const { streams, said } = recordingStreams();
  const failure = toFailure(error);
  printFailure(
    failure,
    new Output(streams, { json: true, quiet: false, verbose: false, color: false }),
  );
  return { code: exitCodeOf(failure), ...said() };
}

type Reach = (world: CommandWorld, code: ErrorCode) => Promise<Told> | Told;

const byServer: Reach = (world, code) =>
  world.refused(
    errorEntry(code).status ?? 500,
    JSON.stringify({ error: { code, message: 'in its own words' } }),
  );
const by =
  (...argv: readonly string[]): Reach =>
  (world) =>
    world.run(argv);

const REACHED: Readonly<Record<ErrorCode, Reach>> = {
  usage: by('statsu'),
  'confirmation-needed': by('rm', '--forever', '/letter'),
  malformed: byServer,
  'not-found': by('stat', '/nowhere'),
  exists: by('mkdir', '/folder'),
  'not-a-folder': by('put', 'folder/letter', 'folder/letter', '/letter'),
  'is-a-folder': by('cat', '/folder'),
  'not-empty': by('export', 'folder'),
  'name-invalid': by('stat', '/folder/../letter'),
  'too-large': byServer,
  'limit-reached': byServer,
  unsupported: by('link', 'create', '/letter'),
  'not-signed-in': (world) => world.run(['ls'], { home: join(world.base, 'nobody') }),
  'wrong-password': byServer,
  'wrong-recovery-key': byServer,
  'second-factor-needed': byServer,
  'wrong-code': byServer,
  'device-revoked': byServer,
  refused: by('login', '--server', 'http://192.0.2.1', '--email', 'ana@example.org'),
  'already-signed-in': (world) =>
    world.run(['login', '--server', world.url, '--email', 'ana@example.org']),
  'name-taken': (world) =>
    world.run(['signup', '--server', world.url, '--email', 'ana@example.org'], {
      home: join(world.base, 'other'),
    }),
  'rate-limited': byServer,
  'head-moved': byServer,
  'content-missing': byServer,
  'bundle-moved': byServer,
  'chain-moved': byServer,
  'rule-broken': byServer,
  conflict: () => told(failureOf({ code: 'conflict', path: '/letter' })),
  'needs-attention': async (world) => {
    await world.run(['sync', 'pause']);
    const answer = await world.run(['sync', 'now']);
    await world.run(['sync', 'resume']);
    return answer;
  },
  'era-changed': () => {
    const error = new IntegrityError('malformed', 'the head is older than one that was seen');
    return told(Object.assign(error, { isDeclaredRestore: true }));
  },
  'quota-exceeded': byServer,
  network: (world) => world.throughProxy('http://127.0.0.1:9'),
  unavailable: byServer,
  internal: byServer,
  integrity: (world) => world.refused(200, 'no JSON'),
  timeout: by('sync', 'now', '--timeout', '0.001'),
  locked: async (world) => {
    const who = { what: 'coffer daemon', isDaemon: true };
    using _held = await lockProfile(profileOf(world.home), who);
    return await world.run(['daemon']);
  },
  'disk-full': () =>
    told(Object.assign(new Error('full'), { code: 'ENOSPC', syscall: 'write', path: '/x' })),
  'file-access': by('get', '/letter', 'no/such/folder/letter'),
  'file-changed': () => told(new EngineFault('stale', 'a file of the conflict has changed')),
  'damaged-profile': async (world) => {
    const home = join(world.base, 'damaged');
    mkdirSync(home);
    writeFileSync(profileOf(home).configFile, '{"limit.up":');
    return world.run(['config'], { home });
  },
  interrupted: (world) => world.run(['quota'], { signal: AbortSignal.abort() }),
  failed: () => told(new Error('a defect')),
};

test('every code of the error table is reached, and says what happened and what to do', async (t) => {
  await using world = new CommandWorld();
  await world.start();
  for (const code of ERROR_CODES) {
    await t.test(code, async () => {
      const answer = await REACHED[code](world, code);
      const { error } = JSON.parse(answer.stderr) as {
        error: { code: string; message: string; hint?: string };
      };
      assert.deepEqual([error.code, answer.code], [code, errorEntry(code).exit], answer.stderr);
      checkWords(code, error);
      if (process.env['COFFER_SHOW'] === 'errors')
        t.diagnostic(`${code}: ${error.message} | ${error.hint ?? ''}`);
    });
  }
});

test('doctor goes on past a damaged profile, and says of each fault what to do', async () => {
  await using world = new CommandWorld();
  await world.start();
  const { configFile, keysFile } = profileOf(world.home);
  writeFileSync(configFile, '{"limit.up":');
  const bundle = join(world.base, 'bundle.json');
  const settings = await world.run(['doctor', '--bundle', bundle]);
  assert.equal(settings.code, 1, settings.stderr);
  assert.match(readFileSync(bundle, 'utf8'), /the settings of this profile cannot be read/);
  writeFileSync(keysFile, 'no keys');
  const { stdout } = await world.run(['doctor']);
  const findings = JSON.parse(stdout) as { check: string; ok: boolean; hint?: string }[];
  const ofProfile = ['keystore', 'settings', 'keys'];
  const bad = findings.filter(({ ok, check }) => !ok && ofProfile.includes(check));
  assert.deepEqual(
    bad.map(({ check }) => check),
    ['settings', 'keys'],
  );
  for (const { check, hint = '' } of bad) assert.match(hint, /^[^ ].{20,}\.$/, check);
});

test('what other parts wrote for people is said in their words, and no more', async () => {
  await using world = new CommandWorld();
  const home = join(world.base, 'damaged');
  mkdirSync(home);
  writeFileSync(profileOf(home).keysFile, 'no keys');
  const damaged = await world.run(['ls'], { home });
  assert.match(damaged.stderr, /"damaged-profile","message":"the key file cannot be read"/);
  const nowhere = await world.run(['serve', '--check', '--data', '/proc/x']);
  assert.match(nowhere.stderr, /kernel \(proc\)","hint":"Nothing can be kept there\."/);
});

/** At most three lines with a beginning, no words of ours, and a next step. */
function checkWords(code: ErrorCode, error: { message: string; hint?: string }): void {
  const { message, hint = '' } = error;
  assert.equal(`${message}${hint}`.includes('\n'), false);
  assert.doesNotMatch(`${message} ${hint}`, /undefined|\[object|E[A-Z]{4,}:|Error:|\bat .*\.ts/);
  assert.match(message, /^[^A-Z]|^[A-Z][a-z]*[A-Z]/, 'it completes "coffer: …"');
  if (code === 'interrupted') return;
  assert.match(hint, /^['A-Z-].*[.!?]$/, `${code} says what to do`);
}

test('the exit codes that commands name are those of the table, and of several 7 counts most', () => {
  const CODES: Readonly<Record<Exclude<keyof typeof EXIT, 'done'>, ErrorCode>> = {
    failed: 'failed',
    usage: 'usage',
    attention: 'era-changed',
    refused: 'not-signed-in',
    quota: 'quota-exceeded',
    network: 'network',
    integrity: 'integrity',
    interrupted: 'interrupted',
  };
  const ofTable = Object.entries(CODES).map(([name, code]) => [name, errorEntry(code).exit]);
  assert.deepEqual({ done: 0, ...Object.fromEntries(ofTable) }, EXIT);
  assert.equal(worstExitCode([0, 3, 1, 6, 5, 4, 7, 0]), 7);
  assert.equal(worstExitCode([0, 3, 1, 6, 5, 4, 0]), 4);
  assert.equal(worstExitCode([0, 3, 0]), 3);
  assert.equal(worstExitCode([0, 0]), 0);
});
