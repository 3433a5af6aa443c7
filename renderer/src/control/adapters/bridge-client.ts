/** The desktop shell's bridge as a control client: what the preload script puts on the page. */
import type { ControlBridge } from '@coffer/native-worker/contract';
import { CallFailed, type ControlClient, type ControlOutput } from '../control-client.ts';

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
