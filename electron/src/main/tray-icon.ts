/**
 * The icon in the system's tray. Its menu can do all that a click can: on some systems a click is
 * never told, and where there is no tray at all the large window opens by itself.
 */
import { join } from 'node:path';
import { Menu, nativeImage, nativeTheme, Tray, type NativeImage } from 'electron';
import type { TrayFace } from '@coffer/native-worker/contract';

const GLYPHS: ReadonlySet<string> = new Set([
  'attention',
  'error',
  'idle',
  'offline',
  'paused',
  'signed-out',
  'syncing',
]);

export interface TrayActions {
  readonly show: () => void;
  readonly open: () => void;
  readonly pause: () => void;
  readonly resume: () => void;
  readonly quit: () => void;
}

export class TrayIcon {
  readonly #icons: string;
  readonly #actions: TrayActions;
  readonly #tray: Tray;
  #face: TrayFace;

  /** `icons`: folder of the images. */
  constructor(icons: string, actions: TrayActions) {
    this.#icons = icons;
    this.#actions = actions;
    this.#face = UNKNOWN;
    this.#tray = new Tray(this.#image());
    this.#tray.on('click', () => this.#actions.show());
    nativeTheme.on('updated', () => this.#tray.setImage(this.#image()));
    this.show(UNKNOWN);
  }

  show(face: TrayFace): void {
    this.#face = face;
    this.#tray.setImage(this.#image());
    this.#tray.setToolTip(face.title);
    this.#tray.setContextMenu(this.#menu());
  }

  #menu(): Menu {
    const { title, words, isPaused } = this.#face;
    const { open, pause, resume, quit } = this.#actions;
    return Menu.buildFromTemplate([
      { label: title, enabled: false },
      { type: 'separator' },
      { label: words.open, click: open },
      isPaused ? { label: words.resume, click: resume } : { label: words.pause, click: pause },
      { type: 'separator' },
      { label: words.quit, click: quit },
    ]);
  }

  #image(): NativeImage {
    const { glyph } = this.#face;
    const name = (GLYPHS.has(glyph) ? glyph : 'idle').replace('-', '');
    if (process.platform === 'darwin') {
      const image = nativeImage.createFromPath(join(this.#icons, `tray-${name}-template.png`));
      image.setTemplateImage(true);
      return image;
    }
    const tone = nativeTheme.shouldUseDarkColors ? 'dark' : 'light';
    return nativeImage.createFromPath(join(this.#icons, `tray-${name}-${tone}.png`));
  }
}

/** Until the page told more. */
const UNKNOWN: TrayFace = {
  glyph: 'syncing',
  title: 'Coffer',
  words: {
    open: 'Open Coffer',
    pause: 'Pause syncing',
    resume: 'Resume syncing',
    quit: 'Quit Coffer',
  },
  isPaused: false,
};
