/** First runs by keyboard alone: each way to an account, on pages of the bench that is given. */
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { fill, nameOf, press } from './keyboard.ts';
import { RECOVERY_WORDS } from './scenes.ts';
import {
  PICTURES_WANTED,
  assertNothing,
  axeFaults,
  commandsOf,
  picture,
  type UiBench,
} from './ui-page.ts';

const PAIRING_WORDS = 'abandon ability able about above absent absorb abstract';
const OLD_WORDS = RECOVERY_WORDS.map((word) => `old${word}`);

export async function signUp(bench: UiBench): Promise<void> {
  const page = await bench.open({ scene: 'signedOut', failsOnce: { checkServer: 'network' } });
  const heading = page.locator('main h1');

  await press(page, /button "Go on"/);
  await page.getByText('Say which server').waitFor();
  const described = await page
    .locator('input[aria-invalid="true"]')
    .getAttribute('aria-describedby');
  assert.equal(await page.locator(`[id="${described}"]`).innerText(), 'Say which server');
  await fill(page, /textbox "Address of the server"/, 'drive.example.org');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText('the server cannot be reached').waitFor();
  assertNothing(await axeFaults(page), 'a failure');
  await page.keyboard.press('Enter');

  await heading.getByText('Create your account').waitFor();
  assert.match(await nameOf(page), /heading "Create your account"/, 'read from its beginning');
  await fill(page, /textbox "E-mail"/, 'me@example.org');
  await fill(page, /textbox "Password"/, 'short');
  await page.keyboard.press('Enter');
  await page.locator('.below.wrong').getByText('At least 8 characters').waitFor();
  if (PICTURES_WANTED) await picture(page, 'wizard-account');
  await fill(page, /textbox "Password"/, 'long enough by far');
  await page.keyboard.press('Enter');

  await heading.getByText('24 words').waitFor();
  assertNothing(await axeFaults(page), 'the words');
  if (PICTURES_WANTED) await picture(page, 'wizard-words');
  assert.deepEqual(
    await page
      .locator('ol li.mono')
      .allInnerTexts()
      .then((texts) => texts.map((text) => text.split('\n').at(-1))),
    RECOVERY_WORDS,
  );
  await press(page, /checkbox "I have written them down"/, 'Space');
  await press(page, /button "Check 3 of them"/);
  await answerWords(page, () => 'wrong');
  await page
    .getByText(/This is not word/)
    .first()
    .waitFor();
  assertNothing(await axeFaults(page), 'wrong words');
  if (PICTURES_WANTED) await picture(page, 'wizard-check');
  await answerWords(page, (position) => RECOVERY_WORDS[position] ?? '');

  await heading.getByText('Which folder').waitFor();
  await fill(page, /textbox "Folder on this computer"/, '/home/me/Papers');
  if (PICTURES_WANTED) await picture(page, 'wizard-folder');
  await page.keyboard.press('Enter');
  await heading.getByText('Papers is in your coffer').waitFor();
  assertNothing(await axeFaults(page), 'the end');
  if (PICTURES_WANTED) await picture(page, 'wizard-ready');
  await press(page, /button "Open Coffer"/);
  await page.getByRole('navigation', { name: 'Sections' }).waitFor();

  const commands = (await commandsOf(page)).map(({ command }) => command);
  assert.deepEqual(commands, ['checkServer', 'checkServer', 'signUp', 'addPair']);
  assertNothing(bench.faults, 'errors');
}

export async function signInWithCode(bench: UiBench): Promise<void> {
  const page = await bench.open({
    scene: 'signedOut',
    width: 360,
    failsOnce: { signIn: 'second-factor-needed' },
  });
  await fill(page, /textbox "Address of the server"/, 'drive.example.org');
  await page.keyboard.press('Enter');
  await press(page, /button "Sign in instead"/);
  await fill(page, /textbox "E-mail"/, 'me@example.org');
  await fill(page, /textbox "Password"/, 'short');
  await page.keyboard.press('Enter');
  await page.getByRole('textbox', { name: 'Code' }).waitFor();
  assert.match(await nameOf(page), /textbox "Code"/);
  assertNothing(await axeFaults(page), 'the code');
  await page.keyboard.type('123456');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Which folder' }).waitFor();
  const [, , again] = await commandsOf(page);
  assert.equal(again?.input['code'], '123456');
}

