/**
 * Which pairs there are, beside the database: when that is damaged, its pairs are made anew from this
 * list and compared with both sides without a base (engine §2, §5.6).
 */
import { z } from 'zod';
import { parseId, type NodeId } from '@coffer/protocol/core';
import type { EngineCore } from './engine-core.ts';
import { insertPair } from './engine-pairs.ts';
import type { LocalId } from './planner/types.ts';
import { PAIR_LIST, type Pair } from './trees/index.ts';

const Entry = z.object({
  id: z.string(),
  space: z.string(),
  remoteRoot: z.string(),
  mode: z.enum(['two-way', 'upload', 'download']),
  localPath: z.string(),
  rootIno: z.string(),
  rootBirthNs: z.string(),
  caps: z.object({
    caseSensitive: z.boolean(),
    normalising: z.boolean(),
    birthtime: z.boolean(),
    mtimeGranNs: z.string(),
    nameUnit: z.enum(['bytes', 'utf16']),
    nameMax: z.number(),
    execBit: z.boolean(),
    symlinks: z.boolean(),
    windowsNames: z.boolean(),
    nativeEvents: z.boolean(),
  }),
  ignores: z.array(z.string()),
  createdAtMs: z.number(),
  excluded: z.array(z.string()),
});

/** Writes the list as it is now; nothing for a database in memory. */
export function savePairList(core: EngineCore): void {
  const entries = core.runners().map(({ pair, trees }) => {
    const excluded = [...trees.exclusions.list()];
    return { ...pair, excluded };
  });
  const asText = (_key: string, value: unknown): unknown =>
    typeof value === 'bigint' ? value.toString() : value;
  core.options.database.saveBeside(PAIR_LIST, `${JSON.stringify(entries, asText)}\n`);
}

/** Makes the pairs of the list anew after the database was damaged, or the device signed in anew. */
export function restorePairs(core: EngineCore): void {
  const { database, space } = core.options;
  if (!database.isReplaced || core.runners().length > 0) return;
  const text = database.readBeside(PAIR_LIST);
  const found = text === undefined ? undefined : z.array(Entry).safeParse(JSON.parse(text));
  for (const entry of found?.data ?? []) {
    if (entry.space !== space) continue;
    const { caps, excluded, rootIno, rootBirthNs, ...rest } = entry;
    const pair: Pair = {
      ...rest,
      space: parseId(entry.space),
      remoteRoot: parseId(entry.remoteRoot),
      caps: { ...caps, mtimeGranNs: BigInt(caps.mtimeGranNs) },
      rootIno: BigInt(rootIno),
      rootBirthNs: BigInt(rootBirthNs),
      rootLocalId: 0 as LocalId,
      cursorSeq: 0,
      scanGen: 0,
      state: 'new',
      pausedUntilMs: 0,
      lastSyncedAtMs: null,
    };
    const ids = excluded.map((id) => parseId<NodeId>(id));
    const runner = database.transaction(() => insertPair(core, pair, ids));
    if (database.recovered) runner.book.setPairStall('DbRecovered', true);
  }
}
