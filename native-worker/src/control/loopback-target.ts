/**
 * The control contract of another program on this computer, over its loopback server (docs/daemon.md):
 * how a window shows what a daemon does that has the profile already.
 */
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import {
  CONTROL_VERSION,
  ControlFailure,
  type ControlTarget,
  type FailureShape,
  type NumberedEvent,
} from '../contract/index.ts';

const HOST = '127.0.0.1';
/** Whoever runs says so at once; one that was stopped by a signal says nothing, for as long as it is. */
const HELLO_MS_MAX = 5_000;

export interface LoopbackPlace {
  readonly port: number;
  /** Of the profile; in `daemon.json`. */
  readonly token: string;
}

export class LoopbackTarget implements ControlTarget {
  readonly #place: LoopbackPlace;
  readonly #onLost: () => void;
  readonly #helloMsMax: number;
  readonly #listeners = new Set<(event: NumberedEvent) => void>();
  #stream: ClientRequest | undefined;
  #isClosed = false;

  /** `onLost`: once, when the stream of events ended by itself: nobody is there any more. */
  constructor(place: LoopbackPlace, onLost: () => void, helloMsMax = HELLO_MS_MAX) {
    this.#place = place;
    this.#onLost = onLost;
    this.#helloMsMax = helloMsMax;
  }

  /** False when nobody answers in time, or another version of the contract is spoken there. */
  async speaksOurs(signal: AbortSignal): Promise<boolean> {
    try {
      const timeout = this.#helloMsMax;
      const hello = { method: 'GET', path: '/v1/hello', timeout, signal };
      const { body } = await this.#exchange(hello);
      return fieldOf(body, 'control') === CONTROL_VERSION;
    } catch {
      return false;
    }
  }

  readonly call: ControlTarget['call'] = async (name, input, signal) => {
    signal.throwIfAborted();
    const asked = { method: 'POST', path: `/v1/call/${name}`, signal };
    const answer = await this.#exchange(asked, input).catch((cause: unknown) => {
      signal.throwIfAborted();
      throw new ControlFailure(GONE, { cause });
    });
    if (answer.status === 200) return answer.body;
    throw new ControlFailure(failureIn(answer.body));
  };

  readonly subscribe = (listener: (event: NumberedEvent) => void): (() => void) => {
    this.#listeners.add(listener);
    this.#stream ??= this.#follow();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#stream?.destroy();
      this.#stream = undefined;
    };
  };

  /** Nothing is told any more. */
  close(): void {
    this.#isClosed = true;
    this.#listeners.clear();
    this.#stream?.destroy();
  }

  #follow(): ClientRequest {
    const request = this.#open({ method: 'GET', path: '/v1/events' });
    const isLost = (): void => {
      if (this.#isClosed || this.#stream !== request) return;
      this.#stream = undefined;
      this.#onLost();
    };
    request.on('error', isLost);
    request.on('response', (response) => {
      void this.#read(response).then(isLost, isLost);
    });
    request.end();
    return request;
  }

  async #read(response: IncomingMessage): Promise<void> {
    response.setEncoding('utf8');
    let rest = '';
    for await (const part of response as AsyncIterable<string>) {
      const messages = (rest + part).split('\n\n');
      rest = messages.pop() ?? '';
      for (const message of messages) this.#tell(message);
    }
  }

  /** Batches of events have no name; what has one says where the stream begins. */
  #tell(message: string): void {
    const lines = message.split('\n');
    if (lines.some((line) => line.startsWith('event: '))) return;
    const data = lines.find((line) => line.startsWith('data: '))?.slice('data: '.length);
    if (data === undefined) return;
    for (const event of JSON.parse(data) as readonly NumberedEvent[]) {
      for (const listener of this.#listeners) listener(event);
    }
  }

  async #exchange(
    asked: RequestOptions,
    input?: unknown,
  ): Promise<{ readonly status: number; readonly body: unknown }> {
    const request = this.#open(asked);
    const response = new Promise<IncomingMessage>((resolve, reject) => {
      request.once('response', resolve);
      request.once('error', reject);
    });
    request.end(input === undefined ? undefined : JSON.stringify(input));
    const answer = await response;
    const parts: Buffer[] = [];
    for await (const part of answer as AsyncIterable<Buffer>) parts.push(part);
    const body: unknown = JSON.parse(Buffer.concat(parts).toString('utf8'));
    return { status: answer.statusCode ?? 0, body };
  }

  #open(asked: RequestOptions): ClientRequest {
    const { port, token } = this.#place;
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const http = process.getBuiltinModule('node:http');
    const request = http.request({ ...asked, host: HOST, port, agent: false, headers });
    request.on('timeout', () => request.destroy(new Error('nothing came')));
    return request;
  }
}

const GONE: FailureShape = {
  code: 'unavailable',
  message: 'the daemon of this profile does not answer',
  hint: 'Nothing is lost. Try again in a moment.',
};

function failureIn(body: unknown): FailureShape {
  const error = fieldOf(body, 'error');
  const text = (name: string, otherwise: string): string => {
    const value = fieldOf(error, name);
    return typeof value === 'string' ? value : otherwise;
  };
  return {
    code: text('code', 'failed'),
    message: text('message', 'the daemon refused'),
    hint: text('hint', ''),
  };
}

function fieldOf(value: unknown, name: string): unknown {
  const isObject = typeof value === 'object' && value !== null;
  return isObject ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}
