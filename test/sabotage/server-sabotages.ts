/** What a server lets in and gives out: `server/`. */
import type { Sabotage } from './sabotages.ts';

const server = 'server/src';
const commitsTest = `${server}/commits.test.ts`;
const contentTest = `${server}/content.test.ts`;
const accountKeysTest = `${server}/account-keys.test.ts`;
const secondFactorTest = `${server}/second-factor.test.ts`;
const authorizeTest = `${server}/authorize.test.ts`;
const storeTest = `${server}/stores/sqlite/sqlite-metadata-store.test.ts`;

export const SERVER_SABOTAGES: readonly Sabotage[] = [
  {
    name: 'content that is not there is committed',
    file: `${server}/stores/sqlite/reference-counts.ts`,
    find: '    if (missing.length > 0) {',
    replace: '    if (missing.length < 0) {',
    tests: [storeTest],
  },
  {
    name: 'the quota has no end',
    file: 'server/src/stores/sqlite/reference-counts.ts',
    find: 'return (this.#statements.usedByOwnerOf.get(spaceNo) ?? 0) <= limit;',
    replace: 'return limit >= 0;',
    tests: ['test/sdk/commits.test.ts'],
  },
  {
    name: 'what a lease held counts in the quota for ever',
    file: 'server/src/stores/sqlite/reference-counts.ts',
    find: '        this.#statements.addUsed.run(-length, space_no);\n',
    replace: '',
    tests: ['server/src/usage.test.ts', 'server/src/stores/sqlite/sqlite-metadata-store.test.ts'],
  },
  {
    name: 'the head is moved without comparing it',
    file: `${server}/stores/sqlite/space-writes.ts`,
    find: 'if (toHex(row.head_id) !== proposal.previous) {',
    replace: "if (proposal.previous === ('' as string)) {",
    tests: [storeTest],
  },
  {
    name: 'everybody who is signed in may read every space',
    file: `${server}/authorize.ts`,
    find: "if (space === undefined || role === undefined) throw new Failure('not-found');",
    replace: "if (space === undefined) throw new Failure('not-found');",
    tests: [authorizeTest],
  },
  {
    name: 'every member may write',
    file: `${server}/authorize.ts`,
    find: "if (caller === 'writer' && !WRITERS.has(role)) throw new Failure('refused');",
    replace: 'void WRITERS;',
    tests: [authorizeTest],
  },
  {
    name: 'an enrol token opens everything',
    file: `${server}/authorize.ts`,
    find: "if (session.device === null) throw new Failure('refused');",
    replace: '',
    tests: [`${server}/accounts.test.ts`],
  },
  {
    name: 'a session changes the keys without a password',
    file: `${server}/authorize.ts`,
    find: "if (!isFresh) throw new Failure('refused');",
    replace: 'void isFresh;',
    tests: [authorizeTest],
  },
  {
    name: 'recovery words sign a device in without new keys',
    file: `${server}/services/devices.ts`,
    find: "if (proof === 'recovery') throw new Failure('refused');",
    replace: 'void proof;',
    tests: [accountKeysTest],
  },
  {
    name: 'a rotation may leave a device out',
    file: `${server}/services/account-keys.ts`,
    find: 'bundle.deviceEnvelopes.length === devices.size &&',
    replace: '',
    tests: [accountKeysTest],
  },
  {
    name: 'keys are replaced without comparing the old ones',
    file: `${server}/stores/sqlite/account-keys.ts`,
    find: "if (changes === 0) throw new Undo<KeysOutcome>({ kind: 'bundle-moved' });",
    replace: 'void changes;',
    tests: [storeTest],
  },
  {
    name: 'sessions of a removed device go on',
    file: `${server}/stores/sqlite/account-keys.ts`,
    find: 'for (const device of keys.revoked)',
    replace: 'for (const device of keys.revoked.slice(keys.revoked.length))',
    tests: [storeTest],
  },
  {
    name: 'a commit that was on its way when its device was removed is taken',
    file: `${server}/services/commit-judge.ts`,
    find: "if (chain?.revokedDevice(header.device)) throw new Failure('device-revoked');",
    replace: 'void chain;',
    tests: [accountKeysTest],
  },
  {
    name: 'the second factor is not asked for',
    file: `${server}/services/sign-in.ts`,
    find: 'await this.#secondFactors.check(login.account, code);',
    replace: 'void code;',
    tests: [secondFactorTest],
  },
  {
    name: 'a code of the second factor counts twice',
    file: `${server}/stores/sqlite/second-factors.ts`,
    find: 'AND confirmed = 1 AND last_step < ?',
    replace: 'AND confirmed = 1 AND last_step <= ?',
    tests: [secondFactorTest],
  },
  {
    name: 'another account reads a pairing',
    file: `${server}/services/pairings.ts`,
    find: "if (pairing?.account !== account) throw new Failure('not-found');",
    replace: "if (pairing === undefined) throw new Failure('not-found');",
    tests: [`${server}/pairings.test.ts`],
  },
  {
    name: 'a session commits for another device',
    file: `${server}/services/commit-judge.ts`,
    find: "if (!isOwn) throw new Failure('refused');",
    replace: 'void isOwn;',
    tests: ['test/hostile/members.test.ts'],
  },
  {
    name: 'history may be shortened',
    file: `${server}/services/commit-judge.ts`,
    find: 'checkKeepUntil(view, verdict.value.keepUntils, now);',
    replace: 'void now;',
    tests: [commitsTest],
  },
  {
    name: 'bodies of a pack are stored under any id',
    file: 'protocol/src/content/pack.ts',
    find: 'return (entry.isPage ? pageId : chunkId)(suite, entry.bytes) === entry.id;',
    replace: 'return (entry.isPage ? pageId : chunkId)(suite, entry.bytes).length > 0;',
    tests: [contentTest],
  },
  {
    name: 'a challenge opens many sessions',
    file: `${server}/services/sessions.ts`,
    find: 'if (!isProven || !this.#used.claim(bytesToBase64Url(challenge), expiresAt, now)) {',
    replace: 'if (!isProven) {',
    tests: [authorizeTest],
  },
  {
    name: 'a challenge has no end',
    file: `${server}/services/sessions.ts`,
    find: 'subarray(0, 8)) && expiresAt > now',
    replace: 'subarray(0, 8)) && now > 0',
    tests: [authorizeTest],
  },
  {
    name: 'sessions have no end',
    file: `${server}/services/sessions.ts`,
    find: 'if (session === undefined || session.expiresAt <= now) return undefined;',
    replace: 'if (session === undefined) return undefined;',
    tests: [authorizeTest],
  },
  {
    name: 'a device that the chain revoked keeps its session',
    file: `${server}/services/sessions.ts`,
    find: 'if (device !== null && !(await this.#certified(account, device, now))) return undefined;',
    replace: 'void device;',
    tests: [authorizeTest],
  },
  {
    name: 'a session is opened without a signature',
    file: `${server}/services/sessions.ts`,
    find: "return verifySignature(suite, publicKey, 'session', proof, signature);",
    replace: "return verifySignature(suite, publicKey, 'session', proof, signature) || true;",
    tests: [authorizeTest],
  },
];
