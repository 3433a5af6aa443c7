/** Packs of a few bodies, whose bytes need no file. */
export const SMALL_PACKS = `
CREATE TABLE small_packs (
  pack_no INTEGER PRIMARY KEY REFERENCES packs ON DELETE CASCADE,
  bytes BLOB NOT NULL
) STRICT;
`;
