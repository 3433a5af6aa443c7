/** Goal: the page as the daemon serves it: opened once by its address, answered and told over loopback. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ControlFailure,
  type ControlTarget,
  type EngineEvent,
  type NumberedEvent,
} from '@coffer/native-worker/contract';
import { ControlServer } from '@coffer/native-worker/control';
import { builtRenderer } from '@coffer/renderer/build';
import { launchChromium } from '../chromium.ts';
import { SCENES } from './scenes.ts';

const TOKEN = 'b2'.repeat(32);

/** Answers as a scene tells; pausing is refused. */
class SceneTarget implements ControlTarget {
  readonly #listeners = new Set<(event: NumberedEvent) => void>();

  readonly call: ControlTarget['call'] = async (name) => {
    if (name === 'pause') throw new ControlFailure({ code: 'busy', message: '', hint: '' });
    return (SCENES.idle as unknown as Record<string, unknown>)[name] ?? {};
  };

  readonly subscribe = (listener: (event: NumberedEvent) => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  emit(event: EngineEvent): void {
    for (const listener of this.#listeners) listener({ number: 1, event });
  }
}

test('is opened once, filled, told of news, refused in words, and says when the daemon is gone', async () => {
  const target = new SceneTarget();
  await using server = new ControlServer({
    target,
    token: TOKEN,
    clock: {
      now: () => Date.now(),
      sleep: (durationMs, signal) => sleep(durationMs, undefined, { signal }),
    },
    random: { bytes: (length) => randomBytes(length) },
    hello: {},
    ownRoutes: {},
    pageFolder: await builtRenderer(),
  });
  await server.listen();
  const browser = await launchChromium();
  try {
    const offer = await fetch(`${server.url}/v1/ui`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    const { url } = (await offer.json()) as { url: string };
    const page = await browser.newPage({ locale: 'en-GB' });
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => {
      if (/policy|refused/i.test(message.text())) faults.push(message.text());
    });
    await page.goto(url);
    await page.getByRole('heading', { name: 'Everything is in place' }).waitFor();
    await page.getByText('Comptes 2026.ods').waitFor();
    assert.equal(new URL(page.url()).search, '', 'the word that opened the page is not kept');

    const activity = { at: '2026-11-20T14:32:00Z', op: 'upload', path: 'New.txt', device: 'd1' };
    target.emit({ kind: 'activity', activity });
    await page.getByText('New.txt').waitFor();

    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('menuitem', { name: 'For 30 minutes' }).click();
    await page.getByRole('alert').getByText('Coffer is busy with this').waitFor();
    assert.deepEqual(faults, []);

    await server[Symbol.asyncDispose]();
    await page.getByRole('heading', { name: 'Coffer is not running' }).waitFor();
    await page.getByText('Comptes 2026.ods').waitFor();
  } finally {
    await browser.close();
  }
});
