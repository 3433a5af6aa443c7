/** Goal: every view, in every state, language, theme and width, is whole, reachable and readable. */
import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import type { Page } from 'playwright-core';
import { RECOVERY_WORDS, SCENES, type SceneName } from './scenes.ts';
import {
  LOCALES,
  PICTURES_WANTED,
  THEMES,
  UiBench,
  WIDTHS,
  animationsOf,
  assertNothing,
  axeFaults,
  overflowsOf,
  picture,
  unseenControls,
} from './ui-page.ts';

interface View {
  readonly name: string;
  readonly scene: SceneName;
  readonly address: string;
  readonly widths: readonly number[];
}

/** States that lay out nothing that other scenes do not lay out too. */
const ALIKE: readonly SceneName[] = ['paused', 'full', 'nearlyFull', 'quiet', 'loading', 'failing'];
const PAGES: readonly View[] = (Object.keys(SCENES) as SceneName[]).map((scene) => ({
  name: scene,
  scene,
  address: '',
  widths: ALIKE.includes(scene) ? [360] : WIDTHS,
}));
const SECTIONS: readonly View[] = (
  [
    ['decide', 'decisions'],
    ['decide', 'idle'],
    ['folders', 'decisions'],
    ['folders', 'paused'],
    ['settings', 'nearlyFull'],
    ['settings', 'offline'],
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

/** All that axe asks of colours, and of nothing else. */
const COLOUR_RULES = ['color-contrast', 'link-in-text-block'];

const bench = await UiBench.start();
after(() => bench[Symbol.asyncDispose]());

test('every view is whole and passes axe', { timeout: 600_000 }, async (t) => {
  for (const view of [...PAGES, ...SECTIONS, ...TRAYS]) {
    await t.test(view.name, async () => {
      for (const locale of LOCALES) await look(view, locale);
    });
  }
  assertNothing(bench.faults, 'errors, foreign requests and policy violations');
});

test('every step of the first run is whole and passes axe', { timeout: 300_000 }, async () => {
  for (const locale of LOCALES) {
    const page = await bench.open({ scene: 'signedOut', locale });
    const primary = page.locator('main button[type="submit"], main button.primary');
    await page.locator('main input').fill('drive.example.org');
    await primary.click();
    await page.locator('input[type="password"]').waitFor();
    await lookAtStep(page, `account-${locale}`);
    await page.locator('main .link').click();
    await lookAtStep(page, `sign-in-${locale}`);
    for (const [way, lines] of [
      ['recover', 4],
      ['pair', 2],
    ] as const) {
      await page
        .locator('main .others .link')
        .nth(way === 'recover' ? 0 : 1)
        .click();
      await page.locator(`textarea[rows="${lines}"]`).waitFor();
      await lookAtStep(page, `${way}-${locale}`);
      await page.locator('header button').first().click();
    }
    await page.locator('main .link').first().click();
    await page.locator('input[type="email"]').fill('camille.lefevre@grenoble-archives.example.org');
    await page.locator('input[type="password"]').fill('long enough by far');
    await primary.click();
    await page.locator('ol li.mono').first().waitFor();
    await page.locator('input[type="checkbox"]').check();
    await lookAtStep(page, `words-${locale}`);
    await primary.click();
    await lookAtStep(page, `check-${locale}`);
    for (const field of await page.locator('main .field').all()) {
      const number = Number(/\d+/.exec(await field.locator('label').innerText())?.[0]);
      await field.locator('input').fill(RECOVERY_WORDS[number - 1] ?? '');
    }
    await primary.click();
    await page.locator('main button[aria-expanded]').click();
    await lookAtStep(page, `folder-${locale}`);
    await primary.click();
    await page.locator('main h1').getByText('Coffer').waitFor();
    await lookAtStep(page, `ready-${locale}`);
  }
  assertNothing(bench.faults, 'errors, foreign requests and policy violations');
});

test('more contrast, forced colours and less motion are taken as asked for', async () => {
  for (const [scene, address] of [
    ['syncing', ''],
    ['decisions', '#/decide'],
    ['nearlyFull', '#/settings'],
    ['decisions', '?window=tray'],
  ] as const) {
    const page = await bench.open({ scene, address, width: address.startsWith('?') ? 360 : 820 });
    const where = `${scene}-${address.replace(/\W/g, '')}`;
    for (const colorScheme of THEMES) {
      await page.emulateMedia({ colorScheme, contrast: 'more' });
      if (PICTURES_WANTED) await picture(page, `${where}-${colorScheme}-contrast`);
      assertNothing(await axeFaults(page, ['color-contrast-enhanced']), `${where}: contrast`);
    }
    await page.emulateMedia({ contrast: null, forcedColors: 'active' });
    if (PICTURES_WANTED) await picture(page, `${where}-forced`);
    assertNothing([...(await overflowsOf(page)), ...(await axeFaults(page))], `${where}: forced`);
    assertNothing(await unseenControls(page), `${where}: controls without an edge`);
    assert.equal(await animationsOf(page), 0, 'nothing moves by itself');
    await page.emulateMedia({ reducedMotion: 'no-preference' });
    if (scene === 'syncing') assert.ok((await animationsOf(page)) > 0, 'but otherwise it does');
  }
  assertNothing(bench.faults, 'errors');
});

async function lookAtStep(page: Page, name: string): Promise<void> {
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: width === 360 ? 720 : 800 });
    await page.emulateMedia({ colorScheme: width === 820 ? 'dark' : 'light' });
    if (PICTURES_WANTED) await picture(page, `step-${name}-${width}`);
    assertNothing(await overflowsOf(page), `${name} ${width}`);
    // What axe looks at does not change with the language.
    if (name.endsWith('-en')) assertNothing(await axeFaults(page), `${name} ${width}`);
  }
}

async function look(view: View, locale: (typeof LOCALES)[number]): Promise<void> {
  const isTray = view.address.startsWith('?');
  const page = await bench.open({ ...view, locale });
  for (const width of view.widths) {
    await page.setViewportSize({ width, height: isTray ? 520 : width === 360 ? 720 : 800 });
    for (const theme of THEMES) {
      const where = `${view.name}-${width}-${theme}-${locale}`;
      await page.emulateMedia({ colorScheme: theme });
      if (PICTURES_WANTED) await picture(page, where);
      const faults = [...(await overflowsOf(page))];
      // Colours do not change with the width, nor what axe looks at with the language.
      const isAsked = locale === 'en' && (theme === 'light' || width === view.widths[0]);
      if (isAsked && width !== 820)
        faults.push(...(await axeFaults(page, theme === 'dark' ? COLOUR_RULES : undefined)));
      if (faults.length > 0) faults.push(`seen in ${await picture(page, where)}`);
      assertNothing(faults, where);
    }
  }
}
