/**
 * What people and their programs do in a folder. Each deed does the same wherever it is done: done in a
 * synced folder and in one that nothing syncs, the second is the ledger of what the first must hold.
 */
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

/** Does the `turn`-th piece of its work in `folder`, which only it changes. */
export type Deed = (folder: string, turn: number) => void;

const FILES_OF_A_BUILD = 150;
const FILES_OF_AN_ARCHIVE = 120;
const LINES_MAX = 400;

export const DEEDS: Readonly<Record<string, Deed>> = {
  editor: saveInSeveralWays,
  build,
  archives: unpackAndRemove,
  renames: renameFolders,
};

function lines(what: string, turn: number, n: number): string {
  return `${what} ${turn} ${n}\n`.repeat(1 + ((turn * 31 + n * 17) % LINES_MAX));
}

/** As editors save: over it, by a new file in its place, by a backup, by truncating, bit by bit. */
function saveInSeveralWays(folder: string, turn: number): void {
  const text = lines('saved', turn, 0);
  writeFileSync(join(folder, 'over.txt'), text);
  writeFileSync(join(folder, '.replaced.swp'), text);
  renameSync(join(folder, '.replaced.swp'), join(folder, 'replaced.txt'));
  const kept = join(folder, 'kept.txt');
  if (turn > 0) renameSync(kept, `${kept}~`);
  writeFileSync(kept, text);
  if (turn > 0) unlinkSync(`${kept}~`);
  const shrunk = join(folder, 'shrunk.txt');
  writeFileSync(shrunk, text);
  truncateSync(shrunk, Math.floor(text.length / 2));
  if (turn % 8 === 0) writeFileSync(join(folder, 'log.txt'), '');
  appendFileSync(join(folder, 'log.txt'), text);
  const file = openSync(join(folder, 'bits.txt'), 'w');
  for (let n = 0; n < 20; n++) writeSync(file, lines('bit', turn, n));
  fsyncSync(file);
  closeSync(file);
}

/** Thrown away and made anew, with programs and links, and one large file. */
function build(folder: string, turn: number): void {
  const out = join(folder, 'out');
  rmSync(out, { recursive: true, force: true });
  for (let n = 0; n < FILES_OF_A_BUILD; n++) {
    const part = join(out, `part ${n % 7}`);
    mkdirSync(part, { recursive: true });
    writeFileSync(join(part, `object ${n}.js`), lines('object', turn % 3, n));
  }
  writeFileSync(join(out, 'program'), Buffer.alloc(2_500_000, `program ${turn}`));
  chmodSync(join(out, 'program'), 0o755);
  symlinkSync('part 0/object 0.js', join(out, 'newest'));
}

function unpackAndRemove(folder: string, turn: number): void {
  const tree = join(folder, 'tree');
  const archive = join(folder, 'tree.tar');
  if (turn % 3 === 0) {
    for (let n = 0; n < FILES_OF_AN_ARCHIVE; n++) {
      mkdirSync(join(tree, `d${n % 11}`), { recursive: true });
      writeFileSync(join(tree, `d${n % 11}`, `f${n}`), lines('packed', turn, n));
    }
    execFileSync('tar', ['--sort=name', '--mtime=@0', '-cf', archive, '-C', folder, 'tree']);
  } else if (turn % 3 === 1) {
    rmSync(tree, { recursive: true });
  } else {
    execFileSync('tar', ['-xf', archive, '-C', folder]);
    unlinkSync(archive);
  }
}

/** A big folder goes about, into others and out of them, and back under an old name. */
function renameFolders(folder: string, turn: number): void {
  const at = (n: number): string => join(folder, n % 3 === 2 ? 'shelf/big' : `big ${n % 3}`);
  mkdirSync(join(folder, 'shelf'), { recursive: true });
  if (turn === 0) {
    for (let n = 0; n < 200; n++) {
      mkdirSync(join(at(0), `room ${n % 9}`), { recursive: true });
      writeFileSync(join(at(0), `room ${n % 9}`, `thing ${n}`), lines('thing', 0, n));
    }
    return;
  }
  renameSync(at(turn - 1), at(turn));
  const room = join(at(turn), `room ${turn % 9}`);
  writeFileSync(join(room, `thing ${turn % 9}`), lines('moved', turn, 0));
  if (turn % 4 === 0) renameSync(room, `${room}.aside`);
  if (turn % 4 === 0) renameSync(`${room}.aside`, room);
}

const AUTHOR = ['-c', 'user.name=soak', '-c', 'user.email=soak@example.org', '-c', 'gc.auto=0'];

/** A repository that is cloned into a folder, worked in and tidied up. */
export class Clone {
  readonly #folder: string;
  #head = '';

  constructor(source: string, folder: string) {
    this.#folder = folder;
    execFileSync('git', ['clone', '-q', '--no-hardlinks', source, folder]);
  }

  /** A repository with some history. */
  static source(folder: string): void {
    mkdirSync(folder);
    execFileSync('git', ['init', '-q', '-b', 'main', folder]);
    for (let n = 0; n < 15; n++) {
      writeFileSync(join(folder, `source ${n}.ts`), lines('source', n, n));
      execFileSync('git', ['-C', folder, ...AUTHOR, 'add', '.']);
      execFileSync('git', ['-C', folder, ...AUTHOR, 'commit', '-q', '-m', `${n}`]);
    }
  }

  work(turn: number): void {
    const name = `source ${turn % 20}.ts`;
    writeFileSync(join(this.#folder, name), lines('changed', turn, turn));
    this.#git('add', '-A');
    if (turn % 5 === 1) this.#git('mv', '-f', name, `moved ${turn}.ts`);
    this.#git('commit', '-q', '--allow-empty', '-m', `turn ${turn}`);
    if (turn % 6 === 5) this.#git('gc', '-q', '--prune=now');
    this.#head = this.#git('rev-parse', 'HEAD');
  }

  #git(...args: string[]): string {
    return execFileSync('git', ['-C', this.#folder, ...AUTHOR, ...args], { encoding: 'utf8' });
  }

  /** What is wrong with a copy of it; empty if it is whole, at the same commit and unchanged. */
  faultsOf(copy: string): string {
    const git = (...args: string[]): string =>
      execFileSync('git', ['-C', copy, ...args], { encoding: 'utf8' });
    const head = git('rev-parse', 'HEAD');
    const other = head === this.#head ? '' : `${copy} is at ${head} instead of ${this.#head}`;
    git('fsck', '--strict', '--no-progress', '--no-dangling');
    return `${other}${git('status', '--porcelain')}`;
  }
}
