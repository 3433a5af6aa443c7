/** The built page of the daemon: files of one folder, by their names alone. */
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};

export interface PageFile {
  readonly type: string;
  readonly bytes: Uint8Array;
}

/**
 * The file for a request path: only names that a listing of the folder gave, so that no path leads
 * out of it. Undefined when there is none, or no page was built.
 */
export function pageFile(folder: string, path: string): PageFile | undefined {
  const name = path === '/' ? 'index.html' : path.slice(1);
  const file = filesOf(folder).find((known) => known === name);
  const type = TYPES[extname(name)];
  if (file === undefined || type === undefined) return undefined;
  return { type, bytes: readFileSync(join(folder, file)) };
}

function filesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'));
  } catch {
    return [];
  }
}
