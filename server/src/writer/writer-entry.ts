/** Entry of the writer thread: it alone writes to the database, and judges what it writes. */
import { parentPort, workerData } from 'node:worker_threads';
import { serveWriter } from './serve-writer.ts';

if (parentPort === null) throw new Error('this is the entry of a thread');
serveWriter(parentPort, (workerData as { readonly file: string }).file);
