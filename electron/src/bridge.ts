/** What preload and main process say to each other, and what the page finds as `cofferBridge`. */
import type { FailureShape, NumberedEvent } from '@coffer/native-worker/contract';

/** Channels; requests carry plain data alone and are parsed by the main process. */
export const CHANNELS = {
  call: 'coffer:call',
  subscribe: 'coffer:subscribe',
  unsubscribe: 'coffer:unsubscribe',
  events: 'coffer:events',
  face: 'coffer:face',
} as const;

export type CallAnswer =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: FailureShape };

export type BridgeNews =
  { readonly kind: 'event'; readonly event: NumberedEvent } | { readonly kind: 'connected' };

/** How things look in the tray: told by the page, which has the words. */
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

export interface Bridge {
  readonly call: (command: string, input: unknown) => Promise<CallAnswer>;
  readonly subscribe: (listener: (news: BridgeNews) => void) => () => void;
  readonly showFace: (face: TrayFace) => void;
}
