import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import test from 'node:test';
import { serviceFile, type ServiceFile, type ServiceOptions } from './service-file.ts';

const HOME = '/home/ana/pro file/100% "x" $y & <z>';

function fileFor(platform: NodeJS.Platform, home = HOME): ServiceFile {
  const options: ServiceOptions = {
    platform,
    command: ['/opt/node', '/opt/coffer/main.ts', '--home', home, 'daemon'],
    home,
    person: { home: '/home/ana', name: 'PC\\ana' },
    env: {},
  };
  const file = serviceFile(options);
  assert.ok(file !== undefined);
  return file;
}

test('on Linux it is a systemd unit of the user, with every word quoted', () => {
  const file = fileFor('linux');
  const text = Buffer.from(file.bytes).toString('utf8');
  assert.match(file.path, /^\/home\/ana\/\.config\/systemd\/user\/coffer-[0-9a-f]{8}\.service$/);
  const start = /^ExecStart=(.*)$/m.exec(text)?.[1];
  assert.equal(
    start,
    '"/opt/node" "/opt/coffer/main.ts" "--home" "/home/ana/pro file/100%% \\"x\\" $$y & <z>" "daemon"',
  );
  assert.ok(!text.includes('{{'));
  for (const section of ['Unit', 'Service', 'Install']) assert.ok(text.includes(`[${section}]\n`));
  assert.deepEqual(file.enable.at(-1)?.slice(0, 4), ['systemctl', '--user', 'enable', '--now']);
});

test('systemd itself takes the unit, where there is systemd', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'coffer-unit-'));
  try {
    const file = fileFor('linux', '/home/ana/profile');
    const path = join(folder, basename(file.path));
    const text = Buffer.from(file.bytes).toString('utf8');
    writeFileSync(path, text.replace('"/opt/node"', '"/bin/sh"'));
    const verified = spawnSync('systemd-analyze', ['--user', 'verify', path], { encoding: 'utf8' });
    if (verified.error !== undefined) t.diagnostic('systemd-analyze is not here: text tests alone');
    else assert.ok(!verified.stderr.includes(basename(file.path)), verified.stderr);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** Elements closed in the order in which they were opened. */
function assertWellFormed(text: string): void {
  const open: string[] = [];
  const body = text.replace(/<\?xml.*?\?>/, '').replace(/<!DOCTYPE[^>]*>/, '');
  for (const [, closing, name = '', rest = ''] of body.matchAll(/<(\/?)([A-Za-z]+)([^<>]*)>/g)) {
    if (closing === '/') assert.equal(open.pop(), name);
    else if (!rest.endsWith('/')) open.push(name);
  }
  assert.deepEqual(open, []);
  assert.doesNotMatch(body.replaceAll(/<[^<>]*>/g, ''), /[<>]|&(?!(amp|lt|gt|quot);)/);
}

test('on macOS it is a launch agent that is well-formed whatever the path holds', () => {
  const file = fileFor('darwin');
  const text = Buffer.from(file.bytes).toString('utf8');
  assertWellFormed(text);
  const words = [...text.matchAll(/^ {4}<string>(.*)<\/string>$/gm)].map(([, word]) => word);
  assert.equal(words.length, 6);
  assert.equal(words[3], '/home/ana/pro file/100% &quot;x&quot; $y &amp; &lt;z&gt;');
  assert.match(text, /<key>Label<\/key>\s*<string>org\.coffer\.daemon\.[0-9a-f]{8}<\/string>/);
});

test('on Windows it is a task at logon, in UTF-16, that asks for no rights', () => {
  const file = fileFor('win32', 'C:\\Users\\ana\\Coffer\\');
  assert.deepEqual([...file.bytes.subarray(0, 2)], [0xff, 0xfe]);
  const text = Buffer.from(file.bytes).toString('utf16le').slice(1);
  assertWellFormed(text);
  assert.match(text, /<RunLevel>LeastPrivilege<\/RunLevel>/);
  assert.match(text, /<UserId>PC\\ana<\/UserId>/);
  assert.ok(
    text.includes('&quot;--home&quot; &quot;C:\\Users\\ana\\Coffer\\\\&quot; &quot;daemon&quot;'),
  );
});

test('each profile has a service of its own, and a system without one is told', () => {
  assert.notEqual(fileFor('linux').path, fileFor('linux', '/home/ana/other').path);
  const options = { command: [], home: '/h', person: { home: '/h', name: 'a' }, env: {} };
  assert.equal(serviceFile({ ...options, platform: 'aix' }), undefined);
});
