/** Goal: every view, in every state, language, theme and width, is whole, reachable and readable. */
import test from 'node:test';
import { SCENES, type SceneName } from './scenes.ts';
import {
  LOCALES,
  THEMES,
  UiBench,
  WIDTHS,
  assertNothing,
  axeFaults,
  overflowsOf,
  picture,
} from './ui-page.ts';

interface View {
  readonly name: string;
  readonly scene: SceneName;
  readonly address: string;
  readonly widths: readonly number[];
}

const PAGES: readonly View[] = (Object.keys(SCENES) as SceneName[]).map((scene) => ({
  name: scene,
  scene,
  address: '',
  widths: WIDTHS,
}));
const SECTIONS: readonly View[] = (
  [
    ['decide', 'decisions'],
    ['decide', 'idle'],
    ['folders', 'decisions'],
    ['folders', 'paused'],
    ['settings', 'nearlyFull'],
  ] as const
).map(([section, scene]) => ({
  name: `${section}-${scene}`,
  scene,
  address: `#/${section}`,
  widths: WIDTHS,
}));
const TRAYS: readonly View[] = (
  ['idle', 'syncing', 'decisions', 'offline', 'lost', 'signedOut', 'empty'] as const
).map((scene) => ({
  name: `tray-${scene}`,
  scene,
  address: '?window=tray',
  widths: [360, 400],
}));

test('every view is whole and passes axe', { timeout: 600_000 }, async (t) => {
  await using bench = await UiBench.start();
  for (const view of [...PAGES, ...SECTIONS, ...TRAYS]) {
    await t.test(view.name, async () => {
      for (const locale of LOCALES) await look(bench, view, locale);
    });
  }
  assertNothing(bench.faults, 'errors, foreign requests and policy violations');
});

async function look(bench: UiBench, view: View, locale: (typeof LOCALES)[number]): Promise<void> {
  const isTray = view.address.startsWith('?');
  const page = await bench.open({ ...view, locale });
  for (const width of view.widths) {
    await page.setViewportSize({ width, height: isTray ? 520 : width === 360 ? 720 : 800 });
    for (const theme of THEMES) {
      const where = `${view.name}-${width}-${theme}-${locale}`;
      await page.emulateMedia({ colorScheme: theme });
      await picture(page, where);
      assertNothing(await overflowsOf(page), where);
      // Colours do not change with the width, nor what axe looks at with the language.
      const isAsked = locale === 'en' && (theme === 'light' || width === view.widths[0]);
      if (isAsked) assertNothing(await axeFaults(page), where);
    }
  }
  await page.context().close();
}
