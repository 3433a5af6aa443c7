/** A command that came from a terminal, run in the engine's thread beside its drive and engine. */
import type { MessagePort } from 'node:worker_threads';
import { CliFailure } from '../failure.ts';
import type { InputStream, Streams } from '../output.ts';
import type { OpenedParts } from '../context.ts';
import { runInvocation } from '../run-command.ts';
import {
  decodeHello,
  encodeFrame,
  FRAME,
  FrameReader,
  type FrameKind,
  type Hello,
} from './frames.ts';

/** Runs until its exit code was sent, or whoever asked is gone. */
export function serveCommand(port: MessagePort, opened: OpenedParts, stopping: AbortSignal): void {
  const guest = new CommandGuest(port, opened, stopping);
  const reader = new FrameReader((kind, body) => guest.receive(kind, body));
  port.on('message', (bytes: Uint8Array) => reader.push(bytes));
  port.once('close', () => guest.leave());
}

class CommandGuest {
  readonly #port: MessagePort;
  readonly #opened: OpenedParts;
  readonly #aborting = new AbortController();
  readonly #signal: AbortSignal;
  #input: PromiseWithResolvers<Uint8Array | undefined> | undefined;
  #answer: PromiseWithResolvers<string> | undefined;

  constructor(port: MessagePort, opened: OpenedParts, stopping: AbortSignal) {
    this.#port = port;
    this.#opened = opened;
    this.#signal = AbortSignal.any([this.#aborting.signal, stopping]);
  }

  receive(kind: number, body: Buffer): void {
    switch (kind) {
      case FRAME.hello:
        void this.#run(decodeHello(body));
        break;
      case FRAME.input:
        this.#input?.resolve(body);
        break;
      case FRAME.inputEnd:
        this.#input?.resolve(undefined);
        break;
      case FRAME.answer:
        this.#answer?.resolve(body.toString('utf8'));
        break;
      default:
        this.leave();
    }
  }

  /** Ctrl-C, or nobody is there any more. */
  leave(): void {
    this.#aborting.abort(new DOMException('interrupted', 'AbortError'));
    const interrupted = new CliFailure('interrupted', 'interrupted');
    this.#answer?.reject(interrupted);
    this.#input?.reject(interrupted);
  }

  async #run({ argv, cwd, env, terminal }: Hello): Promise<void> {
    const code = await runInvocation({
      argv,
      cwd,
      env,
      signal: this.#signal,
      opened: this.#opened,
      streams: this.#streams(terminal),
    });
    this.#send(FRAME.exit, String(code));
    this.#port.close();
  }

  #streams(terminal: Hello['terminal']): Streams {
    return {
      stdout: { isTTY: terminal.stdout, write: (text) => this.#send(FRAME.stdout, text) },
      stderr: { isTTY: terminal.stderr, write: (text) => this.#send(FRAME.stderr, text) },
      input: this.#inputOf(terminal.input),
    };
  }

  #inputOf(isTTY: boolean): InputStream {
    return {
      isTTY,
      read: () => this.#readInput(),
      ask: (question) => {
        this.#answer = Promise.withResolvers<string>();
        this.#send(FRAME.ask, JSON.stringify(question));
        return this.#answer.promise;
      },
    };
  }

  async *#readInput(): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      this.#input = Promise.withResolvers<Uint8Array | undefined>();
      this.#send(FRAME.wantInput);
      const piece = await this.#input.promise;
      if (piece === undefined) return;
      yield piece;
    }
  }

  #send(kind: FrameKind, body: string | Uint8Array = ''): void {
    this.#port.postMessage(encodeFrame(kind, body));
  }
}
