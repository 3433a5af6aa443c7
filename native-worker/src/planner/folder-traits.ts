/** A direct child of a folder, as two folders are compared by what is in them (engine §4, rule 3). */
export interface ChildTrait {
  readonly name: string;
  /** 0 for folders and links. */
  readonly size: number;
}

/** The pairs (name, size) of their direct children agree by half or more. */
export function isSimilarFolder(a: readonly ChildTrait[], b: readonly ChildTrait[]): boolean {
  const known = new Set(a.map(traitKey));
  const shared = b.filter((trait) => known.has(traitKey(trait))).length;
  return shared > 0 && shared * 2 >= Math.max(a.length, b.length);
}

/** A disk may list names in another form than they were written in. */
function traitKey({ name, size }: ChildTrait): string {
  return `${size}/${name.normalize('NFC')}`;
}
