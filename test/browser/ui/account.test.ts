/**
 * Goal: a person removes a device, makes new words, sets a second factor and lets a device in, in both
 * languages; nothing changes before it is confirmed; every dialog is whole in each size and theme.
 */
import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import type { Page } from 'playwright-core';
import type { FakePage } from './fake-bridge.ts';
import { RECOVERY_WORDS } from './scenes.ts';
import {
  LOCALES,
  PICTURES_WANTED,
  UiBench,
  assertNothing,
  axeFaults,
  commandsOf,
  messagesOf,
  overflowsOf,
  picture,
} from './ui-page.ts';

const PASSWORD = 'long enough by far';

const bench = await UiBench.start();
after(() => bench[Symbol.asyncDispose]());

/** A page in one of the languages, and what is written on it. */
interface Sight {
  readonly page: Page;
  readonly locale: (typeof LOCALES)[number];
  readonly t: (key: string, params?: Readonly<Record<string, string>>) => string;
}

test('devices, words, second factor and pairing: each step is whole, and changes what it says', async () => {
  for (const locale of LOCALES) {
    const page = await bench.open({
      scene: 'idle',
      address: '#/settings',
      locale,
      failsOnce: {
        removeDevice: 'second-factor-needed',
        confirmSecondFactor: 'wrong-code',
        changePassword: 'network',
      },
    });
    const sight = { page, locale, t: messagesOf(locale) };
    await removeDevice(sight);
    await makeWords(sight);
    await changePassword(sight);
    await setSecondFactor(sight);
    await letDeviceIn(sight);
  }
  assertNothing(bench.faults, 'errors');
});

async function removeDevice(sight: Sight): Promise<void> {
  const { page, t } = sight;
  const opener = button(sight, t('devices.remove.one', { name: 'ThinkPad' }));
  await opener.press('Enter');
  const title = t('devices.remove.title', { name: 'ThinkPad' });
  const dialog = page.getByRole('dialog', { name: title });
  await dialog.getByText(t('devices.remove.disk')).waitFor();
  const safe = dialog.getByRole('button', { name: t('devices.remove.keep') });
  assert.ok(await isFocused(safe), 'it starts on the safe answer');
  await page.keyboard.press('Escape');
  assert.ok(await isFocused(opener), 'and gives the focus back');
  assert.deepEqual(await commandsOf(page), []);

  await opener.press('Enter');
  await dialog.getByLabel(t('wizard.password'), { exact: true }).press('Enter');
  await dialog.getByText(t('wizard.password.empty')).waitFor();
  await dialog.getByLabel(t('wizard.password'), { exact: true }).fill(PASSWORD);
  await page.keyboard.press('Enter');
  const code = dialog.getByLabel(t('wizard.code'), { exact: true });
  await code.waitFor();
  assert.ok(await isFocused(code), 'the code is asked for once it is needed');
  await look(sight, 'remove-proof');
  await code.fill('123456');
  await page.keyboard.press('Enter');

  await page.getByRole('dialog', { name: t('wizard.words.title') }).waitFor();
  await look(sight, 'remove-words');
  await page.emulateMedia({ media: 'print' });
  const [words, behind] = [page.getByText(RECOVERY_WORDS[23] ?? ''), page.getByRole('navigation')];
  assert.deepEqual([await words.isVisible(), await behind.isVisible()], [true, false], 'printed');
  await page.emulateMedia({ media: 'screen' });
  await page.keyboard.press('Escape');
  await page.getByText(t('words.dropped')).waitFor();
  assert.deepEqual((await commandsOf(page)).at(-1)?.input, { change: 'c2', isKept: false });
  assert.equal(await opener.count(), 1, 'the device is still there');

  await opener.press('Enter');
  await dialog.getByLabel(t('wizard.password'), { exact: true }).fill(PASSWORD);
  await page.keyboard.press('Enter');
  const action = t('devices.remove.one', { name: 'ThinkPad' });
  await confirmWords(sight, action);
  await opener.waitFor({ state: 'detached' });
  const given = (await commandsOf(page)).map(({ command, input }) => [command, input]);
  assert.deepEqual(given.slice(1), [
    ['removeDevice', { device: 'd2', password: PASSWORD, code: '123456' }],
    ['settleWords', { change: 'c2', isKept: false }],
    ['removeDevice', { device: 'd2', password: PASSWORD }],
    ['settleWords', { change: 'c2', isKept: true }],
  ]);
}

async function makeWords(sight: Sight): Promise<void> {
  const { page, t } = sight;
  await button(sight, t('words.make')).press('Enter');
  const dialog = page.getByRole('dialog', { name: t('words.new.title') });
  await dialog.getByLabel(t('wizard.password'), { exact: true }).fill(PASSWORD);
  await look(sight, 'words-proof');
  await page.keyboard.press('Enter');
  await confirmWords(sight, t('words.new.action'));
  await page.getByText(t('words.new.done')).waitFor();
}

async function changePassword(sight: Sight): Promise<void> {
  const { page, t } = sight;
  await button(sight, t('password.change.name')).press('Enter');
  await page.getByLabel(t('password.old'), { exact: true }).fill(PASSWORD);
  await page.getByLabel(t('password.new'), { exact: true }).fill('short');
  await page.keyboard.press('Enter');
  await page.getByText(t('wizard.password.short'), { exact: true }).waitFor();
  await page.getByLabel(t('password.new'), { exact: true }).fill(`${PASSWORD}!`);
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText(t('password.failure.network')).waitFor();
  await look(sight, 'password');
  await page.keyboard.press('Enter');
  await page.getByText(t('password.done')).waitFor();
  const given = { password: PASSWORD, newPassword: `${PASSWORD}!` };
  assert.deepEqual((await commandsOf(page)).at(-1)?.input, given);
}

