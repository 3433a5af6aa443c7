/** The project's own files, as git sees them: what the tidy tests look at. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

/** Tracked and new files that git does not ignore, with `/` separators, relative to the root. */
export function projectFiles(pattern: RegExp): readonly string[] {
  const out = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  return out.split('\n').filter((file) => pattern.test(file) && existsSync(root + file));
}

export function readSource(file: string): string {
  return readFileSync(root + file, 'utf8');
}

export function isTest(file: string): boolean {
  return file.endsWith('.test.ts') || file.includes('/testing/') || /^(test|bench)\//.test(file);
}
