/** What a client believes and does to a disk: `sdk/` and `native-worker/`. */
import type { Sabotage } from './sabotages.ts';

const sdk = 'sdk/src/client';
const worker = 'native-worker/src';
const fetchTest = `${sdk}/content/fetch-contents.test.ts`;
const lies = 'test/sdk/hostile-commits.test.ts';
const transportTest = 'test/hostile/transport.test.ts';
const safetyTest = `${worker}/engine-safety.test.ts`;
const executor = `${worker}/executor`;
const crashTest = `${executor}/crash.test.ts`;
const rootTest = `${worker}/engine-root.test.ts`;
const raceTest = 'test/hostile/races.test.ts';

export const CLIENT_SABOTAGES: readonly Sabotage[] = [
  {
    name: 'the SHA-256 of a whole file is not checked',
    file: `${sdk}/content/fetch-contents.ts`,
    find: 'if (bytesToHex(digest) !== of.file.node.sha256) {',
    replace: "if (bytesToHex(digest) === '') {",
    tests: [fetchTest],
  },
  {
    name: 'chunks are taken in any order',
    file: `${sdk}/content/read-frames.ts`,
    find: "if (frame.id !== id) throw malformed('another chunk than the one that was asked for');",
    replace: '',
    tests: [fetchTest],
  },
  {
    name: 'chunks of any length are taken',
    file: `${sdk}/content/read-frames.ts`,
    find: "if (lengthBytes !== 0 && !isLength(lengthBytes)) throw malformed('a chunk of another length');",
    replace: 'void isLength;',
    tests: [fetchTest],
  },
  {
    name: 'pages may add up to another size',
    file: `${sdk}/content/fetch-plan.ts`,
    find: 'totals.size !== expected.size\n  ) {',
    replace: 'totals.size < 0\n  ) {',
    tests: ['test/hostile/content-pages.test.ts'],
  },
  {
    name: 'an older head is taken',
    file: `${sdk}/space/verified-space.ts`,
    find: 'if (offered.seq < pinned.seq || offered.era < pinned.era) {',
    replace: 'if (offered.seq < 0) {',
    tests: [lies],
  },
  {
    name: 'another commit at the pinned seq is taken',
    file: `${sdk}/space/verified-space.ts`,
    find: 'if (offered.id !== pinned.id) {',
    replace: 'if (offered.id === undefined) {',
    tests: [lies],
  },
  {
    name: 'the offered head need not be what its header says',
    file: `${sdk}/space/verified-space.ts`,
    find: "if (!isWhole) throw malformed('the offered head is not what its header says');",
    replace: 'void isWhole;',
    tests: ['test/hostile/history.test.ts'],
  },
  {
    name: 'the list of commits may end elsewhere than at the head',
    file: `${sdk}/space/verified-space.ts`,
    find: 'if (seq === offered.seq && id !== offered.id) {',
    replace: 'if (seq === offered.seq && id === undefined) {',
    tests: [lies],
  },
  {
    name: 'a head counts as evidence whoever signed it',
    file: `${sdk}/space/verified-space.ts`,
    find: 'if (!(await this.#isSigned(heads.offered, signal))) {',
    replace: 'if (heads.offered === undefined) {',
    tests: ['test/hostile/restored.test.ts'],
  },
  {
    name: 'a restore need not be declared to be accepted',
    file: `${sdk}/space/head-refused.ts`,
    find: 'return this.offered.era > this.pinned.era;',
    replace: 'return this.offered.era >= this.pinned.era;',
    tests: ['test/hostile/restored.test.ts'],
  },
  {
    name: 'what both sides agreed on outlives the server that is set back',
    file: `${worker}/engine-pair.ts`,
    find: 'this.trees.base.clear();',
    replace: '',
    tests: ['test/hostile/restored.test.ts'],
  },
  {
    name: 'an own commit without an answer is taken for that of somebody else',
    file: `${worker}/executor/own-commits.ts`,
    find: 'if (unanswered.size === 0) return;',
    replace: 'if (unanswered.size >= 0) return;',
    tests: [`${worker}/engine-own-commits.test.ts`],
  },
  {
    name: 'what other devices saw is not compared',
    file: `${sdk}/drive/device-heads.ts`,
    find: 'if (seen.seq > ours.seq) {',
    replace: 'if (seen.seq < 0) {',
    tests: [lies],
  },
  {
    name: 'a fork that another device saw is not noticed',
    file: `${sdk}/drive/device-heads.ts`,
    find: 'if (seen.seq === ours.seq && seen.commit !== ours.commit) {',
    replace: 'if (seen.seq < 0) {',
    tests: ['test/hostile/history.test.ts'],
  },
  {
    name: 'the own key chain is not compared with what was known',
    file: `${sdk}/account/own-account.ts`,
    find: '...(pin === undefined ? {} : { pin })',
    replace: '...(pin === undefined ? {} : {})',
    tests: ['test/hostile/account.test.ts'],
  },
  {
    name: 'the length of an answer has no limit',
    file: `${sdk}/api/http-body.ts`,
    find: 'if (sizeBytes > sizeBytesMax) throw tooLong(sizeBytesMax);',
    replace: 'if (sizeBytes > 64 * sizeBytesMax) throw tooLong(sizeBytesMax);',
    tests: [transportTest],
  },
  {
    name: 'encoded answers are taken',
    file: `${sdk}/api/api-client.ts`,
    find: "if (response.headers['content-encoding'] !== undefined) {",
    replace: "if (response.headers['content-encoding'] === '') {",
    tests: [transportTest],
  },
  {
    name: 'a redirect counts as an answer',
    file: `${sdk}/api/api-client.ts`,
    find: 'if (response.status >= 200 && response.status < 300) return counted;',
    replace: 'if (response.status >= 200 && response.status < 400) return counted;',
    tests: [transportTest, 'test/hostile/answers.test.ts'],
  },
  {
    name: 'the challenge is signed for any origin',
    file: `${sdk}/api/session.ts`,
    find: 'encodeSessionProof({ origin, account, device, challenge })',
    replace: "encodeSessionProof({ origin: 'http://server.test', account, device, challenge })",
    tests: [`${sdk}/api/session.test.ts`],
  },
  {
    name: 'what the person changed meanwhile is not looked at before an effect',
    file: `${executor}/local-paths.ts`,
    find: 'return isSameSize && stat.mtimeNs === row.mtimeNs && stat.ctimeNs === row.ctimeNs;',
    replace: 'return isSameSize || stat.size >= 0;',
    tests: [raceTest, safetyTest],
  },
  {
    name: 'folders on the way may be links',
    file: `${executor}/local-paths.ts`,
    find: "if (stat === undefined || stat.type !== 'folder' || stat.ino !== row.ino) return false;",
    replace: '',
    tests: [safetyTest],
  },
  {
    name: 'a download overwrites what appeared in its slot',
    file: `${executor}/place-downloads.ts`,
    find: '    fileSystem.link(staged, path);',
    replace: '    fileSystem.rename(staged, path);\n    return;',
    tests: [raceTest],
  },
  {
    name: 'a download does not look whether its slot is free',
    file: `${executor}/place-downloads.ts`,
    find: '    if (fileSystem.lstat(path) !== undefined) return undefined;\n  } else {',
    replace: '    if (fileSystem.lstat(path) !== undefined) fileSystem.unlink(path);\n  } else {',
    tests: [raceTest],
  },
  {
    name: 'what a download replaces is not kept in the recycle area',
    file: `${executor}/place-downloads.ts`,
    find: '    fileSystem.rename(path, run.paths.inRoot(replaced.stored));',
    replace: '    fileSystem.unlink(path);',
    tests: [raceTest],
  },
  {
    name: 'what is deleted is not kept in the recycle area',
    file: `${executor}/local-recycle.ts`,
    find: '    fileSystem.rename(from, to);',
    replace: '    fileSystem.unlink(from);',
    tests: [raceTest],
  },
  {
    name: 'a move overwrites what is in its slot',
    file: `${executor}/local-effects.ts`,
    find: 'return stat !== undefined && stat.ino !== row.ino;',
    replace: 'return stat !== undefined && stat.ino < 0n && row.ino < 0n;',
    tests: [raceTest],
  },
  {
    name: 'downloads are put in place before they are on the disk',
    file: `${executor}/downloads.ts`,
    find: '      await item.file.sync();\n',
    replace: '',
    tests: [raceTest],
  },
  {
    name: 'both sides agree before names are on the disk',
    file: `${executor}/run.ts`,
    find: 'for (const folder of folders) this.#unsynced.add(folder);',
    replace: 'void folders;',
    tests: [crashTest],
  },
  {
    name: 'a folder in which files came is not synced before they count',
    file: `${executor}/place-downloads.ts`,
    find: 'for (const folder of folders) await run.syncFolder(folder);',
    replace: 'void folders;',
    tests: [crashTest],
  },
  {
    name: 'a root without its marker is taken for emptied',
    file: `${worker}/engine-root.ts`,
    find: "    return lost(names.every((name) => name === OF_AN_EMPTY_DISK) ? 'empty' : 'unmarked');",
    replace: "    return { kind: 'present' };",
    tests: [rootTest],
  },
  {
    name: 'the marker of another pair will do',
    file: `${worker}/engine-root.ts`,
    find: "if (marker === 'unreadable' || marker.pair !== pair.id || marker.space !== pair.space) {",
    replace: "if (marker === 'unreadable') {",
    tests: [rootTest],
  },
  {
    name: 'no deletion is held',
    file: `${worker}/planner/holds.ts`,
    find: "  if (pass.mode === 'upload') return;\n",
    replace: '  return;\n',
    tests: [safetyTest],
  },
  {
    name: 'deletions from the other side are not held',
    file: `${worker}/planner/holds.ts`,
    find: "  judgeSide('local', pass);\n",
    replace: '',
    tests: ['test/hostile/deletions.test.ts'],
  },
  {
    name: 'names that Windows reserves are not escaped',
    file: `${worker}/planner/local-names.ts`,
    find: 'const held = caps.windowsNames ? escapeForWindows(name) : name;',
    replace: 'const held = name;',
    tests: ['test/hostile/names.test.ts'],
  },
];
