/**
 * Databases as earlier versions of the server left them: rows for each schema, as SQL text of its
 * time. A new step of the schema gets a fixture of the schema before it.
 */

const id = (digit: string, bytes = 16) => `x'${digit.repeat(bytes * 2)}'`;
const ANN = id('a');
const SPACE = id('5');
const BODIES = ['1', '2', '3', '4'].map((digit) => id(digit, 32));

/** Schema 1: a signed-in account with one drive of three commits, a page, and bodies of every fate. */
const FIRST = `
UPDATE counters SET value = 7 WHERE name = 'cursor';
INSERT INTO accounts VALUES
  (1, ${ANN}, 'ann@example.org', 1, 'record', x'0102', ${id('b', 32)}, 5000, 1000);
INSERT INTO chain_entries VALUES (1, 0, x'00'), (1, 1, x'01');
INSERT INTO devices VALUES (1, ${id('d')}, 1000, 2000);
INSERT INTO sessions (token_digest, account, device, expires_at) VALUES
  (${id('e', 32)}, ${ANN}, ${id('d')}, 99000);
INSERT INTO spaces VALUES
  (1, ${SPACE}, 'drive', ${ANN}, 300, 11, 7, 3, ${id('c', 32)}, ${id('0', 32)}, ${id('f', 32)}, ${id('9', 32)});
INSERT INTO members VALUES (${ANN}, 1, 'owner');
INSERT INTO commits VALUES
  (1, 1, ${id('7', 32)}, x'01', x'02', x'03'),
  (1, 2, ${id('8', 32)}, x'01', x'02', NULL),
  (1, 3, ${id('c', 32)}, x'01', x'02', x'03');
INSERT INTO records VALUES (1, ${id('6', 32)}, x'aa', ${id('6')}, NULL, NULL);
INSERT INTO tree_nodes VALUES (1, '00', x'bb');
INSERT INTO packs (pack_no, space_no, uid, size_bytes) VALUES (1, 1, 'living', 400), (2, 1, 'emptied', 100);
INSERT INTO bodies (space_no, id, pack_no, offset, length, refs, lease_until, counted) VALUES
  (1, ${BODIES[0]}, 1, 10, 100, 2, 0, 1),
  (1, ${BODIES[1]}, 1, 110, 100, 0, 5000, 1),
  (1, ${BODIES[2]}, 1, 210, 50, 0, 10, 0),
  (1, ${BODIES[3]}, 1, 260, 100, 1, 0, 1);
INSERT INTO page_entries VALUES (1, ${BODIES[3]}, x'${'1'.repeat(64)}00000064');
`;

/** Schema 2: the same, and what collection keeps. */
const SECOND = `
${FIRST}
UPDATE packs SET live_bytes = 350 WHERE pack_no = 1;
UPDATE packs SET dead_since = 3000 WHERE pack_no = 2;
UPDATE bodies SET damaged = 1 WHERE id = ${BODIES[0]};
INSERT INTO stray_packs VALUES ('stray', '${'5'.repeat(32)}', 10);
INSERT INTO holds VALUES ('backup', 20);
INSERT INTO job_runs VALUES ('scrub', 30, NULL);
`;

/** Schema 3: the same, and a second factor. */
const THIRD = `
${SECOND}
INSERT INTO second_factors VALUES (1, ${id('3')}, 1, 5);
INSERT INTO backup_codes VALUES (1, ${id('4', 32)});
`;

/** By the number of the schema, beginning with 1. */
export const SCHEMA_FIXTURES: readonly string[] = [FIRST, SECOND, THIRD];

/** Half a SHA-256 of each step: steps that a server may have taken are never edited. */
export const STEP_DIGESTS: readonly string[] = [
  '9cd8fab990424db82c92e5b26866d999',
  'd1efb86a4129baef90a030d86e126608',
  '734b054e0c1e1e00c60bb2453f764e09',
  '5eaa66020cd7f3d7673a7f6d231b0ee8',
];
