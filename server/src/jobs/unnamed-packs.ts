import type { PackStore } from '../packs/pack-store.ts';
import type { CollectionStore, PackName } from '../stores/collection-store.ts';

const PACKS_PER_STEP = 100;

/** The packs that no row of `store` names, in steps; throws the signal's reason between them. */
export async function* unnamedPacks(
  store: Pick<CollectionStore, 'findStrays'>,
  packs: Pick<PackStore, 'list'>,
  signal?: AbortSignal,
): AsyncGenerator<readonly PackName[], void, void> {
  let listed: PackName[] = [];
  for await (const name of packs.list()) {
    listed.push(name);
    if (listed.length < PACKS_PER_STEP) continue;
    signal?.throwIfAborted();
    yield await store.findStrays(listed);
    listed = [];
  }
  signal?.throwIfAborted();
  yield await store.findStrays(listed);
}
