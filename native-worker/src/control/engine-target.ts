/** An engine in this thread as what answers calls: parses every input by the table of commands. */
import {
  accountCommands,
  commands,
  ControlFailure,
  type CommandName,
  type ControlCommandName,
  type ControlTarget,
  type Engine,
  type FailureShape,
} from '../contract/index.ts';
import { answering } from './failure-of.ts';
import { parseInput } from './parse-input.ts';

export function engineTarget(engine: Engine): ControlTarget {
  return {
    call: async (name, input, signal) => {
      if (!isEngineCommand(name)) throw new ControlFailure(NOT_OURS);
      const parsed = parseInput<unknown>(name, commands[name].input, input);
      // The table gives each name its input: what was parsed by it fits its method.
      const method = engine[name] as (
        input: unknown,
        options: { signal: AbortSignal },
      ) => Promise<unknown>;
      return answering(signal, () => method(parsed, { signal }));
    },
    subscribe: (listener) => engine.subscribe(listener),
  };
}

const NOT_OURS: FailureShape = {
  code: 'not-found',
  message: 'the engine has no such call',
  hint: '',
};

function isEngineCommand(name: string): name is CommandName {
  return Object.hasOwn(commands, name);
}

export function isCommandName(text: string): text is ControlCommandName {
  return isEngineCommand(text) || Object.hasOwn(accountCommands, text);
}