export async function joinByPairing(bench: UiBench): Promise<void> {
  const page = await bench.open({
    scene: 'signedOut',
    failsOnce: { joinByPairing: 'not-found' },
  });
  await fill(page, /textbox "Address of the server"/, 'drive.example.org');
  await page.keyboard.press('Enter');
  await press(page, /button "Sign in instead"/);
  await press(page, /button "Use the words of another device"/);
  await fill(page, /textbox "The 8 words that it shows"/, PAIRING_WORDS);
  await press(page, /button "Join"/);
  await page.getByRole('alert').getByText('no device shows these words').waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Everything is in place' }).waitFor();
  await page.getByRole('navigation', { name: 'Sections' }).waitFor();
  const given = (await commandsOf(page)).at(-1)?.input;
  assert.deepEqual(given, { server: 'https://drive.example.org', words: PAIRING_WORDS });
}

export async function recover(bench: UiBench): Promise<void> {
  const page = await bench.open({
    scene: 'signedOut',
    failsOnce: { recoverAccount: 'wrong-recovery-key', settleRecovery: 'not-found' },
  });
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await fill(page, /textbox "Address of the server"/, 'drive.example.org');
  await page.keyboard.press('Enter');
  await press(page, /button "Sign in instead"/);
  await fill(page, /textbox "E-mail"/, 'back@example.org');
  await press(page, /button "I have lost my password/);
  await fill(page, /textbox "Your 24 recovery words"/, '1 Anchor, 2 basket');
  await fill(page, /textbox "New password"/, 'long enough by far');
  await page.keyboard.press('Enter');
  await page.locator('.below.wrong').getByText('2 words of 24').waitFor();
  await fill(page, /textbox "Your 24 recovery words"/, OLD_WORDS.join(' ').toUpperCase());
  await press(page, /checkbox "Remove all other devices/, 'Space');
  await press(page, /button "Make new words"/);
  await page.getByRole('alert').getByText('do not belong together').waitFor();
  await press(page, /button "Make new words"/);

  await page.locator('main h1').getByText('24 words').waitFor();
  await page.getByText('Nothing has changed yet').waitFor();
  await press(page, /button "Copy"/);
  await page.getByRole('status').getByText('Copied').waitFor();
  assert.equal(await page.evaluate('navigator.clipboard.readText()'), RECOVERY_WORDS.join(' '));
  await confirmWords(page);
  const settled = async () =>
    (await commandsOf(page)).filter(({ command }) => command === 'settleRecovery');
  // Coffer was started again meanwhile: it says so, and leads back to the beginning.
  await page.getByRole('alert').getByText('the new ones count for nothing').waitFor();
  assertNothing(await axeFaults(page), 'void words');
  await press(page, /button "Begin again"/);
  await fill(page, /textbox "Your 24 recovery words"/, OLD_WORDS.join(' '));
  await fill(page, /textbox "New password"/, 'long enough by far');
  await press(page, /checkbox "Remove all other devices/, 'Space');
  await press(page, /button "Make new words"/);
  await page.getByText('Nothing has changed yet').waitFor();
  assert.equal((await settled()).length, 1, 'nothing counts before it is confirmed');
  await confirmWords(page);
  await page.getByRole('navigation', { name: 'Sections' }).waitFor();

  const commands = await commandsOf(page);
  assert.deepEqual(commands.at(-1)?.input, { change: 'c1', isKept: true });
  assert.deepEqual(commands.at(-2)?.input, {
    server: 'https://drive.example.org',
    email: 'back@example.org',
    words: OLD_WORDS.join(' '),
    newPassword: 'long enough by far',
    revokeOthers: true,
  });
  const left = await page.evaluate(
    `document.documentElement.outerHTML + JSON.stringify({ ...localStorage, ...sessionStorage })
     + [...document.querySelectorAll('input, textarea')].map(({ value }) => value).join()`,
  );
  const words = [...OLD_WORDS, ...RECOVERY_WORDS, 'long enough'];
  assertNothing(
    words.filter((word) => new RegExp(`\\b${word}\\b`).test(String(left))),
    'secrets that stay',
  );
  assertNothing(bench.faults, 'errors');
}

async function answerWords(page: Page, answer: (position: number) => string): Promise<void> {
  for (const label of await page.locator('form label').allInnerTexts()) {
    const number = Number(/\d+/.exec(label)?.[0]);
    await fill(page, new RegExp(`textbox "Word ${number}"`), answer(number - 1));
  }
  await page.keyboard.press('Enter');
}

async function confirmWords(page: Page): Promise<void> {
  await press(page, /checkbox "I have written them down"/, 'Space');
  await press(page, /button "Check 3 of them"/);
  await answerWords(page, (position) => RECOVERY_WORDS[position] ?? '');
}
