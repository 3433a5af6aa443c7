/** What two threads say to each other about the engine. Both ends are ours: types are enough. */
import type { ControlCommandName, FailureShape, NumberedEvent } from '../contract/index.ts';

export type ToEngine =
  | {
      readonly kind: 'call';
      readonly id: number;
      readonly name: ControlCommandName;
      readonly input: unknown;
    }
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'subscribe' | 'unsubscribe' };

export type FromEngine =
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly failure: FailureShape }
  | { readonly kind: 'event'; readonly event: NumberedEvent };

/** The part of a MessagePort that is used; `parentPort` and both ends of a channel have it. */
export interface Port<Out, In> {
  readonly postMessage: (message: Out) => void;
  readonly on: (event: 'message', listener: (message: In) => void) => unknown;
}
