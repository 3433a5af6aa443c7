/** What a person clicks and types from the first window to a synced folder; in English. */
import type { Page } from 'playwright-core';

export interface FirstRun {
  readonly server: string;
  readonly email: string;
  readonly password: string;
  /** Absolute path of a folder that is there. */
  readonly folder: string;
}

/** Gives the 24 words. */
export async function walkFirstRun(page: Page, run: FirstRun): Promise<readonly string[]> {
  await page.getByLabel('Address of the server').fill(run.server);
  await page.getByRole('button', { name: 'Go on' }).click();
  await page.getByLabel('E-mail').fill(run.email);
  await page.getByLabel('Password', { exact: true }).fill(run.password);
  await page.getByRole('button', { name: 'Create account' }).click();
  const words = await keepWords(page);
  await page.getByLabel('Folder on this computer').fill(run.folder);
  await page.locator('form button[type=submit]').click();
  await page.getByRole('button', { name: 'Open Coffer' }).click();
  return words;
}

/** Signs out, and goes on to the sign-in on this server. */
export async function signOutTo(page: Page, server: string): Promise<void> {
  await page.getByRole('link', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click();
  // A page that has been through the first run does not open it again by itself.
  const offered = page.getByRole('main').getByRole('button', { name: 'Sign in' });
  const field = page.getByLabel('Address of the server');
  await offered.or(field).waitFor();
  if (await offered.isVisible()) await offered.click();
  await field.fill(server);
  await page.getByRole('button', { name: 'Go on' }).click();
  await page.getByRole('button', { name: 'Sign in instead' }).click();
}

/**
 * From the sign-in to the end of the first run, where folders sync already; gives the new words. The
 * first time the person goes back while they are shown: the old ones count as before.
 */
export async function recover(page: Page, given: Recovery): Promise<readonly string[]> {
  await makeWords(page, given);
  const unkept = await recoveryWords(page);
  await page.getByRole('button', { name: 'Back' }).click();
  await page.getByRole('button', { name: 'Back' }).click();
  await makeWords(page, given);
  const words = await keepWords(page, 'Open the account');
  if (words.join() === unkept.join()) throw new Error('words that were not kept come again');
  return words;
}

interface Recovery {
  readonly email: string;
  readonly words: readonly string[];
  readonly newPassword: string;
}

async function makeWords(page: Page, given: Recovery): Promise<void> {
  await page.getByRole('button', { name: 'I have lost my password' }).click();
  await page.getByLabel('E-mail').fill(given.email);
  await page.getByLabel('Your 24 recovery words').fill(given.words.join(' '));
  await page.getByLabel('New password', { exact: true }).fill(given.newPassword);
  await page.getByRole('button', { name: 'Make new words' }).click();
}

async function keepWords(page: Page, last = 'Go on'): Promise<readonly string[]> {
  const words = await recoveryWords(page);
  await page.getByText('I have written them down').click();
  await page.getByRole('button', { name: 'Check 3 of them' }).click();
  await giveWords(page, words);
  // In a dialog it may be called as the button that opened it.
  await page.getByRole('button', { name: last }).last().click();
  return words;
}

async function recoveryWords(page: Page): Promise<readonly string[]> {
  const items = page.getByRole('list', { name: 'Your 24 recovery words' }).getByRole('listitem');
  await items.nth(23).waitFor();
  return wordsIn(await items.allInnerTexts());
}

function wordsIn(texts: readonly string[]): readonly string[] {
  return texts.map((text) => text.replace(/^\d+\s*/, '').trim());
}

async function giveWords(page: Page, words: readonly string[]): Promise<void> {
  const fields = page.getByLabel(/^Word \d+$/);
  await fields.first().waitFor();
  for (const field of await fields.all()) {
    const label = await field.evaluate((input: { labels: Iterable<{ textContent: string }> }) =>
      [...input.labels].map(({ textContent }) => textContent).join(''),
    );
    const position = Number(/\d+/.exec(label)?.[0] ?? 0);
    await field.fill(words[position - 1] ?? '');
  }
}

/** The words that let a device in, from the page that shows everything in place. */
export async function pairingWords(page: Page): Promise<string> {
  await page.getByRole('link', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'Let another device in' }).click();
  const items = page.getByRole('list', { name: 'The 8 words' }).getByRole('listitem');
  await items.nth(7).waitFor();
  return wordsIn(await items.allInnerTexts()).join(' ');
}

/** Removes a device in the settings; gives the new words. */
export async function removeDevice(
  page: Page,
  name: string,
  password: string,
): Promise<readonly string[]> {
  await page.getByRole('button', { name: `Remove ${name}` }).click();
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Go on' }).click();
  return keepWords(page, `Remove ${name}`);
}
