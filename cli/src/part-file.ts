/**
 * A local file under a name of its own beside the place it is for. Nothing of it stands at that place before
 * all of it is on disk.
 */
import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

export class PartFile {
  readonly #place: string;
  readonly #path: string;
  readonly #fd: number;
  #isOpen = true;

  /** `place`: where it is to stand. Throws what the system says when nothing can be made beside that. */
  constructor(place: string) {
    this.#place = place;
    // Commands of one daemon have one process id; and a synced folder leaves `*.part` alone.
    this.#path = join(dirname(place), `.coffer-${randomUUID()}.part`);
    this.#fd = openSync(this.#path, 'wx', 0o600);
  }

  /** All of the bytes, or it throws: a full disk may take only some of them at first. */
  write(bytes: Uint8Array): void {
    writeFileSync(this.#fd, bytes);
  }

  /** To its place, over whatever file is there. After a throw it still is to be dropped. */
  finish({ mode, mtimeMs }: { readonly mode: number; readonly mtimeMs: number | null }): void {
    fsyncSync(this.#fd);
    this.#close();
    chmodSync(this.#path, mode);
    if (mtimeMs !== null) utimesSync(this.#path, mtimeMs / 1000, mtimeMs / 1000);
    renameSync(this.#path, this.#place);
  }

  drop(): void {
    this.#close();
    rmSync(this.#path, { force: true });
  }

  /** Once: by then the number may be that of another file of this process. */
  #close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeSync(this.#fd);
  }
}
