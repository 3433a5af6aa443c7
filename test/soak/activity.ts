/** Edits of a person on one device, from a seed: files with contents of their own, renames, deletions. */
import { randomInt } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Deterministic numbers from a seed (mulberry32). */
export class Dice {
  #state: number;
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }
  /** An integer from 0 to `below` − 1. */
  roll(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  }
  static freshSeed(): number {
    return randomInt(2 ** 31);
  }
}

/** What one person has on one device: contents by file name, in a folder that only they edit. */
export class Person {
  readonly #root: string;
  readonly #dice: Dice;
  readonly #name: string;
  #written = 0;
  /** Content by path below the person's folder: what must be there at the end, once each. */
  readonly expected = new Map<string, string>();

  constructor(deviceFolder: string, name: string, dice: Dice) {
    this.#root = join(deviceFolder, name);
    this.#name = name;
    this.#dice = dice;
    mkdirSync(this.#root, { recursive: true });
  }

  act(): void {
    const paths = [...this.expected.keys()];
    const chosen = paths[this.#dice.roll(Math.max(paths.length, 1))];
    switch (this.#dice.roll(6)) {
      case 0:
        if (chosen !== undefined) return this.#rename(chosen);
        break;
      case 1:
        if (chosen !== undefined && paths.length > 20) return this.#remove(chosen);
        break;
      case 2:
        if (chosen !== undefined) return this.#write(chosen);
        break;
      default:
    }
    this.#write(this.#newPath());
  }

  #newPath(): string {
    const folder = `folder ${this.#dice.roll(8)}`;
    mkdirSync(join(this.#root, folder), { recursive: true });
    return `${folder}/file ${this.#written}`;
  }

  #write(path: string): void {
    const size = this.#dice.roll(10) === 0 ? 1_500_000 : 1 + this.#dice.roll(8000);
    const mark = `${this.#name} ${this.#written++} `;
    const content = mark
      .repeat(Math.ceil(size / mark.length))
      .slice(0, Math.max(size, mark.length));
    writeFileSync(join(this.#root, path), content);
    this.expected.set(path, content);
  }

  #rename(path: string): void {
    const target = `${this.#newPath()} renamed ${this.#written++}`;
    renameSync(join(this.#root, path), join(this.#root, target));
    this.expected.set(target, this.expected.get(path) ?? '');
    this.expected.delete(path);
  }

  #remove(path: string): void {
    rmSync(join(this.#root, path));
    this.expected.delete(path);
  }
}

/** Names in a folder that nobody made: leftovers of interrupted work. */
export function strayNames(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => !name.startsWith('.coffer') && /staging|\.tmp|\.part/.test(name));
}
