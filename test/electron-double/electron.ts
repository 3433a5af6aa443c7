/**
 * The parts of Electron 45 that the application uses, over Chromium pages (README.md: what this can
 * show and what not). Types are checked against Electron's own: `double.test.ts`.
 */
import { EventEmitter } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { desk, needReady, type MenuItem } from './desk.ts';
import { closeChromium, openPage, type DoublePage } from './pages.ts';
import { ipcHandlers, ipcListeners } from './ipc.ts';
import { handlers as schemeHandlers, privileged } from './schemes.ts';

/** The lock of one instance: a socket by the name of the profile. */
const LOCK = join(tmpdir(), `coffer-double-${process.env['COFFER_DOUBLE_ID'] ?? process.pid}.sock`);

class App extends EventEmitter {
  readonly #ready = Promise.withResolvers<undefined>();
  #isExiting = false;

  constructor() {
    super();
    setImmediate(() => {
      desk.isReady = true;
      this.#ready.resolve(undefined);
      this.emit('ready');
    });
  }

  enableSandbox(): void {
    if (desk.isReady) throw new Error('app.enableSandbox() can only be called before app is ready');
  }

  getVersion(): string {
    return '0.0.0';
  }

  whenReady(): Promise<undefined> {
    return this.#ready.promise;
  }

  /** The first instance listens; a second one finds that and tells it. */
  requestSingleInstanceLock(): boolean {
    if (existsSync(LOCK)) {
      connect(LOCK).on('error', () => undefined);
      return false;
    }
    const server = createServer(() =>
      this.emit('second-instance', {}, process.argv, process.cwd()),
    );
    server.listen(LOCK).unref();
    process.once('exit', () => rmSync(LOCK, { force: true }));
    return true;
  }

  quit(): void {
    if (this.#isExiting) return;
    this.emit('before-quit', { preventDefault: () => undefined });
    let isPrevented = false;
    this.emit('will-quit', {
      preventDefault: () => {
        isPrevented = true;
      },
    });
    if (!isPrevented) this.exit(0);
  }

  exit(code = 0): void {
    this.#isExiting = true;
    void closeChromium().finally(() => process.exit(code));
  }
}

export const app = new App();
process.on('SIGTERM', () => app.quit());

interface WebPreferences {
  readonly preload?: string;
  readonly sandbox?: boolean;
  readonly contextIsolation?: boolean;
  readonly nodeIntegration?: boolean;
  readonly webSecurity?: boolean;
  readonly webviewTag?: boolean;
}
interface WindowOptions {
  readonly width?: number;
  readonly height?: number;
  readonly show?: boolean;
  readonly webPreferences?: WebPreferences;
}
type OpenHandler = (details: { readonly url: string }) => { readonly action: 'allow' | 'deny' };

class WebContents extends EventEmitter {
  page: DoublePage | undefined;
  /** While the page is on its way. */
  asked = '';
  openHandler: OpenHandler = () => {
    throw new Error('a window without setWindowOpenHandler opens whatever a page wants');
  };

  send(channel: string, ...values: readonly unknown[]): void {
    this.page?.tell(channel, values);
  }

  setWindowOpenHandler(handler: OpenHandler): void {
    this.openHandler = handler;
  }

  getURL(): string {
    return this.page?.url() ?? this.asked;
  }
}

export class BrowserWindow extends EventEmitter {
  readonly webContents = new WebContents();
  readonly #options: WindowOptions;
  #isVisible: boolean;

