#!/usr/bin/env node
// Plain JavaScript: it must run under any Node that a person has.
import { runCommandLine } from '../../scripts/node24.mjs';

const program = new URL(import.meta.url);
await runCommandLine(program, new URL('../src/main.ts', program), process.argv.slice(2));
