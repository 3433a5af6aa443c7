/** What the double keeps of the application: tray, windows, what was opened; and the test's channel. */
import { EventEmitter } from 'node:events';
import type { AppLook, FromApp, ToApp, WindowLook } from './wire.ts';

export interface MenuItem {
  readonly label?: string;
  readonly type?: string;
  readonly enabled?: boolean;
  readonly click?: () => void;
}

interface SeenWindow {
  readonly look: () => WindowLook;
  readonly close: () => void;
}

export const desk = {
  tray: new EventEmitter(),
  theme: new EventEmitter(),
  power: new EventEmitter(),
  isDark: false,
  isReady: false,
  tooltip: '',
  image: '',
  menu: [] as readonly MenuItem[],
  windows: new Set<SeenWindow>(),
  opened: [] as string[],
  navigations: [] as { readonly url: string; readonly isAllowed: boolean }[],
};

export function tellTest(message: FromApp): void {
  process.send?.(message);
}

/** Electron throws where something comes too early. */
export function needReady(what: string): void {
  if (!desk.isReady) throw new Error(`${what} can only be used after the app is ready`);
}

process.on('message', (message: ToApp) => {
  switch (message.kind) {
    case 'menu': {
      const item = desk.menu.find(({ label }) => label === message.label);
      if (item?.click === undefined) throw new Error(`the menu has no ${message.label} to click`);
      item.click();
      break;
    }
    case 'tray-click':
      desk.tray.emit('click');
      break;
    case 'theme':
      desk.isDark = message.isDark;
      desk.theme.emit('updated');
      break;
    case 'resume':
      desk.power.emit('resume');
      break;
    case 'close':
      for (const window of desk.windows) window.close();
      break;
    case 'look':
      tellTest({ kind: 'look', look: lookNow() });
  }
});

function lookNow(): AppLook {
  return {
    tooltip: desk.tooltip,
    image: desk.image,
    menu: desk.menu
      .filter(({ type }) => type !== 'separator')
      .map(({ label, enabled }) => ({ label: label ?? '', isEnabled: enabled !== false })),
    windows: [...desk.windows].map(({ look }) => look()),
    opened: desk.opened,
    navigations: desk.navigations,
  };
}
