/** A person without a mouse: goes by Tab from one thing to the next, and types. */
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';

/** Tabs until what has the focus has this accessible name; fails after a whole round. */
export async function tabTo(page: Page, name: RegExp): Promise<void> {
  const TABS_MAX = 60;
  const seen: string[] = [];
  for (let i = 0; i < TABS_MAX; i++) {
    const focused = page.locator(':focus');
    const label = (await focused.count()) === 0 ? '' : await nameOf(page);
    if (name.test(label)) return;
    seen.push(label);
    await page.keyboard.press('Tab');
  }
  assert.fail(`no way by keyboard to ${name}: ${seen.join(' | ')}`);
}

export async function nameOf(page: Page): Promise<string> {
  const snapshot = await page.locator(':focus').ariaSnapshot();
  return snapshot.split('\n')[0] ?? '';
}

export async function fill(page: Page, name: RegExp, text: string): Promise<void> {
  await tabTo(page, name);
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.type(text);
}

export async function press(page: Page, name: RegExp, key = 'Enter'): Promise<void> {
  await tabTo(page, name);
  await page.keyboard.press(key);
}
