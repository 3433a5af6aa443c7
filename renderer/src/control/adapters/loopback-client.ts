/** The daemon's loopback page as a control client (docs/daemon.md): calls by POST, events by stream. */
import type { FailureShape, NumberedEvent } from '@coffer/native-worker/contract';
import {
  CallFailed,
  UNREACHED,
  type ControlClient,
  type ControlNews,
  type ControlOutput,
} from '../control-client.ts';

/** After the daemon was lost it is looked for this often. */
const RECONNECT_MS = 2000;

export function createLoopbackClient(): ControlClient {
  return {
    async call(command, input) {
      const response = await post(`v1/call/${command}`, input);
      const answer = (await response.json().catch(() => undefined)) as unknown;
      if (!response.ok) throw new CallFailed(failureIn(answer));
      return answer as ControlOutput<typeof command>;
    },
    subscribe: followEvents,
  };
}

async function post(url: string, input: unknown): Promise<Response> {
  try {
    return await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(input),
    });
  } catch (cause) {
    throw new CallFailed(UNREACHED, { cause });
  }
}

function failureIn(answer: unknown): FailureShape {
  const given = (answer as { error?: Partial<FailureShape> } | undefined)?.error;
  return { code: given?.code ?? 'failed', message: given?.message ?? '', hint: given?.hint ?? '' };
}

function followEvents(listener: (news: ControlNews) => void): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function connect(): void {
    source = new EventSource('v1/events');
    source.addEventListener('here', () => listener({ kind: 'connected' }));
    source.addEventListener('message', ({ data }: MessageEvent<string>) => {
      for (const event of JSON.parse(data) as readonly NumberedEvent[]) {
        listener({ kind: 'event', event });
      }
    });
    source.addEventListener('error', () => {
      source?.close();
      listener({ kind: 'lost' });
      timer = setTimeout(connect, RECONNECT_MS);
    });
  }

  connect();
  return () => {
    clearTimeout(timer);
    source?.close();
  };
}
