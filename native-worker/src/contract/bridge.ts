/** What a page finds in the desktop shell as `cofferBridge`: plain data in and out. */
import type { FailureShape } from './control-failure.ts';
import type { NumberedEvent } from './events.ts';

/** Errors cannot cross the bridge with their fields: a failure is an answer. */
export type BridgeAnswer =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: FailureShape };

/** What the other side tells unasked. After `lost`, `connected` comes once it answers again. */
export type ControlNews =
  | { readonly kind: 'event'; readonly event: NumberedEvent }
  | { readonly kind: 'connected' }
  | { readonly kind: 'lost' };

/** How things look in the tray, and the words of its menu: told by the page, which has the words. */
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

export interface ControlBridge {
  readonly call: (command: string, input: unknown) => Promise<BridgeAnswer>;
  readonly subscribe: (listener: (news: ControlNews) => void) => () => void;
  readonly showFace: (face: TrayFace) => void;
}
