/** The desktop shell's bridge as a control client: what the preload script puts on the page. */
import type { FailureShape } from '@coffer/native-worker/contract';
import {
  CallFailed,
  type ControlClient,
  type ControlNews,
  type ControlOutput,
} from '../control-client.ts';

/** Plain data in and out: errors cannot cross the bridge with their fields. */
export interface ControlBridge {
  readonly call: (
    command: string,
    input: unknown,
  ) => Promise<
    | { readonly ok: true; readonly value: unknown }
    | { readonly ok: false; readonly error: FailureShape }
  >;
  readonly subscribe: (listener: (news: ControlNews) => void) => () => void;
  /** Tells the shell what its tray shows; absent where there is none. */
  readonly showFace?: (face: TrayFace) => void;
}

/** How things look in the tray, and the words of its menu. */
export interface TrayFace {
  readonly glyph: string;
  readonly title: string;
  readonly words: {
    readonly open: string;
    readonly pause: string;
    readonly resume: string;
    readonly quit: string;
  };
  readonly isPaused: boolean;
}

export function createBridgeClient(bridge: ControlBridge): ControlClient {
  return {
    async call(command, input) {
      const answer = await bridge.call(command, input);
      if (!answer.ok) throw new CallFailed(answer.error);
      return answer.value as ControlOutput<typeof command>;
    },
    subscribe: (listener) => bridge.subscribe(listener),
  };
}
