/** The examples of docs/, run as they are written there, against a real server. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createServer } from '@coffer/server';

const EXAMPLES = fileURLToPath(new URL('../../docs/examples/', import.meta.url));
/** What each prints, line by line. */
const PRINTED: Readonly<Record<string, readonly RegExp[]>> = {
  'sdk-drive.ts': [
    /^signed up as me-/,
    /^put \/notes\/today.txt, revision 1/,
    /^got "written at 2/,
    /^the file has 1 content/,
    /^folder \/notes$/,
    /^file \/notes\/today.txt$/,
  ],
  'upload-stream.ts': [/^\/uploads\/upload-stream.ts: \d{3,} bytes, content 1$/],
  'read-range.ts': [
    /^00003000010030000200300003003000 of 25165824 bytes$/,
    /^a few chunks travelled$/,
  ],
  'write-range.ts': [/^a few chunks were sent$/, /^based on version 1: conflict$/],
  'mirror.ts': [/^mirrored \/watched.txt$/, /^heard of$/],
  'versions.ts': [
    /^content 1: 5 bytes$/,
    /^content 2: 6 bytes, current$/,
    /^restored: first$/,
    /^rewound: 3 changes, 0 failed$/,
    /^\/papers\/plan.txt first$/,
  ],
  'arrange.ts': [
    /^\/photos for print: no content travelled$/,
    /^\/photos for print$/,
    /^\/photos for print\/cover.raw$/,
    /^in the trash: photos$/,
    /^restored: \/photos$/,
  ],
  'lazy-listing.ts': [/^\/: notes$/, /^\/notes: a.txt$/, /^hello$/],
};
/** No examples of the library: what the others stand on, and those of the specification. */
const OTHERS = ['profile.ts', 'worked-examples.ts'];

const folder = mkdtempSync(join(tmpdir(), 'coffer-examples-'));
const server = await createServer({ dataDir: join(folder, 'server') });
const { url } = await server.listen({ host: '127.0.0.1', port: 0 });
after(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

test('every example is run here', () => {
  const files = globSync('*.ts', { cwd: EXAMPLES }).map((path) => basename(path));
  assert.deepEqual(files.sort(), [...Object.keys(PRINTED), ...OTHERS].sort());
});

test('the examples print what they promise', { concurrency: 2 }, async (t) => {
  await Promise.all(
    Object.entries(PRINTED).map(([name, expected]) =>
      t.test(name, { timeout: 60_000 }, async () => {
        const printed = await run(name);
        assert.equal(printed.length, expected.length, printed.join('\n'));
        for (const [i, line] of expected.entries()) assert.match(printed[i] ?? '', line);
      }),
    ),
  );
});

function run(name: string): Promise<readonly string[]> {
  const args = [join(EXAMPLES, name), url, join(folder, name)];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, (error, stdout, stderr) => {
      if (error === null) resolve(stdout.trimEnd().split('\n'));
      else reject(new Error(`${name} failed:\n${stdout}${stderr}`, { cause: error }));
    });
  });
}
