/** What a server forgets, moves, removes, checks and brings back: `server/src/jobs`, `server/src/admin`. */
import type { Sabotage } from './sabotages.ts';

const server = 'server/src';
const storeTest = `${server}/stores/sqlite/sqlite-metadata-store.test.ts`;
const collectTest = `${server}/jobs/collect.test.ts`;
const scrubTest = `${server}/jobs/scrub.test.ts`;
const fsckTest = `${server}/jobs/fsck.test.ts`;
const adminTest = `${server}/admin/admin.test.ts`;
const operationTest = `${server}/operation.test.ts`;

export const UPKEEP_SABOTAGES: readonly Sabotage[] = [
  {
    name: 'upkeep: collection asks for no lease',
    file: `${server}/stores/sqlite/collection.ts`,
    find: 'WHERE refs = 0 AND counted = 0 AND lease_until <= ? ORDER BY lease_until LIMIT ?',
    replace: 'WHERE refs = 0 AND (1 OR lease_until <= ?) ORDER BY lease_until LIMIT ?',
    tests: [storeTest],
  },
  {
    name: 'upkeep: a body that loses its last reference has no grace',
    file: `${server}/stores/sqlite/reference-counts.ts`,
    find: 'const leaseUntil = isLast ? Math.max(row.lease_until, now) : row.lease_until;',
    replace: 'const leaseUntil = isLast ? row.lease_until : row.lease_until;',
    tests: [storeTest],
  },
  {
    name: 'upkeep: a pack is removed while a backup holds it',
    file: `${server}/jobs/collect.ts`,
    find: 'if (await store.isHeld(now)) return { packsRemoved, bytesFreed };',
    replace: '',
    tests: [collectTest],
  },
  {
    name: 'upkeep: a dead pack is forgotten before it is removed',
    file: `${server}/jobs/collect.ts`,
    find: '      await packs.remove(space, pack);\n      await store.forgetPack(pack);',
    replace:
      '      await store.forgetPack(pack);\n      if (space.length === 0) await packs.remove(space, pack);',
    tests: [collectTest],
  },
  {
    name: 'upkeep: bodies are looked up in a copy that is not there yet',
    file: `${server}/jobs/collect.ts`,
    find: '  await packs.put(pack.space, to, copy);\n',
    replace: '',
    tests: [collectTest],
  },
  {
    name: 'upkeep: an upload under way is a stray at once',
    file: `${server}/jobs/collect.ts`,
    find: 'store.listStrays(clock.now() - strayMs)',
    replace: 'store.listStrays(clock.now())',
    tests: [collectTest],
  },
  {
    name: 'upkeep: a damaged body is copied',
    file: `${server}/jobs/collect.ts`,
    find: 'if (isGenuine) return parts;',
    replace: 'if (isGenuine || true) return parts;',
    tests: [collectTest],
  },
  {
    name: 'upkeep: a scrub trusts what it reads',
    file: `${server}/jobs/scrub.ts`,
    find: 'return isPackEntryGenuine(suite, entry) ? [] : [id];',
    replace: 'return isPackEntryGenuine(suite, entry) ? [] : [id].slice(1);',
    tests: [scrubTest],
  },
  {
    name: 'upkeep: any failed read condemns a body',
    file: `${server}/jobs/scrub.ts`,
    find: '    return undefined;\n  }\n}\n\n/** Those of `bodies`',
    replace:
      '    await store.noteScrub(pack.pack, { damaged: (await store.listBodiesIn(pack.pack)).map(({ id }) => id), at: 1 });\n    return undefined;\n  }\n}\n\n/** Those of `bodies`',
    tests: [scrubTest],
  },
  {
    name: 'upkeep: fsck believes the root of the head',
    file: `${server}/jobs/fsck-space.ts`,
    find: "if (root !== headRoot) problems.push('the records do not give the root that the head signs');",
    replace: "if (root !== headRoot && unreadable.length < 0) problems.push('');",
    tests: [fsckTest],
  },
  {
    name: 'upkeep: fsck repairs by counting from records that it cannot read',
    file: `${server}/jobs/fsck-space.ts`,
    find: 'const isCountable = state.unreadable.length === 0;',
    replace: 'const isCountable = true as boolean;',
    tests: [fsckTest],
  },
  {
    name: 'upkeep: a restore keeps its era',
    file: `${server}/admin/restore.ts`,
    find: 'era = await store.beginEra(clock.now());',
    replace: 'era = 1;',
    tests: [adminTest],
  },
  {
    name: 'upkeep: a backup takes what a stalled hold has lost',
    file: `${server}/admin/backup.ts`,
    find: "throw new SetupError('the backup stood still for too long. Run it again: it goes on.');",
    replace: '',
    tests: [adminTest],
  },
  {
    name: 'upkeep: a half restored folder serves',
    file: `${server}/server.ts`,
    find: 'if (entries.includes(RESTORE_MARKER)) {',
    replace: 'if (entries.length < 0) {',
    tests: [adminTest],
  },
  {
    name: 'upkeep: metrics are open to the world',
    file: `${server}/adapters/metrics-listener.ts`,
    find: 'if (token === undefined && !isLoopback) {',
    replace: 'if (token === undefined && !isLoopback && host === "") {',
    tests: [operationTest],
  },
  {
    name: 'upkeep: bodies under way have no bound',
    file: `${server}/adapters/listener.ts`,
    find: 'const giveBack = budget.reserve(sender, lengthBytes);',
    replace: 'const giveBack = () => void [budget, sender, lengthBytes];',
    tests: [operationTest],
  },
  {
    name: 'upkeep: more than the writer thread can write',
    file: `${server}/writer/threaded-store.ts`,
    find: "  database.pragma('query_only = ON');\n",
    replace: '',
    tests: [`${server}/writer/threaded-store.test.ts`],
  },
  {
    name: 'upkeep: the writer judges under a key chain from before a revocation',
    file: `${server}/writer/serve-writer.ts`,
    find: 'if (account !== undefined) chains.forget(account);',
    replace: 'void account;',
    tests: [`${server}/writer/threaded-store.test.ts`],
  },
  {
    name: 'upkeep: the writer answers before a write is durable',
    file: `${server}/stores/sqlite/write-queue.ts`,
    find: '        this.#statements.commit.run();\n',
    replace:
      '        for (const { settle } of batch) settle();\n        this.#statements.commit.run();\n',
    tests: [`${server}/stores/sqlite/write-queue.test.ts`],
  },
];
