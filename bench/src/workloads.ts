/** The workloads of one round, each run with Coffer, with the peer and as the floor, in turn. */
import { cpSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Coffer, type SyncCost } from './coffer.ts';
import { insertInTheMiddle, writeLargeFile, writeSmallFiles, writeTinyFiles } from './content.ts';
import { copyDurably, hashAndSeal, requireSameContent, statAll } from './floor.ts';
import type { Cost } from './measure.ts';
import { hasRestic, Restic } from './restic.ts';

const MIB = 1024 * 1024;
const FILES_A_FOLDER = 20;
const INSERTED_BYTES = MIB;

export interface Sizes {
  /** W1, W7a, W6. */
  readonly files: number;
  /** W2, W7b. */
  readonly bigMib: number;
  /** W3. */
  readonly insertMib: number;
  /** W4. */
  readonly renamed: number;
  /** W5. */
  readonly scanned: number;
}

export const WORKLOADS = ['W1', 'W7a', 'W2', 'W7b', 'W3', 'W4', 'W5', 'W6'] as const;
export type Workload = (typeof WORKLOADS)[number];

export interface Sample {
  readonly workload: Workload;
  readonly subject: 'coffer' | 'restic' | 'copy' | 'seal' | 'find';
  readonly cost: Cost & Partial<SyncCost>;
}

/** One round in the new folder `base`, which is removed afterwards. */
export async function runRound(
  base: string,
  sizes: Sizes,
  onSample: (sample: Sample) => void,
): Promise<void> {
  const source = join(base, 'a');
  mkdirSync(source, { recursive: true });
  try {
    await using coffer = await Coffer.start(join(base, 'coffer'), source);
    await using restic = hasRestic() ? await Restic.start(join(base, 'restic')) : undefined;
    new Round({ base, source, sizes, coffer, restic, onSample }).run();
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
}

interface RoundOptions {
  readonly base: string;
  /** The folder that device a syncs and the peer backs up, whole, each time. */
  readonly source: string;
  readonly sizes: Sizes;
  readonly coffer: Coffer;
  readonly restic: Restic | undefined;
  readonly onSample: (sample: Sample) => void;
}

class Round {
  readonly #options: RoundOptions;

  constructor(options: RoundOptions) {
    this.#options = options;
  }

  run(): void {
    const { sizes, source, base, coffer } = this.#options;
    const received = join(base, 'b');
    const small = join(source, 'small');
    writeSmallFiles(small, 'small', sizes.files, Math.ceil(sizes.files / FILES_A_FOLDER));
    this.#up('W1', small);
    coffer.join(received);
    this.#down('W7a', 'small', received);

    const big = join(source, 'big.bin');
    writeLargeFile(big, 'big', sizes.bigMib * MIB);
    this.#up('W2', big);
    this.#down('W7b', 'big.bin', received);
    rmSync(received, { recursive: true });

    const edited = join(source, 'edited.bin');
    writeLargeFile(edited, 'edited', sizes.insertMib * MIB);
    this.#settle();
    insertInTheMiddle(edited, 'inserted', INSERTED_BYTES);
    this.#up('W3', edited);

    writeSmallFiles(join(source, 'many'), 'many', sizes.renamed, 1);
    this.#settle();
    renameSync(join(source, 'many'), join(source, 'renamed'));
    this.#up('W4');

    writeTinyFiles(join(source, 'tiny'), sizes.scanned);
    this.#settle();
    this.#up('W5');
    this.#sample('W5', 'find', statAll(source));

    cpSync(small, join(source, 'copied'), { recursive: true, preserveTimestamps: true });
    this.#up('W6', join(source, 'copied'));
  }

  /** Brings both subjects to the folder as it is; not measured. */
  #settle(): void {
    const { coffer, restic, source } = this.#options;
    coffer.sync('a');
    restic?.backup(source);
  }

  /** `changed`: what the floor has to copy, hash and seal. */
  #up(workload: Workload, changed?: string): void {
    const { coffer, restic, source, base } = this.#options;
    if (changed !== undefined) this.#floor(workload, changed, join(base, 'floor'));
    this.#sample(workload, 'coffer', coffer.sync('a'));
    if (restic !== undefined) this.#sample(workload, 'restic', restic.backup(source));
  }

  #down(workload: Workload, name: string, received: string): void {
    const { coffer, restic, source, base } = this.#options;
    const from = join(source, name);
    this.#floor(workload, from, join(base, 'floor'));
    this.#sample(workload, 'coffer', coffer.sync('b'));
    requireSameContent(from, join(received, name));
    if (restic === undefined) return;
    const target = join(base, 'restored');
    this.#sample(workload, 'restic', restic.restore(from, target));
    requireSameContent(from, join(target, from));
    rmSync(target, { recursive: true });
  }

  #floor(workload: Workload, path: string, scratch: string): void {
    this.#sample(workload, 'copy', copyDurably(path, scratch));
    rmSync(scratch, { recursive: true });
    this.#sample(workload, 'seal', hashAndSeal(path));
  }

  #sample(workload: Workload, subject: Sample['subject'], cost: Sample['cost']): void {
    this.#options.onSample({ workload, subject, cost });
  }
}
