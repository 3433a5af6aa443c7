/** What the browser test loads into a page: the vectors, run by the web suite. */
import { createWebOpenSuite } from '@coffer/protocol/suites/web-open';
import { runVectors } from '../vectors/run-vectors.ts';
import type { VectorFile } from '../vectors/vector.ts';

/** What the page offers to the test. */
export interface VectorsPage {
  runVectors: (files: readonly VectorFile[]) => Promise<readonly string[]>;
}

const page = globalThis as unknown as VectorsPage;
page.runVectors = (files) => runVectors(createWebOpenSuite, files);
