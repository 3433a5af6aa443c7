/** One visible line of a tree with checkboxes. */
export interface CheckTreeRow {
  readonly id: string;
  readonly name: string;
  /** From 1. */
  readonly level: number;
  readonly check: 'on' | 'off' | 'mixed';
  readonly canOpen: boolean;
  readonly isOpen: boolean;
  /** At the end of the line: a size. */
  readonly detail: string;
}
