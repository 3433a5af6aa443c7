/** What commands print with --json, held against docs/cli.md: no field more or less than is promised there. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { COMMANDS } from './commands/registry.ts';
import { plannedCommands } from './commands/planned.ts';
import { CommandWorld } from './testing/command-world.ts';

/** `any`: a value of its own. Optional fields may be absent, every field may be null. */
type Shape =
  | { readonly kind: 'any' }
  | { readonly kind: 'list'; readonly of: Shape }
  | { readonly kind: 'fields'; readonly fields: ReadonlyMap<string, Field> };
interface Field {
  readonly shape: Shape;
  readonly isOptional: boolean;
}

const page = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8');
const NAMED = new Map(
  [...page.matchAll(/`([A-Z]+)` (?:is[^`]*)?`(\{[^`]*\})`/g)].map(([, name = '', text = '']) => [
    name,
    text,
  ]),
);
const ROWS = new Map(
  [...page.matchAll(/^\| (`.*?) \| (.*) \|$/gm)].flatMap(([, commands = '', prints = '']) =>
    commands.split(', ').map((command) => [command.replaceAll('`', ''), prints]),
  ),
);

/** The notation of the page: `{a, b?, c:{d}, e:[f], g:NAME}`. */
function parseShape(text: string): Shape {
  const tokens = text.match(/\w+|[{}[\]:,?]/g) ?? [];
  let at = 0;
  const take = (token: string): boolean => tokens[at] === token && ++at > 0;
  const value = (): Shape => {
    if (take('[')) {
      const list: Shape = { kind: 'list', of: value() };
      assert.ok(take(']'), text);
      return list;
    }
    if (!take('{')) {
      const named = NAMED.get(tokens[at] ?? '');
      if (named === undefined) return { kind: 'any' };
      at++;
      return parseShape(named);
    }
    const fields = new Map<string, Field>();
    while (!take('}')) {
      const name = tokens[at++] ?? '';
      assert.match(name, /^\w+$/, text);
      let isOptional = take('?');
      const shape: Shape = take(':') ? value() : { kind: 'any' };
      isOptional = take('?') || isOptional;
      fields.set(name, { shape, isOptional });
      take(',');
    }
    return { kind: 'fields', fields };
  };
  return value();
}

function compare(actual: unknown, shape: Shape, where: string): void {
  if (actual === null || shape.kind === 'any') return;
  if (shape.kind === 'list') {
    assert.ok(Array.isArray(actual), `${where} is a list`);
    for (const one of actual) compare(one, shape.of, `${where}[]`);
    return;
  }
  assert.ok(typeof actual === 'object' && !Array.isArray(actual), `${where} has fields`);
  const given = new Map(Object.entries(actual));
  for (const name of given.keys()) assert.ok(shape.fields.has(name), `${where}.${name} is written`);
  for (const [name, field] of shape.fields) {
    assert.ok(field.isOptional || given.has(name), `${where}.${name} is there`);
    if (given.has(name)) compare(given.get(name), field.shape, `${where}.${name}`);
  }
}

/** What is run here, in this order, by its row; the rest of the row's words are the arguments. */
function runsIn(world: CommandWorld): readonly (readonly [row: string, ...words: string[]])[] {
  const [data, backup] = [join(world.base, 'server'), join(world.base, 'backup')];
  const restored = join(world.base, 'restored');
  return [
    ['version'],
    ['account'],
    ['devices'],
    ['quota'],
    ['sync list'],
    ['sync now --dry-run'],
    ['sync now'],
    ['status'],
    ['status LOCAL', join(world.folder, 'letter')],
    ['activity'],
    ['transfers'],
    ['ls', '-l'],
    ['tree'],
    ['find', '*'],
    ['stat', '/letter'],
    ['du'],
    ['get', '/letter', 'got'],
    ['export', 'out'],
    ['put', 'folder/letter', '/new'],
    ['put', 'folder/note.log', '/new'],
    ['mkdir', '/made'],
    ['mv', '/new', '/newer'],
    ['cp', '/newer', '/made'],
    ['versions', '/newer'],
    ['restore', '/newer'],
    ['rm', '/made'],
    ['trash'],
    ['rewind --dry-run', '/', '--to', '1s'],
    ['rewind', '/folder', '--to', '1s', '--yes'],
    ['trash restore', '/made'],
    ['trash empty', '--yes'],
    ['verify', '--read-data'],
    ['conflicts'],
    ['stalls'],
    ['stalls retry'],
    ['held'],
    ['held approve'],
    ['held undo'],
    ['ignore check', 'folder/note.log', 'folder/letter'],
    ['ignore list'],
    // Not before the rewind, which takes back what was made less than a second earlier.
    ['mkdir', '/folder/inner'],
    ['sync exclude', 'folder', '/folder/inner'],
    ['sync excluded'],
    ['sync include', 'folder', '/folder/inner'],
    ['sync pause', '--for', '1h'],
    ['sync resume'],
    ['sync add', 'second', '/second'],
    ['sync remove', 'second'],
    ['twofactor'],
    ['recovery new', '--recovery-file', join(world.base, 'new-words')],
    ['daemon status'],
    ['daemon stop'],
    ['doctor'],
    ['help'],
    ['completion', 'bash'],
    ['manual'],
    ['serve --check', '--data', data],
    ['admin users', '--data', data],
    ['admin stats', '--data', data],
    ['admin gc --dry-run', '--data', data],
    ['admin gc', '--data', data],
    ['admin backup', backup, '--data', data],
    ['admin restore', backup, '--data', restored],
    ['admin migrate', '--data', restored],
    ['admin fsck', '--data', restored],
    ['logout'],
    ['login', '--server', world.url, '--email', 'ana@example.org'],
  ];
}

test('each command prints the fields that docs/cli.md promises, and no others', async (t) => {
  await using world = new CommandWorld();
  await world.start();
  writeFileSync(join(world.folder, 'note.log'), 'noted');
  writeFileSync(join(world.folder, '.cofferignore'), '*.log\n');
  const runs = runsIn(world);
  for (const [row, ...words] of runs) {
    await t.test(row, async () => {
      const [, notation] = /^`([^`]*)`/.exec(ROWS.get(row) ?? '') ?? [];
      assert.ok(notation !== undefined, `docs/cli.md has a row for ${row}`);
      // Drive and folder have to have been there a second ago, however fast the commands before were.
      if (row === 'rewind --dry-run') await sleep(1200);
      const argv = row.split(' ').filter((word) => word !== 'LOCAL');
      const { code, stdout, stderr } = await world.run([...argv, ...words]);
      assert.ok(code === 0 || row === 'doctor', stderr);
      compare(JSON.parse(stdout), parseShape(notation), row);
    });
  }
  assert.ok(runs.length > 60);
});

test('docs/cli.md has every command, and no command that there is not', () => {
  const planned = new Set(plannedCommands([]).map(({ name }) => name));
  const names = COMMANDS.map(({ name }) => name).filter(
    (name) => !planned.has(name) && name !== 'complete-remote',
  );
  const written = [...ROWS.keys()].map((row) => row.replace(/ (--|LOCAL).*$/, ''));
  assert.deepEqual([...new Set(written)].toSorted(), names.toSorted());
});
