/** What a part of a page asks for itself: the last answer, and why there is no newer one. */
import type { FailureShape } from '@coffer/native-worker/contract';
import { failureOf, type ControlOutput } from '../control/control-client.ts';
import type { DriveSession } from '../control/drive-session.ts';

/** Questions without an input, of what the snapshot does not hold. */
type Question = 'devices' | 'secondFactor';

export class Asked<K extends Question> {
  value = $state.raw<ControlOutput<K> | undefined>();
  failure = $state.raw<FailureShape | undefined>();
  readonly #session: DriveSession;
  readonly #question: K;

  constructor(session: DriveSession, question: K) {
    this.#session = session;
    this.#question = question;
  }

  /** Away from the server the last answer stays. */
  readonly read = async (): Promise<void> => {
    try {
      this.value = (await this.#session.ask<Question>(this.#question, {})) as ControlOutput<K>;
      this.failure = undefined;
    } catch (error) {
      this.failure = failureOf(error);
    }
  };
}
