/** What a client holds to when keys change, a server was set back, an answer is lost or room runs out. */
import type { Sabotage } from './sabotages.ts';

const sdk = 'sdk/src/client';
const worker = 'native-worker/src';
const executor = `${worker}/executor`;
const accountTest = 'test/sdk/account-life.test.ts';
const accountLies = 'test/hostile/account-life.test.ts';
const restoredTest = 'test/hostile/restored.test.ts';
const ownCommitsTest = `${worker}/engine-own-commits.test.ts`;
const agreedTest = `${executor}/agreed-file.test.ts`;

export const UPHEAVAL_SABOTAGES: readonly Sabotage[] = [
  {
    name: 'a rotation that broke off is left where it is',
    file: `${sdk}/account/rotate-keys.ts`,
    find: '      await own.renewSpaces(signal);\n      return ok({ isChanged: false });',
    replace: '      return ok({ isChanged: false });',
    tests: [accountTest],
  },
  {
    name: 'two changes of the keys at once make one of them fail',
    file: `${sdk}/account/own-account.ts`,
    find: "if (!isRefusal(error, 'bundle-moved', 'chain-moved')) throw error;",
    replace: 'if (tried > 0) throw error;',
    tests: [accountTest],
  },
  {
    name: 'a recovery leaves the devices that it was to end',
    file: `${sdk}/account/recover.ts`,
    find: 'of revokeOthers ? chain.devices() : []',
    replace: 'of revokeOthers ? [] : []',
    tests: [accountTest],
  },
  {
    name: 'a recovery changes keys before anybody has the new words',
    file: `${sdk}/account/recover.ts`,
    find: 'if (!(await input.confirmWords(recoveryKeyToWords(newRecoveryKey)))) {',
    replace: 'if (!(await input.confirmWords(recoveryKeyToWords(newRecoveryKey))) && isFull) {',
    tests: [accountLies],
  },
  {
    name: 'words open whatever account the server names',
    file: `${sdk}/account/recover.ts`,
    find: 'if (answer.account !== account) {',
    replace: "if (answer.account === '') {",
    tests: [accountLies],
  },
  {
    name: 'any refused head may be accepted as a restore',
    file: `${worker}/engine-refused-server.ts`,
    find: 'return error instanceof HeadRefused && error.isDeclaredRestore;',
    replace: 'return error instanceof HeadRefused;',
    tests: [restoredTest],
  },
  {
    name: 'a restored state need not lead to its head',
    file: `${sdk}/space/restored-space.ts`,
    find: 'if (judge.head?.id !== offered.id) throw malformed(',
    replace: 'if (judge.head === undefined) throw malformed(',
    tests: [restoredTest],
  },
  {
    name: 'what somebody else wrote counts as the own commit without an answer',
    file: `${executor}/own-commits.ts`,
    find: '  if (remote.sha256 !== change.sha256 || remote.target !== change.target) return;\n',
    replace: '',
    tests: [ownCommitsTest],
  },
  {
    name: 'a file is settled though it was edited while it went up',
    file: `${executor}/agreed-file.ts`,
    find: '    local.sha256 === base.sha256 &&\n',
    replace: '',
    tests: [agreedTest],
  },
  {
    name: 'a file is settled though somebody wrote it meanwhile',
    file: `${executor}/agreed-file.ts`,
    find: '    remote.rev === base.rev &&\n    remote.contentId === base.contentId &&\n',
    replace: '',
    tests: [agreedTest],
  },
  {
    name: 'what the quota refused counts as sent',
    file: `${executor}/over-quota.ts`,
    find: 'rest = rest.filter((item, at) => at >= group.length || refused.has(item));',
    replace: 'rest = rest.slice(group.length);',
    tests: [`${executor}/over-quota.test.ts`],
  },
];
