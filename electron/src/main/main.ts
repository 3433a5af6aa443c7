/**
 * The desktop application: one instance, the engine in its thread, a tray, two windows. It knows nothing
 * of syncing; whatever a window does goes through the control contract.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { app, powerMonitor } from 'electron';
import { holdProfile, profileAt, type HeldProfile } from '@coffer/native-worker/profile';
import { claimScheme, servePages } from './app-pages.ts';
import { servePageCalls } from './page-service.ts';
import { TrayIcon } from './tray-icon.ts';
import { Windows } from './windows.ts';

const STOP_MS_MAX = 10_000;
const root = fileURLToPath(new URL('../../../', import.meta.url));

async function run(): Promise<void> {
  const profile = holdProfile({
    profile: profileAt(undefined, process.env),
    what: 'the Coffer application',
  });
  const { target, feed, log } = profile;
  const fields = { pid: process.pid };
  log.write({ level: 'info', what: 'application starts', fields });
  // Another program may have the profile now: it is waited for.
  void target.start().catch(() => undefined);
  profile.follow();
  const windows = new Windows(join(root, 'electron/dist/preload.cjs'));
  servePages(join(root, 'renderer/dist'));
  const tray = new TrayIcon(join(root, 'resources/tray'), {
    show: () => windows.showTray(),
    open: () => windows.showMain(),
    pause: () => void give(profile, 'pause'),
    resume: () => void give(profile, 'resume'),
    quit: () => app.quit(),
  });
  servePageCalls({ target, feed, onFace: (face) => tray.show(face) });
  app.on('second-instance', () => windows.showMain());
  app.on('activate', () => windows.showMain());
  // Without a window the application goes on in the tray.
  app.on('window-all-closed', () => undefined);
  powerMonitor.on('resume', () => void profile.wake());
  app.on('before-quit', () => windows.letGo());
  app.once('will-quit', (event) => {
    event.preventDefault();
    void profile.release(STOP_MS_MAX).finally(() => {
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
async function give({ target }: HeldProfile, command: 'pause' | 'resume'): Promise<void> {
  await target.call(command, {}, new AbortController().signal).catch(() => undefined);
}

if (app.requestSingleInstanceLock()) {
  app.enableSandbox();
  claimScheme();
  void app.whenReady().then(run);
} else app.exit(0);
