/**
 * `scenario(title, { init }, async (w) => { … })`: two devices at the same state, what their people do,
 * and what must come of it. Each runs with either device syncing first, and with `a` on a disk that
 * ignores case; with `crash` also with a device switched off at every point of its first sync (50 of
 * them spread over it, unless `COFFER_ALL_POINTS=1`).
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { SimVolumeOptions } from '@coffer/native-worker/testing';
import { ScenarioWorld, type Interruption, type Side } from './scenario-world.ts';
import type { Tree } from './tree.ts';

export type { ScenarioWorld } from './scenario-world.ts';

export interface ScenarioOptions {
  /** What both devices and the drive hold at first; empty when left out. */
  readonly init?: Tree;
  readonly disks?: Readonly<Partial<Record<Side, SimVolumeOptions>>>;
  readonly paired?: boolean;
  /** Who syncs first; both ways when left out. */
  readonly first?: Side;
  /** False: not on a disk that ignores case, because names differ by case alone or the disks are given. */
  readonly caseless?: boolean;
  /** What the account may store, in stored bytes. */
  readonly quotaBytes?: number;
  /** How far the clock of `b` is ahead of all others. */
  readonly aheadMs?: number;
  /** Stalls that the scenario checks itself. */
  readonly stalls?: 'checked';
  /** Runs once for every disk call of these devices' first sync, each time switched off at it. */
  readonly crash?: readonly ('first' | 'second')[];
  /** Runs once for every disk call of this device's first sync: `w.meanwhile` happens inside it. */
  readonly meanwhile?: 'first' | 'second';
}

interface Variant {
  readonly name: string;
  readonly first: Side;
  readonly disks: Readonly<Partial<Record<Side, SimVolumeOptions>>>;
}

/** How many of the points of one sync are tried without `COFFER_ALL_POINTS=1`. */
const POINTS_MAX = 50;

type Body = (w: ScenarioWorld) => Promise<void>;

export function scenario(title: string, options: ScenarioOptions, body: Body): void {
  test(title, async (t) => {
    const variants = variantsOf(options);
    for (const variant of variants) await t.test(variant.name, () => play(options, variant, body));
    const [variant] = variants;
    if (variant === undefined) return;
    for (const device of options.crash ?? []) {
      const name = `${variant.name}, the ${device} one off at every point`;
      await t.test(name, () => playPoints(options, variant, { device, kind: 'off' }, body));
    }
    const device = options.meanwhile;
    if (device === undefined) return;
    const name = `${variant.name}, at every call of the ${device} one`;
    await t.test(name, () => playPoints(options, variant, { device, kind: 'meanwhile' }, body));
  });
}

function variantsOf(options: ScenarioOptions): readonly Variant[] {
  const disks = options.disks ?? {};
  const sides: readonly Side[] = options.first === undefined ? ['b', 'a'] : [options.first];
  const variants: readonly Variant[] = sides.map((first) => ({
    name: `${first} syncs first`,
    first,
    disks,
  }));
  if (options.caseless === false || options.disks !== undefined) return variants;
  const caseless = { a: { caseSensitive: false } };
  const first = sides[0] ?? 'b';
  return [...variants, { name: `${first} syncs first, a ignores case`, first, disks: caseless }];
}

async function play(
  options: ScenarioOptions,
  { first, disks }: Variant,
  body: Body,
  interruption?: Interruption,
): Promise<void> {
  const { init = {}, paired = true, quotaBytes, aheadMs } = options;
  const setup = { first, disks, init, paired, quotaBytes, aheadMs };
  const w = await ScenarioWorld.create({ ...setup, interruption });
  try {
    await body(w);
    await w.checkIdle();
    if (options.stalls !== 'checked') await w.checkNoStalls();
  } finally {
    await w.close();
  }
}

async function playPoints(
  options: ScenarioOptions,
  variant: Variant,
  what: Pick<Interruption, 'device' | 'kind'>,
  body: Body,
): Promise<void> {
  const probe: Interruption = { ...what, points: [] };
  await play(options, variant, body, probe);
  assert.ok(probe.points.length > 0);
  for (const atCall of sampled(probe.points)) {
    try {
      await play(options, variant, body, { ...what, atCall, points: [] });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`at disk call ${atCall}: ${why}`, { cause: error });
    }
  }
}

/** Evenly spread over the sync, first and last included; all of them when asked for. */
function sampled(points: readonly number[]): readonly number[] {
  if (process.env['COFFER_ALL_POINTS'] === '1' || points.length <= POINTS_MAX) return points;
  const step = (points.length - 1) / (POINTS_MAX - 1);
  return Array.from({ length: POINTS_MAX }, (_, n) => points[Math.round(n * step)] ?? 1);
}
