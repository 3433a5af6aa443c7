/** What commands on the drive do with several arguments, questions, and runs that broke off. */
import assert from 'node:assert/strict';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { CommandWorld } from './testing/command-world.ts';

test('commands keep their word', async (t) => {
  await using world = new CommandWorld();
  await world.start();
  const names = async (): Promise<string[]> => {
    const { stdout } = await world.run(['ls', '/']);
    return (JSON.parse(stdout) as { name: string }[]).map(({ name }) => name);
  };
  await t.test('what fails for one argument does not stop the others', () => others(world, names));
  await t.test('what cannot be undone is asked on a terminal', () => asked(world, names));
  await t.test('get goes on where it broke off, and replaces nothing else', () => got(world));
  await t.test('an export is whole, has an index, goes on, and mixes with nothing', () =>
    exported(world),
  );
  await t.test('help is data too, and a list takes no stray word', () => helped(world));
});

type Names = () => Promise<string[]>;

async function others(world: CommandWorld, names: Names): Promise<void> {
  const made = await world.run(['mkdir', '/one', '/folder', '/two']);
  assert.equal(made.code, 1);
  assert.match(made.stderr, /"exists".*"\/folder"/);
  assert.deepEqual(await names(), ['folder', 'letter', 'one', 'two']);
  const sent = await world.run(['put', 'folder/none', 'folder/letter', '/one']);
  assert.equal(sent.code, 1);
  assert.match(sent.stdout, /"\/one\/letter"/);
  const gone = await world.run(['rm', '/one', '/none', '/two']);
  assert.deepEqual(JSON.parse(gone.stdout), { removed: ['/one', '/two'] });
  assert.match(gone.stderr, /"not-found".*"\/none"/);
  assert.deepEqual(await names(), ['folder', 'letter']);
}

async function asked(world: CommandWorld, names: Names): Promise<void> {
  await world.run(['mkdir', '/doomed']);
  const forever = ['rm', '--forever', '/doomed'];
  const refused = await world.run(forever, { answer: 'no' });
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /removes \/doomed for ever.*It cannot be undone/);
  assert.ok((await names()).includes('doomed'));
  assert.equal((await world.run(forever, { answer: 'yes' })).code, 0);
  assert.ok(!(await names()).includes('doomed'));
}

async function got(world: CommandWorld): Promise<void> {
  await world.run(['put', 'folder/letter', '/folder/other']);
  assert.equal((await world.run(['get', '-r', '/folder', 'copy'])).code, 0);
  assert.deepEqual(readdirSync(join(world.base, 'copy')), ['other']);
  await world.run(['put', 'folder/letter', '/folder/third']);
  mkdirSync(join(world.base, 'here', 'folder'), { recursive: true });
  const there = join(world.base, 'here', 'folder', 'other');
  writeFileSync(there, 'dear');
  const again = await world.run(['get', '-r', '/folder', 'here']);
  const { files, unchanged } = JSON.parse(again.stdout) as { files: number; unchanged: number };
  assert.deepEqual([again.code, files, unchanged], [0, 1, 1]);
  const same = await world.run(['get', '-r', '/folder', 'here']);
  assert.deepEqual((JSON.parse(same.stdout) as { unchanged: number }).unchanged, 2);
  writeFileSync(there, 'mine');
  assert.equal((await world.run(['get', '-r', '/folder', 'here'])).code, 1);
  assert.equal(readFileSync(there, 'utf8'), 'mine');
  const link = join(world.base, 'link');
  symlinkSync('to a disk that is away', link);
  assert.match((await world.run(['get', '/folder/other', link])).stderr, /"exists"/);
  assert.equal(readlinkSync(link), 'to a disk that is away');
}

async function exported(world: CommandWorld): Promise<void> {
  const target = join(world.base, 'export');
  assert.equal((await world.run(['export', 'export'])).code, 0);
  assert.equal(readFileSync(join(target, 'letter'), 'utf8'), 'dear');
  const index = JSON.parse(readFileSync(join(target, 'coffer-index.json'), 'utf8')) as {
    path: string;
  }[];
  const paths = index.map(({ path }) => path).toSorted();
  assert.deepEqual(paths, ['/folder', '/folder/other', '/folder/third', '/letter']);
  assert.match((await world.run(['export', 'export'])).stderr, /"not-empty".*an export already/);

  // As a run that was killed leaves it: the marker, some files, no index.
  const broken = join(world.base, 'broken');
  mkdirSync(broken);
  writeFileSync(join(broken, '.coffer-export'), 'another account');
  writeFileSync(join(broken, 'letter'), 'dear');
  assert.match((await world.run(['export', 'broken'])).stderr, /"not-empty"/);
  writeFileSync(join(broken, '.coffer-export'), world.account);
  assert.equal((await world.run(['export', 'broken'])).code, 0);
  assert.deepEqual(readdirSync(broken).toSorted(), ['coffer-index.json', 'folder', 'letter']);
}

async function helped(world: CommandWorld): Promise<void> {
  const all = JSON.parse((await world.run(['help'])).stdout) as { commands: { name: string }[] };
  assert.ok(all.commands.some(({ name }) => name === 'sync add'));
  const one = JSON.parse((await world.run(['help', 'stalls', 'do'])).stdout) as typeof all;
  assert.deepEqual(
    one.commands.map(({ name }) => name),
    ['stalls do'],
  );
  assert.match((await world.run(['trash', 'lst'])).stderr, /unknown command 'trash lst'/);
}
