/** One entry of a simulated volume, and what of it a crash leaves. */
import type { Bytes } from '@coffer/protocol/core';
import type { EntryStat, EntryType } from '../ports/file-system.ts';

export interface SimEntry {
  readonly name: string | Bytes;
  readonly inode: SimInode;
}

interface Contents {
  readonly bytes: Bytes;
  readonly mode: number;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

/** What a crash makes of bytes that were written and not synced. */
export type TornWrite = 'lost' | 'kept' | 'half' | 'zeros' | 'empty';

const NEW_FOLDER_MODE = 0o755;
const NEW_FILE_MODE = 0o644;
const FOLDER_SIZE_BYTES = 4096;

export class SimInode {
  readonly type: EntryType;
  readonly ino: bigint;
  readonly dev: bigint;
  readonly birthNs: bigint;
  /** Children by name key; empty for all but folders. */
  readonly entries = new Map<string, SimEntry>();
  readonly target: string;
  mode: number;
  mtimeNs: bigint;
  ctimeNs: bigint;
  links = 0;
  openHandles = 0;
  #content: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #length = 0;
  #durable: Contents;
  /** Only metadata may have changed since: there is nothing to tear. */
  #isContentSynced = true;

  constructor(options: {
    readonly type: EntryType;
    readonly ino: bigint;
    readonly dev: bigint;
    readonly birthNs: bigint;
    readonly nowNs: bigint;
    readonly target?: string;
  }) {
    this.type = options.type;
    this.ino = options.ino;
    this.dev = options.dev;
    this.birthNs = options.birthNs;
    this.target = options.target ?? '';
    this.mode = options.type === 'folder' ? NEW_FOLDER_MODE : NEW_FILE_MODE;
    if (options.type === 'symlink') this.mode = 0o777;
    this.mtimeNs = options.nowNs;
    this.ctimeNs = options.nowNs;
    const { mode, mtimeNs, ctimeNs } = this;
    this.#durable = { bytes: new Uint8Array(0), mode, mtimeNs, ctimeNs };
  }

  get bytes(): Bytes {
    return this.#content.subarray(0, this.#length);
  }

  get size(): number {
    if (this.type === 'folder') return FOLDER_SIZE_BYTES;
    return this.type === 'symlink' ? new TextEncoder().encode(this.target).length : this.#length;
  }

  write(bytes: Bytes, position: number): void {
    const end = position + bytes.length;
    if (end > this.#content.length) {
      const grown = new Uint8Array(Math.max(end, this.#content.length * 2));
      grown.set(this.bytes);
      this.#content = grown;
    }
    this.#content.set(bytes, position);
    this.#isContentSynced = false;
    this.#length = Math.max(this.#length, end);
  }

  truncate(): void {
    this.#content = new Uint8Array(0);
    this.#isContentSynced = false;
    this.#length = 0;
  }

  /** Content, mode and times survive a crash from now on. */
  sync(): void {
    this.#isContentSynced = true;
    const { mode, mtimeNs, ctimeNs } = this;
    this.#durable = { bytes: this.bytes.slice(), mode, mtimeNs, ctimeNs };
  }

  /** Goes back to what was synced, or to a torn mixture of that and what was written since. */
  crash(torn: TornWrite): void {
    if (torn === 'kept') {
      this.sync();
      return;
    }
    const written = this.bytes.slice();
    const { bytes, mode, mtimeNs, ctimeNs } = this.#durable;
    this.#content = this.#isContentSynced ? new Uint8Array(bytes) : tear(torn, bytes, written);
    this.#length = this.#content.length;
    this.mode = mode;
    if (torn === 'lost') Object.assign(this, { mtimeNs, ctimeNs });
    this.openHandles = 0;
    this.sync();
  }

  stat(): EntryStat {
    return {
      type: this.type,
      dev: this.dev,
      ino: this.ino,
      birthNs: this.birthNs,
      size: this.size,
      mtimeNs: this.mtimeNs,
      ctimeNs: this.ctimeNs,
      mode: this.mode,
      links: this.type === 'folder' ? 2 : this.links,
    };
  }
}

function tear(torn: TornWrite, durable: Bytes, written: Uint8Array<ArrayBuffer>) {
  if (torn === 'lost' || torn === 'kept') return new Uint8Array(durable);
  if (torn === 'empty') return new Uint8Array(0);
  const out = new Uint8Array(written.length);
  // The length reached the disk; of the bytes the first half did, or none.
  if (torn === 'half') out.set(written.subarray(0, written.length >> 1));
  return out;
}
