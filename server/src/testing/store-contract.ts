import type { MetadataStore } from '../stores/metadata-store.ts';

/** A promise of every metadata store, checked on an empty one. */
export type Contract = (title: string, check: (store: MetadataStore) => Promise<void>) => void;
