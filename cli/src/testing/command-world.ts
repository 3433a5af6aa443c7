/** Commands in one process, with a real server: what a test of their words needs, in milliseconds each. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { profileOf } from '@coffer/native-worker/profile-folder';
import { createServer } from '@coffer/server';
import type { Streams } from '../output.ts';
import { runInvocation } from '../run-command.ts';

export interface Told {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Streams without a terminal, or with one at which `answer` is typed to each question. */
export function recordingStreams(
  answer?: string,
  showsProgress = false,
): {
  readonly streams: Streams;
  readonly said: () => { readonly stdout: string; readonly stderr: string };
} {
  let stdout = '';
  let stderr = '';
  const ask = async (): Promise<string> => answer ?? '';
  const input = { isTTY: answer !== undefined, read: async function* () {}, ask };
  return {
    streams: {
      stdout: { write: (text) => void (stdout += Buffer.from(text).toString('utf8')) },
      stderr: { write: (text) => void (stderr += text), isTTY: showsProgress },
      input,
    },
    said: () => ({ stdout, stderr }),
  };
}

/** A server and a profile that is signed in to it; commands run in this process. */
export class CommandWorld implements AsyncDisposable {
  readonly base = mkdtempSync(join(tmpdir(), 'coffer-commands-'));
  readonly home = join(this.base, 'home');
  readonly folder = join(this.base, 'folder');
  #server = createServer({ dataDir: join(this.base, 'server'), log: 'silent' });
  url = '';
  /** Id of the account. */
  account = '';

  async start(): Promise<void> {
    ({ url: this.url } = await (await this.#server).listen({ host: '127.0.0.1', port: 0 }));
    const words = join(this.base, 'words');
    mkdirSync(this.folder);
    writeFileSync(join(this.folder, 'letter'), 'dear');
    const email = ['--server', this.url, '--email', 'ana@example.org'];
    const made = await this.run(['signup', ...email, '--recovery-file', words]);
    assert.equal(made.code, 0, made.stderr);
    this.account = (JSON.parse(made.stdout) as { account: string }).account;
    for (const line of [
      ['mkdir', '/folder'],
      ['put', join(this.folder, 'letter'), '/letter'],
      ['sync', 'add', this.folder, '/folder'],
    ])
      assert.equal((await this.run(line)).code, 0, line.join(' '));
  }

  async run(
    argv: readonly string[],
    options: { home?: string; signal?: AbortSignal; answer?: string } = {},
  ): Promise<Told> {
    const { streams, said } = recordingStreams(options.answer);
    const code = await runInvocation({
      argv: ['--home', options.home ?? this.home, '--json', ...argv],
      streams,
      env: { COFFER_PASSWORD: 'correct horse battery staple' },
      cwd: this.base,
      signal: options.signal ?? new AbortController().signal,
    });
    return { code, ...said() };
  }

  /** What a command says when the server refuses its first request like this. */
  async refused(status: number, body: string): Promise<Told> {
    const proxy = createHttpServer((_, response) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const { port } = proxy.address() as AddressInfo;
    try {
      return await this.throughProxy(`http://127.0.0.1:${port}`);
    } finally {
      proxy.closeAllConnections();
      proxy.close();
    }
  }

  async throughProxy(proxy: string): Promise<Told> {
    const { configFile } = profileOf(this.home);
    writeFileSync(configFile, JSON.stringify({ proxy }));
    try {
      return await this.run(['quota']);
    } finally {
      rmSync(configFile);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#server).close();
    rmSync(this.base, { recursive: true, force: true });
  }
}
