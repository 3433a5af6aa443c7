/**
 * The desktop application: one instance, a served profile as the daemon's, a tray, two windows. It knows
 * nothing of syncing; whatever a window does goes through the control contract, to the own engine or
 * to that of a daemon that has the profile.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { app, powerMonitor } from 'electron';
import type { ControlTarget } from '@coffer/native-worker/contract';
import { profileAt, serveProfile, shareProfile } from '@coffer/native-worker/profile';
import { claimScheme, servePages } from './app-pages.ts';
import { servePageCalls } from './page-service.ts';
import { TrayIcon } from './tray-icon.ts';
import { Windows } from './windows.ts';

const STOP_MS_MAX = 10_000;
const root = fileURLToPath(new URL('../../../', import.meta.url));

async function run(): Promise<void> {
  const profile = profileAt(undefined, process.env);
  const pageFolder = join(root, 'renderer/dist');
  const served = await serveProfile({
    profile,
    what: 'the Coffer application',
    version: app.getVersion(),
    entry: new URL(import.meta.resolve('@coffer/cli/engine')),
    pageFolder,
    onStop: () => app.quit(),
  });
  const { log } = served;
  const { target, feed } = shareProfile(served, profile);
  const ending = new AbortController();
  const fields = { pid: process.pid };
  log.write({ level: 'info', what: 'application starts', fields });
  await target.look(ending.signal);
  void target.follow(ending.signal);
  const windows = new Windows(join(root, 'electron/dist/preload.cjs'));
  servePages(pageFolder);
  const tray = new TrayIcon(join(root, 'resources/tray'), {
    show: () => windows.showTray(),
    open: () => windows.showMain(),
    pause: () => void give(target, 'pause'),
    resume: () => void give(target, 'resume'),
    quit: () => app.quit(),
  });
  servePageCalls({ target, feed, onFace: (face) => tray.show(face) });
  app.on('second-instance', () => windows.showMain());
  app.on('activate', () => windows.showMain());
  // Without a window the application goes on in the tray.
  app.on('window-all-closed', () => undefined);
  powerMonitor.on('resume', () => void served.wake());
  app.on('before-quit', () => windows.letGo());
  app.once('will-quit', (event) => {
    event.preventDefault();
    ending.abort();
    void served.release(STOP_MS_MAX).finally(() => {
      log.write({ level: 'info', what: 'application ended', fields });
      app.exit(0);
    });
  });
  await windows.open();
  const account = (await target.call('account', {}, new AbortController().signal)) as {
    readonly signedIn: boolean;
  };
  if (!account.signedIn) windows.showMain();
}

/** Of what fails the page tells by its own calls. */
async function give(target: ControlTarget, command: 'pause' | 'resume'): Promise<void> {
  await target.call(command, {}, new AbortController().signal).catch(() => undefined);
}

if (app.requestSingleInstanceLock()) {
  app.enableSandbox();
  claimScheme();
  void app.whenReady().then(run);
} else app.exit(0);
