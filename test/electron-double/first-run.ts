/** What a person clicks and types from the first window to a synced folder; in English. */
import type { Page } from 'playwright-core';

export interface FirstRun {
  readonly server: string;
  readonly email: string;
  readonly password: string;
  /** Absolute path of a folder that is there. */
  readonly folder: string;
}

export async function walkFirstRun(page: Page, run: FirstRun): Promise<void> {
  await page.getByLabel('Address of the server').fill(run.server);
  await page.getByRole('button', { name: 'Go on' }).click();
  await page.getByLabel('E-mail').fill(run.email);
  await page.getByLabel('Password', { exact: true }).fill(run.password);
  await page.getByRole('button', { name: 'Create account' }).click();
  const words = await recoveryWords(page);
  await page.getByText('I have written them down').click();
  await page.getByRole('button', { name: 'Check 3 of them' }).click();
  await giveWords(page, words);
  await page.getByRole('button', { name: 'Go on' }).click();
  await page.getByLabel('Folder on this computer').fill(run.folder);
  await page.locator('form button[type=submit]').click();
  await page.getByRole('button', { name: 'Open Coffer' }).click();
}

async function recoveryWords(page: Page): Promise<readonly string[]> {
  const items = page.getByRole('list', { name: 'Your 24 recovery words' }).getByRole('listitem');
  await items.nth(23).waitFor();
  const texts = await items.allInnerTexts();
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
