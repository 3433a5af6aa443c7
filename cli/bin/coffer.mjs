#!/usr/bin/env node
// Plain JavaScript: it must run under any Node that a person has.
import { runUnderNode24 } from '../../scripts/node24.mjs';

await runUnderNode24(new URL('../src/main.ts', import.meta.url), process.argv.slice(2));
