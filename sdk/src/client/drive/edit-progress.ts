/** How far a long edit is, for whoever shows it to people. */
export type EditProgress =
  /** Commits of the space that were fetched, for a rewind. */
  | { readonly step: 'history'; readonly done: number; readonly total: number }
  /** Changes that were worked out or made; null while nobody knows how many there will be. */
  | { readonly step: 'changes'; readonly done: number; readonly total: number | null };

/** Hears of progress; called often. */
export type OnEditProgress = (progress: EditProgress) => void;
