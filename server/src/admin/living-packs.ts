import type { AuditedPack } from '../stores/audit-store.ts';
import type { MetadataStore } from '../stores/metadata-store.ts';

const PACKS_PER_STEP = 1000;

/** The packs of a store that is not being written to, those without bodies left out. */
export async function* livingPacks(store: MetadataStore): AsyncGenerator<AuditedPack, void, void> {
  for (let after = 0; ;) {
    const packs = await store.listPacks(after, PACKS_PER_STEP);
    for (const pack of packs) {
      if (!pack.isDead) yield pack;
      after = pack.no;
    }
    if (packs.length < PACKS_PER_STEP) return;
  }
}
