/** An engine in this thread as what answers calls: parses every input by the table of commands. */
import {
  commands,
  ControlFailure,
  type CommandName,
  type ControlTarget,
  type Engine,
} from '../contract/index.ts';
import { failureOf } from './failure-of.ts';

export function engineTarget(engine: Engine): ControlTarget {
  return {
    call: async (name, input, signal) => {
      const parsed = commands[name].input.safeParse(input);
      if (!parsed.success) {
        const [issue] = parsed.error.issues;
        const where = issue?.path.join('.') ?? '';
        const what = `${name}: ${where === '' ? '' : `${where}: `}${issue?.message ?? 'malformed'}`;
        throw new ControlFailure({ code: 'malformed', message: what, hint: '' });
      }
      try {
        // The table gives each name its input: what was parsed by it fits its method.
        const method = engine[name] as (
          input: unknown,
          options: { signal: AbortSignal },
        ) => Promise<unknown>;
        return await method(parsed.data, { signal });
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof ControlFailure) throw error;
        throw new ControlFailure(failureOf(error), { cause: error });
      }
    },
    subscribe: (listener) => engine.subscribe(listener),
  };
}

export function isCommandName(text: string): text is CommandName {
  return Object.hasOwn(commands, text);
}
