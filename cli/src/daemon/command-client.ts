/** A command that runs in the daemon, seen from the terminal: its streams, questions and exit code. */
import type { ClientRequest } from 'node:http';
import { EXIT } from '../failure.ts';
import type { Streams } from '../output.ts';
import { gone, openRequest, refusalOf } from './daemon-client.ts';
import type { DaemonPlace } from '@coffer/native-worker/daemon-file';
import {
  encodeFrame,
  encodeHello,
  FRAME,
  FrameReader,
  type Hello,
  type Question,
} from './frames.ts';

export interface ForwardedCommand {
  readonly hello: Hello;
  readonly streams: Streams;
  readonly signal: AbortSignal;
}

/** Runs it to its end. Throws CliFailure when the daemon is gone or refuses. */
export async function runInDaemon(place: DaemonPlace, command: ForwardedCommand): Promise<number> {
  const { request, response } = openRequest(place, { method: 'POST', path: '/v1/command' });
  const { signal } = command;
  const abort = (): void => void request.write(encodeFrame(FRAME.abort));
  const conversation = new Conversation(request, command.streams);
  request.write(encodeHello(command.hello));
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  try {
    const answer = await response;
    const body = answer as AsyncIterable<Buffer>;
    if (answer.statusCode !== 200) {
      const parts: Buffer[] = [];
      for await (const part of body) parts.push(part);
      throw refusalOf(JSON.parse(Buffer.concat(parts).toString('utf8')));
    }
    const reader = new FrameReader((kind, frame) => conversation.receive(kind, frame));
    for await (const part of body) reader.push(part);
  } catch (error) {
    if (error instanceof Error && error.name === 'CliFailure') throw error;
    throw gone(place, error);
  } finally {
    signal.removeEventListener('abort', abort);
    request.destroy();
  }
  if (conversation.exitCode === undefined) throw gone(place, undefined);
  return conversation.exitCode;
}

class Conversation {
  exitCode: number | undefined;
  readonly #request: ClientRequest;
  readonly #streams: Streams;
  #input: AsyncIterator<Uint8Array> | undefined;

  constructor(request: ClientRequest, streams: Streams) {
    this.#request = request;
    this.#streams = streams;
  }

  receive(kind: number, body: Buffer): void {
    switch (kind) {
      case FRAME.stdout:
        this.#streams.stdout.write(body);
        break;
      case FRAME.stderr:
        this.#streams.stderr.write(body.toString('utf8'));
        break;
      case FRAME.exit:
        this.exitCode = Number(body.toString('utf8'));
        this.#request.end();
        break;
      case FRAME.ask:
        void this.#ask(JSON.parse(body.toString('utf8')) as Question);
        break;
      case FRAME.wantInput:
        void this.#sendInput();
        break;
      default:
        this.exitCode = EXIT.failed;
    }
  }

  async #ask(question: Question): Promise<void> {
    try {
      const text = await this.#streams.input.ask(question);
      this.#request.write(encodeFrame(FRAME.answer, text));
    } catch {
      // Ctrl-C at the question: the command ends as interrupted.
      this.#request.write(encodeFrame(FRAME.abort));
    }
  }

  /** One piece for each time that it is wanted: the reader sets the pace. */
  async #sendInput(): Promise<void> {
    this.#input ??= this.#streams.input.read()[Symbol.asyncIterator]();
    const next = await this.#input.next();
    if (next.done === true) this.#request.write(encodeFrame(FRAME.inputEnd));
    else this.#request.write(encodeFrame(FRAME.input, next.value));
  }
}
