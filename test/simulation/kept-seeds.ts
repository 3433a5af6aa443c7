/** Worlds that failed once, or that reach what few others reach: run by `npm test` for ever. */
import { readdirSync, readFileSync } from 'node:fs';
import type { WorldOptions } from './options.ts';

export interface KeptSeed extends WorldOptions {
  /** What went wrong, or why it is kept. */
  readonly reason: string;
}

export interface KeptFile {
  readonly name: string;
  readonly kept: KeptSeed;
}

const FOLDER = new URL('./seeds/', import.meta.url);

/** Every file of `seeds/`, by name. Throws for one that does not say its seed and reason. */
export function keptSeeds(): readonly KeptFile[] {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
  return names.sort().map((name) => {
    const kept = JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as Partial<KeptSeed>;
    const { seed, reason } = kept;
    if (!Number.isInteger(seed) || typeof reason !== 'string' || seed === undefined)
      throw new Error(`seeds/${name} needs a seed and a reason`);
    return { name, kept: { ...kept, seed, reason } };
  });
}

/** A file for `seeds/`, complete but for the reason. */
export function asKeptSeed(options: WorldOptions, reason: string): string {
  return `${JSON.stringify({ ...options, reason })}\n`;
}
