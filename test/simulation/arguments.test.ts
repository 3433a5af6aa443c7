import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readArguments, USAGE, WrongArguments } from './arguments.ts';

const WORKERS = 2;
const read = (text: string): ReturnType<typeof readArguments> =>
  readArguments(text === '' ? [] : text.split(' '), WORKERS);

test('without options a hundred worlds from seed 1 are run, each twice', () => {
  const { task, from, workers, isTwice } = read('');
  assert.deepEqual(task, { kind: 'seeds', count: 100 });
  assert.deepEqual([from, workers, isTwice], [1, WORKERS, true]);
});

test('each thing to run is read with its numbers', () => {
  assert.deepEqual(read('--seeds 3 --from 7').task, { kind: 'seeds', count: 3 });
  assert.deepEqual(read('--crash-all').task, { kind: 'crash-all', count: 20, stride: 1 });
  assert.deepEqual(read('--crash-all --seeds 2 --stride 9').task, {
    kind: 'crash-all',
    count: 2,
    stride: 9,
  });
  assert.deepEqual(read('--planner 5').task, { kind: 'planner', count: 5 });
  assert.deepEqual(read('--kept all').task, { kind: 'kept', name: 'all' });
  assert.deepEqual(read('--shrink 5 --no-faults').task, {
    kind: 'shrink',
    world: { seed: 5, noFaults: true },
  });
  const world = { seed: 9, without: { features: ['loops'], faults: ['races'], actions: [1] } };
  assert.deepEqual(read(`--world ${JSON.stringify(world)}`).task, { kind: 'world', world });
});

test('the usage names every option that is read, and is asked for by --help', () => {
  assert.equal(read('--help').task.kind, 'help');
  for (const option of 'seeds from world kept shrink crash-all stride planner once no-faults keep-going verbose workers'.split(
    ' ',
  ))
    assert.match(USAGE, new RegExp(`^  --${option} `, 'm'));
});

for (const [args, sentence] of [
  ['--seed 3', /Unknown option '--seed'$/],
  ['--seeds', /'--seeds <value>' argument missing$/],
  ['more', /Unexpected argument 'more'/],
  ['--seeds three', /^--seeds wants a whole number from 1 on, not 'three'$/],
  ['--seeds 0', /^--seeds wants/],
  ['--from 1.5', /^--from wants/],
  ['--workers 0', /^--workers wants/],
  ['--planner 5 --crash-all', /^--planner and --crash-all do not go together$/],
  ['--stride 5', /^--stride goes with --crash-all alone$/],
  ['--world {seed:1}', /^--world wants a seed or a world's options as JSON, not/],
  ['--world {"without":{}}', /^--world: a world has a seed$/],
  ['--world {"seed":1,"withut":{}}', /^--world: a world has no 'withut'$/],
  ['--world {"seed":1,"without":{"feature":[]}}', /^--world: a world is not without 'feature'$/],
  ['--shrink {"seed":1,"without":{"features":["loop"]}}', /^--shrink: there is no feature 'loop'$/],
] as const)
  test(`${args}: one sentence says what is wrong`, () => {
    assert.throws(
      () => read(args),
      (error) => error instanceof WrongArguments && sentence.test(error.message),
    );
  });
