/**
 * Reads every file of a pair again and holds it against the signed records. Only what nobody wrote since
 * both sides agreed can be wrong: what has another size or time is an edit, which the next sync sees.
 */
import type { NodeId } from '@coffer/protocol/core';
import { EngineFault, type CallOptions, type VerifyReport } from './contract/index.ts';
import type { EngineCore } from './engine-core.ts';
import type { PairRunner } from './engine-pair.ts';
import { checkRoot } from './engine-root.ts';
import { FINE_TIMES_NS, SLICE_MS } from './limits.ts';
import type { BaseNode } from './planner/types.ts';
import { LocalFault, type EntryStat } from './ports/index.ts';
import { hashStable } from './scanner/stable-read.ts';

type Mismatch = VerifyReport['mismatches'][number];
/** What became of one file: read whole, or not held against anything. */
type Finding = 'same' | 'pending' | Omit<Mismatch, 'path'>;

const BLOCK_BYTES = 256 * 1024;

type Caller = Pick<CallOptions, 'onRead'> & { readonly signal: AbortSignal };

/** Takes no turn: sync goes on meanwhile, and what it changes under our hands is not judged. */
export async function verifyLocal(
  core: EngineCore,
  pair: string,
  call: Caller,
): Promise<VerifyReport> {
  const runner = core.find(pair);
  if (checkRoot(core.options.fileSystem, runner.pair).kind !== 'present') {
    throw new EngineFault(
      'unsuitable',
      `${runner.pair.localPath} is not there, or is not the folder that was synced`,
      "Nothing was checked there. 'coffer stalls' says what to do.",
    );
  }
  return new LocalVerification(core, runner, call).run();
}

class LocalVerification {
  readonly #core: EngineCore;
  readonly #runner: PairRunner;
  readonly #caller: Caller;
  readonly #block = new Uint8Array(BLOCK_BYTES);
  readonly #mismatches: Mismatch[] = [];
  #checked = 0;
  #bytes = 0;
  #pending = 0;
  /** Of the file that is being read. */
  #inFile = 0;
  #sliceEndsMs: number;

  constructor(core: EngineCore, runner: PairRunner, caller: Caller) {
    this.#core = core;
    this.#runner = runner;
    this.#caller = caller;
    this.#sliceEndsMs = core.options.clock.now() + SLICE_MS;
  }

  async run(): Promise<VerifyReport> {
    const { pair, trees } = this.#runner;
    const folders: NodeId[] = [pair.remoteRoot];
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      for (const node of trees.base.children(folder)) {
        if (node.kind === 'folder') folders.push(node.id);
        else await this.#check(node);
        await this.#rest();
      }
    }
    return {
      checked: this.#checked,
      bytes: this.#bytes,
      pending: this.#pending,
      mismatches: this.#mismatches,
    };
  }

  async #check(base: BaseNode): Promise<void> {
    const path = this.#runner.paths.absolute(base.localId);
    const finding = path === undefined ? 'pending' : await this.#find(base, path);
    if (finding === 'pending') {
      this.#pending++;
      return;
    }
    this.#checked++;
    if (finding === 'same') return;
    // Somebody may have written it since, and the engine have taken that over.
    if (path === undefined || this.#runner.trees.base.byId(base.id)?.sha256 !== base.sha256) return;
    this.#mismatches.push({ path, ...finding });
  }

  async #find(base: BaseNode, path: string): Promise<Finding> {
    try {
      const { fileSystem, spaceClient } = this.#core.options;
      const signed = spaceClient.node(base.id);
      if (signed === undefined || 'unreadable' in signed || signed.trashed) return 'pending';
      if (signed.sha256 !== base.sha256 || signed.target !== base.target) return 'pending';
      const stat = fileSystem.lstat(path);
      if (stat === undefined) return 'pending';
      if (base.kind === 'symlink') {
        const isSame = stat.type === 'symlink' && fileSystem.readLink(path) === base.target;
        return isSame ? 'same' : 'pending';
      }
      if (!this.#isUnwritten(base, stat)) return 'pending';
      return await this.#read(base, path, stat);
    } catch (error) {
      if (!(error instanceof LocalFault)) throw error;
      if (error.code === 'not-found' || error.code === 'not-a-folder') return 'pending';
      return { kind: 'unreadable', detail: `the file cannot be read (${error.code})` };
    }
  }

  /** As it was when both sides agreed, as far as anybody can tell without reading it. */
  #isUnwritten(base: BaseNode, stat: EntryStat): boolean {
    if (stat.type !== 'file' || stat.size !== base.size || stat.mtimeNs !== base.localMtimeNs)
      return false;
    const { pair, trees } = this.#runner;
    // Under coarse times an edit may have kept the time.
    if (pair.caps.mtimeGranNs < FINE_TIMES_NS) return true;
    return trees.local.byId(base.localId)?.ctimeNs === stat.ctimeNs;
  }

  async #read(base: BaseNode, path: string, stat: EntryStat): Promise<Finding> {
    const steps = hashStable(this.#core.options.fileSystem, path, stat, this.#block);
    let step = steps.next();
    try {
      while (step.done !== true) {
        this.#inFile = step.value;
        await this.#rest();
        step = steps.next();
      }
    } finally {
      steps.return({ kind: 'changed' });
      this.#inFile = 0;
    }
    if (step.value.kind === 'changed') return 'pending';
    this.#bytes += stat.size;
    if (step.value.sha256 === base.sha256) return 'same';
    const detail = `its SHA-256 is ${step.value.sha256}, signed is ${base.sha256}`;
    return { kind: 'content', detail };
  }

  /** Lets other work have its turn after each slice. */
  async #rest(): Promise<void> {
    const { clock } = this.#core.options;
    const { signal, onRead } = this.#caller;
    signal.throwIfAborted();
    if (clock.now() < this.#sliceEndsMs) return;
    onRead?.({ files: this.#checked, bytes: this.#bytes + this.#inFile });
    await clock.sleep(0, signal);
    this.#sliceEndsMs = clock.now() + SLICE_MS;
  }
}