  constructor(options: WindowOptions = {}) {
    super();
    needReady('BrowserWindow');
    refuseUnsafe(options.webPreferences ?? {});
    this.#options = options;
    this.#isVisible = options.show !== false;
    desk.windows.add({
      look: () => ({ url: this.webContents.getURL(), isVisible: this.#isVisible }),
      close: () => this.close(),
    });
  }

  async loadURL(url: string): Promise<void> {
    const { width = 800, height = 600, webPreferences } = this.#options;
    const contents = this.webContents;
    contents.asked = url;
    contents.page = await openPage({
      url,
      size: { width, height },
      preload: webPreferences?.preload,
      wantsToLeave: (target) => {
        let isPrevented = false;
        const event = {
          url: target,
          preventDefault: () => {
            isPrevented = true;
          },
        };
        contents.emit('will-navigate', event, target);
        desk.navigations.push({ url: target, isAllowed: !isPrevented });
        return !isPrevented;
      },
      wantsToOpen: (target) => {
        if (contents.openHandler({ url: target }).action === 'allow') {
          throw new Error('the double opens no window of a page');
        }
      },
      invoke: (channel, values, from) => {
        const handler = ipcHandlers.get(channel);
        if (handler === undefined) throw new Error(`No handler registered for '${channel}'`);
        return handler({ sender: contents, senderFrame: { url: from } }, ...values);
      },
      sent: (channel, values, from) => {
        ipcListeners.emit(channel, { sender: contents, senderFrame: { url: from } }, ...values);
      },
    });
  }

  show(): void {
    this.#isVisible = true;
  }

  hide(): void {
    this.#isVisible = false;
  }

  close(): void {
    let isPrevented = false;
    this.emit('close', {
      preventDefault: () => {
        isPrevented = true;
      },
    });
    if (!isPrevented) throw new Error('a window of the application is hidden, not closed');
  }

  focus(): void {
    if (!this.#isVisible) throw new Error('a hidden window has no focus');
  }

  isMinimized(): boolean {
    return false;
  }

  restore(): void {
    this.show();
  }

  setPosition(x: number, y: number): void {
    if (!Number.isInteger(x) || !Number.isInteger(y))
      throw new TypeError('a position is in pixels');
  }
}

function refuseUnsafe(preferences: WebPreferences): void {
  const { sandbox, contextIsolation, nodeIntegration, webSecurity, webviewTag } = preferences;
  const isSafe =
    sandbox === true &&
    contextIsolation !== false &&
    nodeIntegration !== true &&
    webSecurity !== false &&
    webviewTag !== true;
  if (!isSafe) throw new Error('these webPreferences let a page out of its sandbox');
}

export const ipcMain = {
  handle(channel: string, handler: Parameters<typeof ipcHandlers.set>[1]): void {
    if (ipcHandlers.has(channel))
      throw new Error(`Attempted to register a second handler for '${channel}'`);
    ipcHandlers.set(channel, handler);
  },
  on(channel: string, listener: (...values: never[]) => void): void {
    ipcListeners.on(channel, listener as (...values: unknown[]) => void);
  },
};

export const protocol = {
  registerSchemesAsPrivileged(schemes: readonly { readonly scheme: string }[]): void {
    if (desk.isReady) {
      throw new Error('protocol.registerSchemesAsPrivileged should be called before app is ready');
    }
    for (const { scheme } of schemes) privileged.add(scheme);
  },
  handle(scheme: string, handler: (request: Request) => Response | Promise<Response>): void {
    needReady('protocol.handle');
    schemeHandlers.set(scheme, handler);
  },
};

type Decider = (
  contents: unknown,
  permission: string,
  decide: (isAllowed: boolean) => void,
) => void;
export const session = {
  defaultSession: {
    setPermissionRequestHandler(decider: Decider): void {
      decider({}, 'geolocation', (isAllowed) => {
        if (isAllowed) throw new Error('a page gets permissions');
      });
    },
    setPermissionCheckHandler(check: (contents: unknown, permission: string) => boolean): void {
      if (check({}, 'geolocation')) throw new Error('a page has permissions');
    },
  },
};

export const shell = {
  openExternal(url: string): Promise<void> {
    desk.opened.push(url);
    return Promise.resolve();
  },
};

interface Image {
  readonly path: string;
  readonly setTemplateImage: (isTemplate: boolean) => void;
}
export const nativeImage = {
  createFromPath: (path: string): Image => {
    if (!existsSync(path)) throw new Error(`there is no image ${path}`);
    return { path, setTemplateImage: () => undefined };
  },
};

export class Tray {
  constructor(image: Image) {
    needReady('Tray');
    this.setImage(image);
  }

  on(event: string, listener: () => void): this {
    desk.tray.on(event, listener);
    return this;
  }

  setImage({ path }: Image): void {
    desk.image = path;
  }

  setToolTip(text: string): void {
    desk.tooltip = text;
  }

  setContextMenu({ items }: { readonly items: readonly MenuItem[] }): void {
    desk.menu = items;
  }
}

export const Menu = {
  buildFromTemplate: (items: readonly MenuItem[]) => ({ items }),
};

export const nativeTheme = {
  get shouldUseDarkColors(): boolean {
    return desk.isDark;
  },
  on: (event: string, listener: () => void): void => {
    desk.theme.on(event, listener);
  },
};

export const powerMonitor = {
  on: (event: string, listener: () => void): void => {
    needReady('powerMonitor');
    desk.power.on(event, listener);
  },
};

const DISPLAY = { workArea: { x: 0, y: 0, width: 1920, height: 1040 } };
export const screen = {
  getCursorScreenPoint: () => ({ x: 1800, y: 1060 }),
  getDisplayNearestPoint: () => DISPLAY,
};
