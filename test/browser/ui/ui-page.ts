/** The built page in Chromium, over the fake: served as the daemon serves it, watched for what must not be. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { builtRenderer } from '@coffer/renderer/build';
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from '../chromium.ts';
import { installFakeBridge, type FakeOptions, type FakePage } from './fake-bridge.ts';
import { NOW, RECOVERY_WORDS, SCENES, type SceneName } from './scenes.ts';

export const WIDTHS = [360, 820, 1280] as const;
export const LOCALES = ['en', 'fr'] as const;
export const THEMES = ['light', 'dark'] as const;

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/** True when somebody names a folder to look at pictures of everything. */
export const PICTURES_WANTED = process.env['COFFER_UI_PICTURES'] !== undefined;
const PICTURES = process.env['COFFER_UI_PICTURES'] ?? join(tmpdir(), 'coffer-ui-pictures');

export interface OpenOptions {
  readonly scene: SceneName;
  readonly locale?: (typeof LOCALES)[number];
  readonly width?: number;
  readonly height?: number;
  /** With the leading `?` or `#`. */
  readonly address?: string;
  readonly failsOnce?: FakeOptions['failsOnce'];
}

interface OpenPage {
  readonly page: Page;
  /** That which plays its scene. */
  readonly script: Awaited<ReturnType<Page['addInitScript']>>;
}

/** One browser and one server for a file of tests; everything ends with `using`. */
export class UiBench implements AsyncDisposable {
  readonly #browser: Browser;
  readonly #server: Server;
  readonly #origin: string;
  /** Errors, refused resources and policy violations of all pages. */
  readonly faults: string[] = [];
  readonly #pages = new Map<(typeof LOCALES)[number], OpenPage>();
  /** Shown last. */
  #scene = '';

  private constructor(browser: Browser, server: Server) {
    this.#browser = browser;
    this.#server = server;
    this.#origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(): Promise<UiBench> {
    const server = await serve(await builtRenderer());
    return new UiBench(await launchChromium(), server);
  }

  /**
   * A page as a person meets it for the first time. It is the same one for each language, emptied of what it
   * showed and kept: a page of its own costs four times as much as what it loads.
   */
  async open(options: OpenOptions): Promise<Page> {
    const { scene, locale = 'en', width = 1280, height = 800, address = '', failsOnce } = options;
    const known = this.#pages.get(locale);
    const page = known?.page ?? (await this.#newPage(locale));
    if (known !== undefined) await forget(known);
    this.#scene = scene;
    await page.setViewportSize({ width, height });
    await page.clock.setFixedTime(NOW);
    const fake = {
      scene: SCENES[scene],
      recoveryWords: RECOVERY_WORDS,
      failsOnce: failsOnce ?? {},
    };
    const script = await page.addInitScript(installFakeBridge, fake);
    this.#pages.set(locale, { page, script });
    await page.goto(`${this.#origin}/${address}`);
    await page.locator('h1').first().waitFor();
    await page.evaluate(() =>
      (globalThis as unknown as PageWindow).document.fonts.ready.then(() => undefined),
    );
    return page;
  }

  async #newPage(locale: (typeof LOCALES)[number]): Promise<Page> {
    const context = await this.#browser.newContext({
      locale: locale === 'fr' ? 'fr-FR' : 'en-GB',
      timezoneId: 'UTC',
      reducedMotion: 'reduce',
    });
    const page = await context.newPage();
    page.on('pageerror', (error) => this.faults.push(`${this.#scene}: ${error.message}`));
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') {
        this.faults.push(`${this.#scene}: ${message.text()}`);
      }
    });
    page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(this.#origin) && !url.startsWith('blob:'))
        this.faults.push(`asks ${url}`);
    });
    return page;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    this.#server.close();
  }
}

/** Takes back what a page was told to be, and what it kept. */
async function forget({ page, script }: OpenPage): Promise<void> {
  await script.dispose();
  await page.context().clearPermissions();
  await page.emulateMedia({
    media: null,
    colorScheme: 'light',
    reducedMotion: 'reduce',
    contrast: null,
    forcedColors: null,
  });
  await page.evaluate('localStorage.clear(), sessionStorage.clear()');
  // An address that differs in what follows `#` alone would load nothing.
  await page.goto('about:blank');
}

async function serve(folder: string): Promise<Server> {
  const files = new Set(
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => `/${name}`),
  );
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://x');
    const name = pathname === '/' ? '/index.html' : pathname;
    if (!files.has(name)) {
      response.writeHead(404).end();
      return;
    }
    const type = TYPES[extname(name)] ?? 'application/octet-stream';
    response.writeHead(200, { 'content-type': type, 'content-security-policy': POLICY });
    response.end(readFileSync(join(folder, name)));
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return server;
}

