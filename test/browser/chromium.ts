/** The Chromium that browser tests run in: the system's own, never a download of ours. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const INSTALL = 'apt-get update && apt-get install -y --no-install-recommends chromium';

/**
 * Starts Chromium without a window. Where none is installed, root installs Debian's; anyone else is
 * told the command. It never skips: a browser test that did not run has not passed.
 */
export async function launchChromium(): Promise<Browser> {
  return chromium.launch(chromiumOptions());
}

/** Which Chromium, and how, for those that start it in another way. */
export function chromiumOptions(): {
  readonly executablePath: string;
  readonly headless: true;
  readonly args: string[];
} {
  const isRoot = process.getuid?.() === 0;
  return {
    executablePath: findChromium() ?? installChromium(isRoot),
    headless: true,
    // Chromium refuses to run its sandbox as root, which is what a container gives us.
    args: isRoot ? ['--no-sandbox'] : [],
  };
}

function findChromium(): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin'];
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find(isExecutable);
}

function installChromium(isRoot: boolean): string {
  const missing = `browser tests need Chromium: as root, run \`${INSTALL}\``;
  if (!isRoot) throw new Error(missing);
  console.error(`Chromium is missing: running \`${INSTALL}\``);
  // Test files run beside each other, and apt refuses to run twice: the others wait for the first.
  const lockFile = join(tmpdir(), 'coffer-chromium.lock');
  const script = `command -v chromium || { ${INSTALL}; }`;
  const { status } = spawnSync('flock', [lockFile, 'sh', '-c', script], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const path = findChromium();
  if (status !== 0 || path === undefined) throw new Error(missing);
  return path;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
