/** The client library in a real browser: the full and the lazy client, against a server that may lie. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { base64UrlToBytes, bytesToBase64Url, concatBytes, type Bytes } from '@coffer/protocol/core';
import { decodeProofAnswer, encodeProofAnswer } from '@coffer/protocol/api';
import type { DeviceSecrets } from '@coffer/sdk';
import { build } from 'esbuild';
import { EvilServer, HONEST } from '../hostile/evil-server.ts';
import { putText, signal, World } from '../sdk/harness.ts';
import { launchChromium } from './chromium.ts';
import type { CarriedAnswer, CarriedRequest, CarriedSecrets, DrivePage } from './drive-page.ts';

test(
  'Chromium opens a drive fully and lazily, and refuses a lie',
  { timeout: 120_000 },
  async () => {
    await using world = await World.create('laptop', 'page');
    const [laptop, device] = world.pair;
    await putText(laptop.drive, '/note', 'from the laptop, ');
    const evil = new EvilServer(world.server);
    const browser = await launchChromium();
    try {
      const page = await browser.newPage();
      await page.exposeFunction('exchange', (request: CarriedRequest) => exchange(evil, request));
      await page.addScriptTag({ content: await bundle() });
      const secrets = carry(device.secrets);
      assert.deepEqual((await page.evaluate(callLook, secrets)).split('\n'), [
        '/from the page /note',
        '/from the page /note',
        'from the laptop, in the',
      ]);
      evil.tell(({ call, body }) => {
        if (call !== 'proof') return undefined;
        const answer = decodeProofAnswer(body);
        return encodeProofAnswer({ ...answer, proof: answer.proof.subarray(0, -1) });
      });
      assert.match(await page.evaluate(callLook, secrets), /proof-invalid$/);
      evil.tell(HONEST);
      await laptop.drive.refresh(signal);
      assert.ok(laptop.drive.resolve('/from the page').ok);
    } finally {
      await browser.close();
    }
  },
);

/** Runs in the page. */
function callLook(secrets: CarriedSecrets): Promise<string> {
  return (globalThis as unknown as DrivePage).look(secrets);
}

async function exchange(evil: EvilServer, request: CarriedRequest): Promise<CarriedAnswer> {
  const { body, ...rest } = request;
  const carried = body === undefined ? {} : { body: base64UrlToBytes(body) };
  const answer = await evil.transport.request({ ...rest, ...carried }, signal);
  const parts: Bytes[] = [];
  for await (const part of answer.body) parts.push(part);
  return { status: answer.status, body: bytesToBase64Url(concatBytes(...parts)) };
}

/** The secrets of a device that was never open: what crosses into the page is text. */
function carry(secrets: DeviceSecrets): CarriedSecrets {
  return Object.fromEntries(
    Object.entries(secrets)
      .filter(([name]) => name !== 'homes')
      .map(([name, value]) => [
        name,
        value instanceof Uint8Array ? bytesToBase64Url(value) : (value as string | number),
      ]),
  );
}

/** One script for the page. */
async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'drive-page.ts')],
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    target: 'es2023',
    logLevel: 'error',
  });
  return outputFiles[0]?.text ?? '';
}
