/**
 * A profile in the hands of one program, and open to this computer (docs/daemon.md): commands run beside
 * its engine, and a page is served. The daemon is nothing else; the desktop application is this and
 * windows.
 */
import { MessageChannel } from 'node:worker_threads';
import { bytesToHex } from '@coffer/protocol/core';
import { systemClock, systemRandom } from '@coffer/sdk/node';
import { isAlive } from '../adapters/index.ts';
import type { FailureShape } from '../contract/index.ts';
import { ControlServer, type OwnRoute } from '../control/control-server.ts';
import { TOKEN_BYTES } from '../control/http-guard.ts';
import { readDaemonFile, removeDaemonFile, writeDaemonFile } from './daemon-file.ts';
import { holdProfile, type HeldProfile, type HoldOptions } from './hold-profile.ts';
import type { ProfileTarget } from './profile-target.ts';

export interface ServeOptions extends Omit<HoldOptions, 'engineChanged'> {
  /** Module of the engine's thread: its guests are commands from terminals. */
  readonly entry: URL;
  /** Of the program. */
  readonly version: string;
  /** Folder of the built page. */
  readonly pageFolder: string;
  /** `coffer daemon stop`: the program is to end. */
  readonly onStop: () => void;
}

export interface ServedProfile extends HeldProfile {
  /** Origin on loopback. */
  readonly url: string;
  /** An address that opens the page once, within a minute. */
  readonly offerPage: () => string;
  /**
   * Starts the engine when somebody is signed in; resolves with what keeps it from opening. Rejects
   * with ControlFailure `locked` while another program has the profile.
   */
  readonly start: () => Promise<FailureShape | undefined>;
}

/** Listens at once; `daemon.json` says so from `start` on, until `release`. */
export async function serveProfile(options: ServeOptions): Promise<ServedProfile> {
  const { profile, version, pageFolder, onStop } = options;
  const token = bytesToHex(systemRandom.bytes(TOKEN_BYTES));
  // Commands come here while the engine runs; while nobody is signed in they run by themselves.
  const announce = (takesCommands: boolean): void => {
    const place = { pid: process.pid, port: server.port, token, version, takesCommands };
    writeDaemonFile(profile, place);
  };
  const held = holdProfile({ ...options, engineChanged: announce });
  const { target } = held;
  const server = new ControlServer({
    target,
    token,
    clock: systemClock,
    random: systemRandom,
    hello: { version, pid: process.pid },
    ownRoutes: {
      'POST /v1/command': commandRoute(target),
      'POST /v1/stop': async (_, response) => {
        response.end('{}');
        onStop();
      },
      'POST /v1/reload': async (_, response) => {
        await target.engine?.restart();
        response.end('{}');
      },
    },
    pageFolder,
  });
  await server.listen();
  return {
    ...held,
    url: server.url,
    offerPage: () => server.offerPage(),
    start: async () => {
      const failure = await target.start();
      // Of several programs that wait for somebody to sign in, one is found by commands.
      const told = readDaemonFile(profile);
      const isTold = told?.token === token || (told !== undefined && isAlive(told.pid));
      if (target.engine === undefined && !isTold) announce(false);
      return failure;
    },
    release: async (withinMs) => {
      await held.release(withinMs);
      removeDaemonFile(profile);
      await server[Symbol.asyncDispose]();
    },
  };
}

/** Joins the conversation of a terminal with a guest of the engine's thread. */
function commandRoute(target: ProfileTarget): OwnRoute {
  return async (request, response) => {
    const { port1, port2 } = new MessageChannel();
    target.visit(port2);
    response.writeHead(200, { 'content-type': 'application/octet-stream' });
    response.flushHeaders();
    port1.on('message', (bytes: Uint8Array) => response.write(bytes));
    port1.once('close', () => response.end());
    request.on('data', (bytes: Buffer) => port1.postMessage(bytes));
    response.once('close', () => port1.close());
  };
}
