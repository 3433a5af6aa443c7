/**
 * Preloaded into the main process under test: `electron` is the double from here on. In a worker
 * thread it cannot be imported, as with the real one.
 */
import { registerHooks } from 'node:module';
import { isMainThread } from 'node:worker_threads';

const DOUBLE = new URL('./electron.ts', import.meta.url).href;

registerHooks({
  resolve(specifier, context, next) {
    if (specifier !== 'electron') return next(specifier, context);
    if (!isMainThread) throw new Error('electron cannot be imported in a worker thread');
    return { url: DOUBLE, shortCircuit: true };
  },
});
