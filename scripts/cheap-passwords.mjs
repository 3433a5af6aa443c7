// Preloaded into the suites that prove a password hundreds of times in one process: OPAQUE as it is, but
// with the least memory that Argon2 takes. The product still has to ask for its full price, each time;
// the suites of real processes pay it.
import { createRequire, registerHooks } from 'node:module';

const NAME = '@serenity-kit/opaque';
const FULL_PRICE = 'memory-constrained';
const CHEAP = { 'argon2id-custom': { iterations: 1, memory: 8, parallelism: 1 } };

/** @type {typeof import('@serenity-kit/opaque')} */
const real = createRequire(new URL('../sdk/package.json', import.meta.url))(NAME);

/**
 * @template {{ keyStretching?: unknown }} P
 * @template R
 * @param {(params: P) => R} call
 * @returns {(params: P) => R}
 */
function cheaply(call) {
  return (params) => {
    if (params.keyStretching !== FULL_PRICE) {
      console.error(`a password is stretched with ${String(params.keyStretching)}`);
      process.exit(1);
    }
    return call({ ...params, keyStretching: CHEAP });
  };
}

export const { ready, server } = real;
export const client = {
  ...real.client,
  finishRegistration: cheaply(real.client.finishRegistration),
  finishLogin: cheaply(real.client.finishLogin),
};

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === NAME ? { url: import.meta.url, shortCircuit: true } : next(specifier, context),
});
