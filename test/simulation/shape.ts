/** What a seed makes of a world before anything happens in it: devices, disks, modes, features. */
import type { SimVolumeOptions } from '@coffer/native-worker/testing';
import type { Choices } from './choices.ts';
import { FEATURES, type FaultKind, type Feature, type WorldOptions } from './options.ts';

export type PairMode = 'two-way' | 'upload' | 'download';

export interface DeviceShape {
  readonly name: string;
  readonly mode: PairMode;
  readonly volume: SimVolumeOptions;
  /** The root is a disk of its own that can be unplugged. */
  readonly isExternal: boolean;
  /** The engine runs by itself and is given hints; else somebody calls `sync now`. */
  readonly isLooping: boolean;
  /** Nodes that one plan starts from; undefined: as in the product, more than a world has. */
  readonly planNodesMax: number | undefined;
}

export interface WorldShape {
  readonly devices: readonly DeviceShape[];
  readonly features: ReadonlySet<Feature>;
  readonly phases: number;
  readonly hasFault: (kind: FaultKind) => boolean;
}

const DEVICES = ['laptop', 'desktop', 'phone'] as const;
const PHASES_MAX = 3;
/** Of a hundred worlds so many have the feature. */
const SHARES: Readonly<Record<Feature, number>> = {
  'third-party': 35,
  'one-way': 15,
  ignores: 12,
  exclusions: 12,
  names: 25,
  quirks: 70,
  crowds: 20,
  'large-files': 3,
  loops: 30,
  'time-leaps': 15,
  probes: 40,
  parts: 20,
};

export function shapeOf(choices: Choices, options: WorldOptions): WorldShape {
  const { without, noFaults } = options;
  const features = new Set(
    FEATURES.filter(
      (feature) =>
        choices.roll(`feature ${feature}`, 100) < SHARES[feature] &&
        without?.features?.includes(feature) !== true,
    ),
  );
  const count = features.has('one-way') ? 3 : 2 + choices.roll('devices', 2);
  const phases = 1 + choices.roll('phases', PHASES_MAX);
  return {
    features,
    phases: Math.min(phases, without?.phasesAfter ?? phases),
    hasFault: (kind) => noFaults !== true && without?.faults?.includes(kind) !== true,
    devices: DEVICES.slice(0, count).map((name, i) => {
      const isExternal = choices.roll(`${name} external`, 6) === 0;
      return {
        name,
        mode: i === 2 && features.has('one-way') ? choices.pick('mode', MODES) : 'two-way',
        isExternal,
        volume: {
          ...(features.has('quirks') ? quirksOf(choices, name) : {}),
          ...(features.has('names') ? nameRulesOf(choices, name) : {}),
        },
        isLooping: features.has('loops') && choices.roll(`${name} loops`, 2) === 0,
        planNodesMax: features.has('parts') ? choices.pick(`${name} parts`, PARTS) : undefined,
      };
    }),
  };
}

const MODES = ['upload', 'download'] as const;
const PARTS = [2, 5, 20] as const;

/** Disks differ: birth times, granularity of times, reuse of inodes, hard links. */
function quirksOf(choices: Choices, name: string): SimVolumeOptions {
  return {
    birthTimes: choices.roll(`${name} birth times`, 4) !== 0,
    inodeReuse: choices.roll(`${name} inode reuse`, 2) === 0,
    hardLinks: choices.roll(`${name} hard links`, 8) !== 0,
    execBit: choices.roll(`${name} executable bit`, 10) !== 0,
    mtimeGranNs: choices.pick(`${name} granularity`, [1n, 1n, 1n, 1_000_000_000n, 2_000_000_000n]),
  };
}

function nameRulesOf(choices: Choices, name: string): SimVolumeOptions {
  return {
    caseSensitive: choices.roll(`${name} case`, 2) === 0,
    normalising: choices.roll(`${name} normalising`, 3) === 0,
  };
}
