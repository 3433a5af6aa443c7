/** Runs the vectors in a worker thread: native code and WebAssembly must work there as well. */
import { parentPort, workerData } from 'node:worker_threads';
import { createNodeOpenSuite } from '@coffer/protocol/suites/node-open';
import { runVectors } from './run-vectors.ts';
import type { VectorFile } from './vector.ts';

const failures = await runVectors(createNodeOpenSuite, workerData as VectorFile[]);
parentPort?.postMessage(failures, []);
