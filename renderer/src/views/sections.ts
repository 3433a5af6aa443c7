import type { IconName } from '../ui/Icon.svelte';
import type { MessageKey } from '../words/translator.ts';

export const SECTIONS = ['overview', 'decide', 'folders', 'settings'] as const;
export type Section = (typeof SECTIONS)[number];

export const SECTION_LOOKS: Readonly<
  Record<
    Section,
    { readonly icon: IconName; readonly title: MessageKey; readonly short: MessageKey }
  >
> = {
  overview: { icon: 'arrow-down-up', title: 'nav.overview', short: 'nav.overview' },
  decide: { icon: 'split', title: 'nav.decide', short: 'nav.decide' },
  folders: { icon: 'folder-sync', title: 'nav.folders', short: 'nav.folders.short' },
  settings: { icon: 'settings', title: 'nav.settings', short: 'nav.settings' },
};

/** Of an address's fragment, `#/folders`. */
export function sectionOf(hash: string): Section {
  return SECTIONS.find((section) => hash === `#/${section}`) ?? 'overview';
}