/** Writes three of the words; the first time with one of them wrong. */
async function confirmWords(sight: Sight, action: string): Promise<void> {
  const { page, t } = sight;
  await page.getByText(t('wizard.words.written')).click();
  await page.getByRole('button', { name: t('wizard.words.check') }).press('Enter');
  const dialog = page.getByRole('dialog', { name: t('wizard.check.title') });
  const fields = await dialog.locator('.field').all();
  assert.equal(fields.length, 3);
  const make = dialog.getByRole('button', { name: action });
  await make.press('Enter');
  await dialog.locator('.below.wrong').first().waitFor();
  await look(sight, 'words-check');
  for (const field of fields) {
    const number = Number(/\d+/.exec(await field.locator('label').innerText())?.[0]);
    await field.locator('input').fill(RECOVERY_WORDS[number - 1] ?? '');
  }
  await make.press('Enter');
}

async function setSecondFactor(sight: Sight): Promise<void> {
  const { page, t } = sight;
  await button(sight, t('factor.enable')).press('Enter');
  const at = (step: string) => page.getByRole('dialog', { name: t(`factor.${step}.title`) });
  await at('proof').getByLabel(t('wizard.password'), { exact: true }).fill(PASSWORD);
  await look(sight, 'factor-proof');
  await page.keyboard.press('Enter');
  const code = at('secret').getByLabel(t('factor.code'), { exact: true });
  await code.fill('123456');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText(t('factor.failure.wrong-code')).waitFor();
  await look(sight, 'factor-secret');
  await page.keyboard.press('Enter');
  await at('codes').getByText('ancho-q7x2m').waitFor();
  // They are shown once: nothing takes them away before somebody has them.
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await look(sight, 'factor-codes');
  await page.getByText(t('wizard.words.written')).click();
  await at('codes')
    .getByRole('button', { name: t('close') })
    .press('Enter');

  await button(sight, t('factor.end')).press('Enter');
  const ending = page.getByRole('dialog', { name: t('factor.end.title') });
  await ending.getByLabel(t('wizard.password'), { exact: true }).fill(PASSWORD);
  await ending.getByLabel(t('wizard.code'), { exact: true }).fill('654321');
  await look(sight, 'factor-end');
  await page.keyboard.press('Enter');
  await button(sight, t('factor.enable')).waitFor();
}

async function letDeviceIn(sight: Sight): Promise<void> {
  const { page, t } = sight;
  await button(sight, t('devices.add')).press('Enter');
  const dialog = page.getByRole('dialog', { name: t('devices.add') });
  await dialog.getByRole('list', { name: t('pairing.words') }).waitFor();
  await look(sight, 'pairing');
  await page.evaluate(() => (globalThis as unknown as FakePage).fakeJoin('Pixel 8'));
  await page.getByRole('dialog', { name: t('pairing.joined.title') }).waitFor();
  await look(sight, 'pairing-joined');
  await page.keyboard.press('Escape');
  await button(sight, t('devices.remove.one', { name: 'Pixel 8' })).waitFor();
}

test('what cannot be asked or done says so: a list without its server, words that may count', async () => {
  const t = messagesOf('en');
  const page = await bench.open({
    scene: 'idle',
    address: '#/settings',
    failsOnce: {
      devices: 'network',
      secondFactor: 'network',
      openPairing: 'network',
      settleWords: 'unreached',
    },
  });
  const sight = { page, locale: 'en', t } as const;
  await page.getByText(t('devices.failure.network')).waitFor();
  await look(sight, 'devices-unknown');
  const retry = page.getByRole('button', { name: t('retry') });
  await retry.first().press('Enter');
  await page.getByText('ThinkPad').waitFor();
  await retry.press('Enter');
  await button(sight, t('factor.enable')).waitFor();
  await button(sight, t('devices.add')).press('Enter');
  await page.getByRole('alert').getByText(t('pairing.failure.network')).waitFor();
  await page.getByRole('button', { name: t('pairing.again') }).press('Enter');
  await page.getByRole('list', { name: t('pairing.words') }).waitFor();
  await page.keyboard.press('Escape');
  assert.deepEqual((await commandsOf(page)).at(-1)?.command, 'closePairing');

  await button(sight, t('words.make')).press('Enter');
  await page.getByLabel(t('wizard.password'), { exact: true }).fill(PASSWORD);
  await page.keyboard.press('Enter');
  await confirmWords(sight, t('words.new.action'));
  await page.getByRole('alert').getByText(t('words.unknown')).waitFor();
  await look(sight, 'words-unknown');
  await page.keyboard.press('Escape');
  assert.equal(await page.getByText(t('words.dropped')).count(), 0, 'it may have been done');
  assertNothing(bench.faults, 'errors');
});

function button({ page }: Sight, name: string) {
  return page.getByRole('main').getByRole('button', { name, exact: true });
}

function isFocused(locator: ReturnType<typeof button>): Promise<boolean> {
  return locator.evaluate((element) => element.matches(':focus'));
}

async function look({ page, locale }: Sight, name: string): Promise<void> {
  for (const [width, colorScheme] of [
    [360, 'dark'],
    [820, 'light'],
  ] as const) {
    await page.setViewportSize({ width, height: width === 360 ? 720 : 800 });
    await page.emulateMedia({ colorScheme });
    const where = `account-${name}-${width}-${colorScheme}-${locale}`;
    if (PICTURES_WANTED) await picture(page, where);
    const faults = [...(await overflowsOf(page))];
    // What axe looks at does not change with the language.
    if (locale === 'en') faults.push(...(await axeFaults(page)));
    if (faults.length > 0) faults.push(`seen in ${await picture(page, where)}`);
    assertNothing(faults, where);
  }
}
