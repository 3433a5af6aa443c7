/**
 * Windows as pages of one Chromium. The preload script runs in an isolated world, as in Electron: what
 * it exposes crosses by events that carry JSON, with functions as numbers.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  chromium,
  type BrowserContext,
  type CDPSession,
  type Page,
  type Route,
} from 'playwright-core';
import { chromiumOptions } from '../browser/chromium.ts';
import { tellTest } from './desk.ts';
import { handlers, toApp, toPage } from './schemes.ts';
import { mainWorld, preloadWorld, WORLD } from './worlds.ts';

export interface PageOptions {
  readonly url: string;
  readonly size: { readonly width: number; readonly height: number };
  readonly preload: string | undefined;
  /** True when the page may go there. */
  readonly wantsToLeave: (url: string) => boolean;
  readonly wantsToOpen: (url: string) => void;
  readonly invoke: (channel: string, values: readonly unknown[], from: string) => unknown;
  readonly sent: (channel: string, values: readonly unknown[], from: string) => void;
}

export interface DoublePage {
  readonly url: () => string;
  readonly tell: (channel: string, values: readonly unknown[]) => void;
}

/** What the preload world sends by its binding. */
type FromPreload =
  | {
      readonly kind: 'invoke';
      readonly id: number;
      readonly channel: string;
      readonly values: readonly unknown[];
    }
  | { readonly kind: 'send'; readonly channel: string; readonly values: readonly unknown[] };

let started: Promise<BrowserContext> | undefined;

async function startChromium(): Promise<BrowserContext> {
  const port = Number(process.env['COFFER_DOUBLE_PORT']);
  const options = chromiumOptions();
  const folder = mkdtempSync(join(tmpdir(), 'coffer-chromium-'));
  const context = await chromium.launchPersistentContext(folder, {
    ...options,
    locale: process.env['COFFER_DOUBLE_LOCALE'] ?? 'en-US',
    args: [...options.args, `--remote-debugging-port=${port}`],
  });
  context.on('close', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  tellTest({ kind: 'chromium', endpoint: `http://127.0.0.1:${port}` });
  return context;
}

export async function closeChromium(): Promise<void> {
  const context = await started?.catch(() => undefined);
  await context?.close();
}

export async function openPage(options: PageOptions): Promise<DoublePage> {
  started ??= startChromium();
  const context = await started;
  const page = await context.newPage();
  await page.setViewportSize(options.size);
  const cdp = await context.newCDPSession(page);
  const world = await installWorlds(cdp, options, page);
  await page.route('**/*', (route) => answer(route, options, page));
  cdp.on('Page.windowOpen', ({ url }) => options.wantsToOpen(toApp(url)));
  page.on('popup', (popup) => void popup.close());
  await page.goto(toPage(options.url));
  return { url: () => toApp(page.url()), tell: world.tell };
}

/** Requests of our own schemes are answered by the application; a page reaches nothing else. */
async function answer(route: Route, { wantsToLeave }: PageOptions, page: Page): Promise<void> {
  const request = route.request();
  const url = toApp(request.url());
  const isFirst = page.url() === 'about:blank';
  if (request.isNavigationRequest() && !isFirst && !wantsToLeave(url)) {
    await route.abort('aborted');
    return;
  }
  const handler = handlers.get(new URL(url).protocol.slice(0, -1));
  if (handler === undefined) {
    await route.abort('internetdisconnected');
    return;
  }
  const response = await handler(requestAs(url, request.method()));
  await route.fulfill({
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: Buffer.from(await response.arrayBuffer()),
  });
}

/** A request under a scheme that `Request` does not take. */
function requestAs(url: string, method: string): Request {
  const request = new Request('https://double.test/', { method });
  Object.defineProperty(request, 'url', { value: url });
  return request;
}

async function installWorlds(
  cdp: CDPSession,
  options: PageOptions,
  page: Page,
): Promise<{ readonly tell: DoublePage['tell'] }> {
  let contextId: number | undefined;
  const inPreload = (call: string): void => {
    if (contextId === undefined) return;
    cdp.send('Runtime.evaluate', { expression: call, contextId }).catch(() => undefined);
  };
  cdp.on('Runtime.executionContextCreated', ({ context }) => {
    if (context.name === WORLD) contextId = context.id;
  });
  cdp.on('Runtime.bindingCalled', ({ name, payload, executionContextId }) => {
    if (name !== 'doubleSend') return;
    contextId = executionContextId;
    const message = JSON.parse(payload) as FromPreload;
    const from = toApp(page.url());
    if (message.kind === 'send') options.sent(message.channel, message.values, from);
    else void settle(message.id, () => options.invoke(message.channel, message.values, from));
  });
  const settle = async (id: number, action: () => unknown): Promise<void> => {
    try {
      inPreload(`double.resolve(${id}, ${JSON.stringify({ value: await action() })})`);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      inPreload(`double.reject(${id}, ${JSON.stringify(text)})`);
    }
  };
  await cdp.send('Runtime.enable');
  await cdp.send('Page.enable');
  if (options.preload !== undefined) {
    await cdp.send('Runtime.addBinding', { name: 'doubleSend', executionContextName: WORLD });
    await cdp.send('Page.addScriptToEvaluateOnNewDocument', { source: mainWorld() });
    await cdp.send('Page.addScriptToEvaluateOnNewDocument', {
      source: preloadWorld(readFileSync(options.preload, 'utf8')),
      worldName: WORLD,
    });
  }
  return {
    tell: (channel, values) =>
      inPreload(`double.hear(${JSON.stringify(channel)}, ${JSON.stringify(values)})`),
  };
}
