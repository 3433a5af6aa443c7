import assert from 'node:assert/strict';
import test from 'node:test';
import { MemorySpace } from './executor/testing/memory-space.ts';
import { pairedDevice, testDevice } from './executor/testing/test-device.ts';

test('the rule that decides is named with its file and line, as the files are now', async () => {
  const device = await pairedDevice(new MemorySpace(), 'anna');
  device.write('.cofferignore', '# what builds\nbuild/\n*.log\n');
  device.write('deep/.cofferignore', '!keep.log\n');
  device.write('deep/keep.log', 'k');
  device.write('deep/other.log', 'o');
  device.write('build/out', 'o');
  await device.sync();
  const paths = ['deep/keep.log', 'deep/other.log', 'build/out', 'build', 'deep', 'x.part'];
  const answers = async (): Promise<readonly string[]> => {
    const given = [...paths, ''].map((path) => (path === '' ? device.root : device.at(path)));
    const found = await device.engine.checkIgnored({ paths: given });
    return found.map(({ state, rule }) =>
      rule === undefined
        ? state
        : `${state} ${rule.file?.slice(device.root.length) ?? rule.source}:${rule.line} ${rule.pattern}`,
    );
  };
  assert.deepEqual(await answers(), [
    'not-ignored /deep/.cofferignore:1 !keep.log',
    'ignored /.cofferignore:3 *.log',
    'ignored /.cofferignore:2 build/',
    'ignored /.cofferignore:2 build/',
    'not-ignored',
    'ignored built-in:null *.part',
    'not-ignored',
  ]);
  device.write('.cofferignore', 'deep\n');
  assert.equal((await answers())[1], 'ignored /.cofferignore:1 deep');
  const [outside] = await device.engine.checkIgnored({ paths: ['/elsewhere'] });
  assert.deepEqual(outside, { path: '/elsewhere', state: 'outside' });
});

test('the rules of a pair are listed: built in, its own, and those of files that hold', async () => {
  const device = testDevice(new MemorySpace(), 'anna');
  await device.engine.addPair({ local: device.root, remote: '/', ignore: ['*.iso'] });
  device.write('.cofferignore', '*.log\n[open\n\nbuild/\n');
  device.write('deep/.cofferignore', '!keep.log\n');
  device.write('flat/file', 'f');
  device.write('build/.cofferignore', 'never\n');
  await device.sync();
  const listed = async (...paths: readonly string[]): Promise<readonly string[]> => {
    const rules = await device.engine.ignoreRules({ paths: [...paths] });
    return rules
      .filter(({ source }) => source !== 'built-in')
      .map(({ file, line, pattern, skipped }) =>
        [file?.slice(device.root.length) ?? 'pair', line, pattern, skipped].join(' '),
      );
  };
  const ofRoot = [
    'pair 1 *.iso false',
    '/.cofferignore 1 *.log false',
    '/.cofferignore 2 [open true',
    '/.cofferignore 4 build/ false',
  ];
  const ofDeep = '/deep/.cofferignore 1 !keep.log false';
  assert.deepEqual(await listed(), [...ofRoot, ofDeep]);
  assert.deepEqual(await listed(device.at('flat/file')), ofRoot);
  assert.deepEqual(await listed(device.at('deep')), [...ofRoot, ofDeep]);
  await assert.rejects(listed('/elsewhere'), { code: 'not-found' });
  const all = await device.engine.ignoreRules({});
  assert.ok(all.some(({ source, pattern }) => source === 'built-in' && pattern === '.coffer/'));
});

test('a rule file that cannot be read is said with its whole path', async () => {
  const device = await pairedDevice(new MemorySpace(), 'anna');
  device.write('deep/.cofferignore', '*.log\n');
  await device.sync();
  const closed = device.restarted((_, { kind, path }) =>
    kind === 'openRead' && path.endsWith('.cofferignore') ? 'denied' : undefined,
  );
  const message = `${device.at('deep')}: it, or a rule file that applies to it, cannot be read`;
  await assert.rejects(closed.engine.ignoreRules({}), { code: 'unsuitable', message });
});
