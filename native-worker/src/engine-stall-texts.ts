/** What a stall says to people, and whether somebody has to do something (engine §10). */
import type { StallReason } from './planner/operations.ts';

interface StallText {
  /** True: the pair is in `attention` and commands end with 3 until it is gone. */
  readonly needsPerson: boolean;
  readonly message: string;
  readonly hint: string;
  readonly actions: readonly string[];
}

const RETRY = ['retry'];

export const STALL_TEXTS: Readonly<Record<StallReason, StallText>> = {
  FileBusy: {
    needsPerson: false,
    message: 'another program holds this file',
    hint: 'It syncs once that program lets go of it.',
    actions: RETRY,
  },
  FileChangingTooFast: {
    needsPerson: false,
    message: 'this file changes without a pause',
    hint: 'It syncs once it comes to rest.',
    actions: RETRY,
  },
  ReadDenied: {
    needsPerson: true,
    message: 'this file may not be read',
    hint: 'Give your user the right to read it.',
    actions: RETRY,
  },
  WriteDenied: {
    needsPerson: true,
    message: 'this place may not be written to',
    hint: 'Give your user the right to write there.',
    actions: RETRY,
  },
  FolderUnreadable: {
    needsPerson: true,
    message: 'this folder cannot be read; nothing in it is deleted anywhere',
    hint: 'Give your user the right to read it, or check the disk.',
    actions: RETRY,
  },
  DiskFull: {
    needsPerson: true,
    message: 'there is too little free space on the disk',
    hint: 'Make room; uploads go on meanwhile.',
    actions: RETRY,
  },
  QuotaFull: {
    needsPerson: true,
    message: 'the storage of the account is full',
    hint: 'Delete something for ever, or ask for more room.',
    actions: RETRY,
  },
  NameNotText: {
    needsPerson: true,
    message: 'the name of this file is not readable text',
    hint: 'Rename it.',
    actions: RETRY,
  },
  NameTooLong: {
    needsPerson: true,
    message: 'this name is too long here',
    hint: 'Give it a shorter name.',
    actions: RETRY,
  },
  PathTooLong: {
    needsPerson: true,
    message: 'the path to this file is too long here',
    hint: 'Shorten a name on the way to it.',
    actions: RETRY,
  },
  NameIllegalHere: {
    needsPerson: true,
    message: 'this system cannot hold that name',
    hint: 'Rename it on a device that can.',
    actions: RETRY,
  },
  CaseClash: {
    needsPerson: false,
    message: 'another name here differs only in upper and lower case',
    hint: 'It has a numbered name on this device; its name elsewhere stays.',
    actions: RETRY,
  },
  NormalisationClash: {
    needsPerson: true,
    message: 'another name here looks the same and is spelt otherwise in Unicode',
    hint: 'Rename one of the two.',
    actions: RETRY,
  },
  HardLinkCopied: {
    needsPerson: false,
    message: 'this is a second name of a file; it syncs as a copy',
    hint: '',
    actions: [],
  },
  SymlinkOutside: {
    needsPerson: false,
    message: 'this link leads out of the synced folder',
    hint: 'The link syncs, what it leads to does not.',
    actions: [],
  },
  SpecialFileSkipped: {
    needsPerson: false,
    message: 'this is no file, folder or link and does not sync',
    hint: '',
    actions: [],
  },
  BeyondLimits: {
    needsPerson: true,
    message: 'this is larger or deeper than a drive can hold',
    hint: 'Move it to a place less deep, or split it.',
    actions: RETRY,
  },
  NestedMount: {
    needsPerson: false,
    message: 'another disk is mounted here; it does not sync',
    hint: 'Add it as a pair of its own.',
    actions: RETRY,
  },
  RootMissing: {
    needsPerson: true,
    message: 'the synced folder is not there',
    hint: 'Connect its disk, or put the folder back; syncing goes on by itself.',
    actions: RETRY,
  },
  RootReplaced: {
    needsPerson: true,
    message: 'another folder is where the synced folder was',
    hint: 'Put the old folder back, or remove the pair and add it again.',
    actions: RETRY,
  },
  FileSystemUnsuitable: {
    needsPerson: true,
    message: 'this file system cannot hold a synced folder',
    hint: 'Choose a folder on another disk.',
    actions: RETRY,
  },
  ServerRestored: {
    needsPerson: true,
    message: 'the server was set back to an earlier state; no local file was touched',
    hint: 'Ask whoever runs it. `coffer stalls do accept-restored` takes that state over: what it lost is sent again, nothing is deleted.',
    actions: ['retry', 'accept-restored'],
  },
  RemoteRootGone: {
    needsPerson: true,
    message: 'the remote folder of this pair was deleted',
    hint: 'Restore it from the trash, or remove the pair; local files stay.',
    actions: RETRY,
  },
  Undecryptable: {
    needsPerson: true,
    message: 'this cannot be opened, so nothing is done with it',
    hint: 'Check that all devices are up to date.',
    actions: RETRY,
  },
  IntegrityFailure: {
    needsPerson: true,
    message: 'data from the server failed a check; no local file was touched',
    hint: 'Do not trust this server before you know why.',
    actions: RETRY,
  },
  IgnoreFileMalformed: {
    needsPerson: false,
    message: 'a line of this ignore file is malformed and was skipped',
    hint: 'Correct the line.',
    actions: [],
  },
  WatchLimit: {
    needsPerson: false,
    message: 'the system watches no more folders; changes are found more slowly',
    hint: 'Raise the limit: sudo sysctl fs.inotify.max_user_watches=1048576',
    actions: [],
  },
  WatcherDead: {
    needsPerson: false,
    message: 'the system told of no changes; watching was restarted',
    hint: '',
    actions: [],
  },
  ClockSkew: {
    needsPerson: false,
    message: 'the clock of this device and that of the server are more than 5 minutes apart',
    hint: 'Set the one that is wrong. Nothing is lost by it; only the times in names of conflict copies may mislead.',
    actions: [],
  },
  DbRecovered: {
    needsPerson: false,
    message: 'the database was damaged and is being rebuilt',
    hint: 'Both sides are compared anew; nothing is deleted.',
    actions: [],
  },
  AnotherEngineRunning: {
    needsPerson: true,
    message: 'another Coffer syncs this folder already',
    hint: 'Stop one of the two.',
    actions: RETRY,
  },
  PlannerLoop: {
    needsPerson: true,
    message: 'this pair did not come to rest and was stopped',
    hint: 'Try again; if it happens again, report it.',
    actions: RETRY,
  },
};
