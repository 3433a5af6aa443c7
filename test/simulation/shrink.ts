/** Makes a failing world smaller as long as it breaks one of the same invariants. */
import { FAULT_KINDS, FEATURES, type Without, type WorldOptions } from './options.ts';
import { brokenInvariants, judgeSeed, type SeedVerdict } from './verdict.ts';

const DEVICES = [2, 1, 0] as const;

export interface Shrunk {
  readonly verdict: SeedVerdict;
  readonly runs: number;
}

/** Undefined when the world does not fail. `onStep` is told each smaller world. */
export async function shrink(
  options: WorldOptions,
  onStep: (text: string) => void,
): Promise<Shrunk | undefined> {
  const first = await judgeSeed({ options, isTwice: false });
  if (first.violations.length === 0) return undefined;
  const shrinker = new Shrinker(first, onStep);
  await shrinker.run();
  return { verdict: shrinker.verdict, runs: shrinker.runs };
}

class Shrinker {
  verdict: SeedVerdict;
  runs = 1;
  readonly #wanted: ReadonlySet<string>;
  readonly #onStep: (text: string) => void;

  constructor(first: SeedVerdict, onStep: (text: string) => void) {
    this.verdict = first;
    this.#wanted = brokenInvariants(first);
    this.#onStep = onStep;
  }

  async run(): Promise<void> {
    await this.#try('no faults', (options) => ({ ...options, noFaults: true }));
    for (let phases = 1; phases < this.verdict.phases; phases++) {
      if (await this.#tryWithout(`${phases} phases`, { phasesAfter: phases })) break;
    }
    for (const device of DEVICES) {
      const devices = [...(this.#without.devices ?? []), device];
      await this.#tryWithout(`without device ${device}`, { devices });
    }
    for (const feature of FEATURES) {
      if (!this.verdict.features.includes(feature)) continue;
      const features = [...(this.#without.features ?? []), feature];
      await this.#tryWithout(`without ${feature}`, { features });
    }
    if (this.verdict.options.noFaults !== true) {
      for (const fault of FAULT_KINDS) {
        const faults = [...(this.#without.faults ?? []), fault];
        await this.#tryWithout(`without ${fault}`, { faults });
      }
    }
    await this.#dropActions();
  }

  /** Halves first, then one by one until none can go. */
  async #dropActions(): Promise<void> {
    for (let size = Math.ceil(this.verdict.actions.length / 2); size >= 1;) {
      let hasDropped = false;
      const actions = [...this.verdict.actions];
      for (let from = 0; from < actions.length; from += size) {
        const gone = actions.slice(from, from + size);
        const all = [...(this.#without.actions ?? []), ...gone];
        const text = `without actions ${gone.join(' ')}`;
        hasDropped = (await this.#tryWithout(text, { actions: all })) || hasDropped;
      }
      if (size === 1 && !hasDropped) return;
      size = Math.max(1, Math.floor(size / 2));
    }
  }

  get #without(): Without {
    return this.verdict.options.without ?? {};
  }

  #tryWithout(text: string, more: Without): Promise<boolean> {
    return this.#try(text, (options) => ({ ...options, without: { ...options.without, ...more } }));
  }

  async #try(text: string, smaller: (options: WorldOptions) => WorldOptions): Promise<boolean> {
    this.runs++;
    const verdict = await judgeSeed({ options: smaller(this.verdict.options), isTwice: false });
    const isSame = [...brokenInvariants(verdict)].some((name) => this.#wanted.has(name));
    if (!isSame) return false;
    this.verdict = verdict;
    this.#onStep(`${text}: ${verdict.actions.length} actions left`);
    return true;
  }
}
