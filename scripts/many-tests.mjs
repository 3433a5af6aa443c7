// Many test files in one process, which loads what they share once. Arguments are the files.
//
// What `node --test --test-isolation=none` does, but for two things. Node notes for each promise which test it
// is of, by a hook that costs a tenth of the time of suites that await all the time: here it does not. What
// fails and nobody awaits is printed and fails the run all the same, without the name of a test. And a file
// that throws as it is loaded fails the run also when it had begun to say its tests.
import hooks from 'node:async_hooks';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const TIMEOUT_MS = 900_000;

const files = process.argv.slice(2);
if (files.length === 0) throw new Error('no test files given');
const { createHook } = hooks;
const none = { enable: () => none, disable: () => none };
hooks.createHook = () => none;
const { run } = await import('node:test');
const { dot } = await import('node:test/reporters');
const tests = run({ files, isolation: 'none', timeout: TIMEOUT_MS });
hooks.createHook = createHook;

/** @type {(what: string) => (error: unknown) => void} */
const failing = (what) => (error) => {
  console.error(`${what}:`, error);
  process.exitCode = 1;
};
process.on('uncaughtException', failing('thrown in no test'));
process.on('unhandledRejection', failing('rejected, and nobody awaits it'));
tests.on('test:fail', () => {
  process.exitCode = 1;
});
tests.on('end', () => {
  // A module that failed fails again, with what it failed with; others are not run anew.
  for (const file of files)
    import(pathToFileURL(resolve(file)).href).catch(failing(`${file} could not be loaded`));
});
tests.compose(dot).pipe(process.stdout);
