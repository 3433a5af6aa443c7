/**
 * The two windows: the small one at the tray, and the large one. They are made hidden, kept, and shown
 * when they are wanted; closing one hides it until the application ends.
 */
import { BrowserWindow, screen, session, shell, type WebContents } from 'electron';
import { isOwnPage, ORIGIN } from './app-pages.ts';

const TRAY_SIZE = { width: 384, height: 560 } as const;
const MAIN_SIZE = { width: 1080, height: 720 } as const;

export class Windows {
  readonly #preload: string;
  #tray: BrowserWindow | undefined;
  #main: BrowserWindow | undefined;
  #isQuitting = false;

  /** `preload`: absolute path of the bundled script. */
  constructor(preload: string) {
    this.#preload = preload;
    denyPermissions();
  }

  /** Makes the tray's window, hidden: it tells the tray its words. */
  async open(): Promise<void> {
    this.#tray = this.#make({
      ...TRAY_SIZE,
      frame: false,
      resizable: false,
      skipTaskbar: true,
      fullscreenable: false,
    });
    await this.#tray.loadURL(`${ORIGIN}/index.html?window=tray`);
  }

  showTray(): void {
    const window = this.#tray;
    if (window === undefined) return;
    const cursor = screen.getCursorScreenPoint();
    const { workArea } = screen.getDisplayNearestPoint(cursor);
    const x = clamp(cursor.x - TRAY_SIZE.width / 2, workArea.x, workArea.width - TRAY_SIZE.width);
    const y = clamp(cursor.y, workArea.y, workArea.height - TRAY_SIZE.height);
    window.setPosition(x, y);
    window.show();
  }

  showMain(): void {
    if (this.#main === undefined) {
      this.#main = this.#make({ ...MAIN_SIZE, minWidth: 360, minHeight: 480, title: 'Coffer' });
      void this.#main.loadURL(`${ORIGIN}/index.html`);
    }
    if (this.#main.isMinimized()) this.#main.restore();
    this.#main.show();
    this.#main.focus();
  }

  /** From now on closing closes. */
  letGo(): void {
    this.#isQuitting = true;
  }

  #make(options: Electron.BrowserWindowConstructorOptions): BrowserWindow {
    const window = new BrowserWindow({
      ...options,
      show: false,
      webPreferences: {
        preload: this.#preload,
        sandbox: true,
        contextIsolation: true,
        nodeIntegration: false,
        webSecurity: true,
        webviewTag: false,
      },
    });
    window.on('close', (event) => {
      if (this.#isQuitting) return;
      event.preventDefault();
      window.hide();
    });
    this.#confine(window.webContents);
    return window;
  }

  /** A page stays what it is; our own addresses open the large window, others the browser. */
  #confine(contents: WebContents): void {
    contents.on('will-navigate', (event) => event.preventDefault());
    contents.setWindowOpenHandler(({ url }) => {
      if (isOwnPage(url)) this.showMain();
      else if (url.startsWith('https://')) void shell.openExternal(url);
      return { action: 'deny' };
    });
  }
}

/** Nothing but writing to the clipboard, after a click: recovery words go to a password manager. */
function denyPermissions(): void {
  const { defaultSession } = session;
  defaultSession.setPermissionRequestHandler((_contents, permission, decide) =>
    decide(permission === ALLOWED),
  );
  defaultSession.setPermissionCheckHandler((_contents, permission) => permission === ALLOWED);
}

const ALLOWED = 'clipboard-sanitized-write';

function clamp(at: number, from: number, room: number): number {
  return Math.round(Math.min(Math.max(at, from), from + Math.max(0, room)));
}