/** Texts of a language without forms that count, as they are written on the page. */
export function messagesOf(
  locale: (typeof LOCALES)[number],
): (key: string, params?: Readonly<Record<string, string>>) => string {
  const file = new URL(`../../../resources/locales/${locale}.json`, import.meta.url);
  const messages = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  return (key, params = {}) => {
    const message = messages[key];
    assert.ok(typeof message === 'string', key);
    return message.replaceAll(/\{(\w+)\}/g, (whole, name: string) => params[name] ?? whole);
  };
}

/** Takes a picture; says where it is. */
export async function picture(page: Page, name: string): Promise<string> {
  const path = join(PICTURES, `${name}.png`);
  await page.screenshot({ path });
  return path;
}

/** What the page asked of the other side, without the questions that only read. */
export async function commandsOf(page: Page): Promise<FakePage['fakeCalls']> {
  const calls = await page.evaluate(() => (globalThis as unknown as FakePage).fakeCalls);
  const reading =
    /^(account|status|listPairs|conflicts|held|stalls|activity|usage|devices|secondFactor|localFolders|remoteFolders)$/;
  return calls.filter(({ command }) => !reading.test(command));
}

const AXE = readFileSync(join(import.meta.resolve('axe-core').replace('file://', '')), 'utf8');

interface AxeWindow {
  readonly axe: {
    readonly run: (options: object) => Promise<{
      readonly violations: readonly {
        readonly id: string;
        readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
      }[];
    }>;
  };
}

/** What axe finds wrong, in words; `rules`: these instead of its usual ones. */
export async function axeFaults(page: Page, rules?: readonly string[]): Promise<readonly string[]> {
  if ((await page.evaluate('"axe" in globalThis')) !== true) await page.evaluate(AXE);
  return page.evaluate(async (only) => {
    const { violations } = await (globalThis as unknown as AxeWindow).axe.run({
      resultTypes: ['violations'],
      ...(only === undefined ? {} : { runOnly: { type: 'rule', values: only } }),
    });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary}`),
    );
  }, rules);
}

/** How much moves by itself on the page at this moment. */
export async function animationsOf(page: Page): Promise<number> {
  return Number(
    await page.evaluate(
      `document.getAnimations().filter(({ effect }) => effect.getComputedTiming().duration > 0).length`,
    ),
  );
}

/** Buttons that nothing shows as such where colours are forced: no edge, no symbol, no underline. */
export async function unseenControls(page: Page): Promise<readonly string[]> {
  const found: unknown = await page.evaluate(`
    [...document.querySelectorAll('button')]
      .filter((button) => button.offsetParent !== null && button.querySelector('svg') === null)
      .filter((button) => {
        const look = getComputedStyle(button);
        return look.borderTopWidth === '0px' && look.outlineStyle === 'none' &&
          !look.textDecorationLine.includes('underline');
      })
      .map((button) => button.outerHTML.slice(0, 120))`);
  return found as readonly string[];
}

/** As much of a page's globals as is needed here: the project's tests are compiled without a DOM. */
interface PageElement {
  readonly offsetParent: unknown;
  readonly scrollWidth: number;
  readonly clientWidth: number;
  readonly outerHTML: string;
  readonly closest: (selector: string) => unknown;
  readonly querySelector: (selector: string) => unknown;
}
interface PageWindow {
  readonly document: {
    readonly documentElement: PageElement;
    readonly querySelectorAll: (selector: string) => Iterable<PageElement>;
    readonly fonts: { readonly ready: Promise<unknown> };
  };
  readonly getComputedStyle: (element: PageElement) => { readonly display: string };
}

/** Texts that stick out of the page to the side, or are cut without an ellipsis. */
export async function overflowsOf(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    const { document, getComputedStyle } = globalThis as unknown as PageWindow;
    const whole = document.documentElement;
    const wide = whole.scrollWidth - whole.clientWidth;
    // A name is cut in its middle, on purpose and with an ellipsis.
    const isName = (element: PageElement) =>
      element.closest('.name') !== null || element.querySelector('.name') !== null;
    const cut = [...document.querySelectorAll('button, h1, h2, p, a, label, span')]
      .filter((element) => element.offsetParent !== null && element.closest('.heard') === null)
      .filter((element) => element.scrollWidth > element.clientWidth + 1 && !isName(element))
      .filter((element) => getComputedStyle(element).display !== 'inline')
      .map((element) => `cut: ${element.outerHTML.slice(0, 120)}`);
    return wide > 0 ? [`the page is ${wide} px too wide`, ...cut] : cut;
  });
}

export function assertNothing(found: readonly string[], where: string): void {
  assert.deepEqual(found, [], where);
}
