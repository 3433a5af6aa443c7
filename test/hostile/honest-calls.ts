/** Calls to the honest server behind the lies, made with a device's own key. */
import assert from 'node:assert/strict';
import { CALLS, decodeJson, encodeSessionProof } from '@coffer/protocol/api';
import { bytesToBase64Url, concatBytes, utf8ToBytes, type Bytes } from '@coffer/protocol/core';
import type { OpenSuite } from '@coffer/protocol/crypto';
import { sign } from '@coffer/protocol/crypto/open';
import type { DeviceSecrets } from '@coffer/sdk';
import type { MemoryServer } from '@coffer/server/testing';

export interface HonestAnswer {
  readonly status: number;
  readonly body: Bytes;
}

export class HonestCalls {
  readonly #server: MemoryServer;
  readonly #suite: OpenSuite;
  readonly #secrets: DeviceSecrets;
  token: string | undefined;

  constructor(server: MemoryServer, suite: OpenSuite, secrets: DeviceSecrets) {
    this.#server = server;
    this.#suite = suite;
    this.#secrets = secrets;
  }

  /** Opens a session; undefined when the server refuses it. */
  async signIn(): Promise<string | undefined> {
    const { account, device, deviceSeed, server: origin } = this.#secrets;
    const asked = await this.send('POST', CALLS.sessionChallenge.path, json({ account, device }));
    const { challenge } = decodeJson(CALLS.sessionChallenge.answer, asked.body);
    const proof = encodeSessionProof({ origin, account, device, challenge });
    const signature = sign(this.#suite, deviceSeed, 'session', proof);
    const given = await this.send(
      'POST',
      CALLS.startSession.path,
      json({
        account,
        device,
        challenge: bytesToBase64Url(challenge),
        signature: bytesToBase64Url(signature),
      }),
    );
    if (given.status !== 200) return undefined;
    this.token = decodeJson(CALLS.startSession.answer, given.body).token;
    return this.token;
  }

  /** One exchange, with the session if there is one. */
  async send(method: 'GET' | 'POST', path: string, body?: Bytes): Promise<HonestAnswer> {
    const isJson = path.startsWith('/v1/sessions') || path.startsWith('/v1/account');
    const type = isJson ? 'application/json' : 'application/octet-stream';
    const response = await this.#server.handle({
      method,
      path,
      headers: {
        ...(this.token === undefined ? {} : { authorization: `Bearer ${this.token}` }),
        ...(body === undefined ? {} : { 'content-type': type }),
      },
      ...(body === undefined ? {} : { body }),
    });
    const parts: Bytes[] = [];
    for await (const part of response.body) parts.push(part);
    return { status: response.status, body: concatBytes(...parts) };
  }

  /** `send` in a session, which must succeed. */
  async get(method: 'GET' | 'POST', path: string, body?: Bytes): Promise<Bytes> {
    if (this.token === undefined) assert.ok((await this.signIn()) !== undefined, 'a session');
    const answer = await this.send(method, path, body);
    assert.equal(answer.status, 200, `${path}: ${new TextDecoder().decode(answer.body)}`);
    return answer.body;
  }
}

function json(value: unknown): Bytes {
  return utf8ToBytes(JSON.stringify(value));
}
