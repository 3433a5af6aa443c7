/** What a stall says to people, and whether somebody has to do something (engine §10). */
import type { StallReason } from './planner/operations.ts';

/** `actions` is empty where there is nothing that a person could decide: the hint says so. */
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
    hint: "Give your user the right to read it (chmod u+r), then 'coffer stalls retry'.",
    actions: RETRY,
  },
  WriteDenied: {
    needsPerson: true,
    message: 'this place may not be written to',
    hint: "Give your user the right to write there (chmod u+w), then 'coffer stalls retry'.",
    actions: RETRY,
  },
  FolderUnreadable: {
    needsPerson: true,
    message: 'this folder cannot be read; nothing in it is deleted anywhere',
    hint: "Give your user the right to read it (chmod u+rx), or check the disk; then 'coffer stalls retry'.",
    actions: RETRY,
  },
  DiskFull: {
    needsPerson: true,
    message: 'there is too little free space on the disk',
    hint: "Make room; uploads go on meanwhile. 'coffer sync exclude' leaves folders on the drive alone.",
    actions: RETRY,
  },
  QuotaFull: {
    needsPerson: true,
    message: 'the storage of the account is full',
    hint: "Make room with 'coffer trash empty' or 'coffer rm --forever' ('coffer quota' shows how much there is), or ask whoever runs the server for more.",
    actions: RETRY,
  },
  NameNotText: {
    needsPerson: true,
    message: 'the name of this file is not readable text',
    hint: 'Rename it: its name is not UTF-8 (convmv does that for many).',
    actions: RETRY,
  },
  NameTooLong: {
    needsPerson: true,
    message: 'this name is too long here',
    hint: "Rename it shorter on a device that has it: 'coffer mv' does so on the drive.",
    actions: RETRY,
  },
  PathTooLong: {
    needsPerson: true,
    message: 'the path to this file is too long here',
    hint: "Rename a folder on the way to it shorter; 'coffer mv' does so on the drive.",
    actions: RETRY,
  },
  NameIllegalHere: {
    needsPerson: true,
    message: 'this system cannot hold that name',
    hint: "Rename it on a device that can, or with 'coffer mv' on the drive.",
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
    hint: 'Rename one of the two; the other syncs then.',
    actions: RETRY,
  },
  HardLinkCopied: {
    needsPerson: false,
    message: 'this is a second name of a file; it syncs as a copy',
    hint: 'There is nothing to do: both names keep the content.',
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
    hint: 'There is nothing to do: sockets, pipes and devices mean nothing elsewhere. A line in .cofferignore ends this note.',
    actions: [],
  },
  BeyondLimits: {
    needsPerson: true,
    message: 'this is larger or deeper than a drive can hold',
    hint: "Move it to a place less deep, or split it; then 'coffer stalls retry'.",
    actions: RETRY,
  },
  NestedMount: {
    needsPerson: false,
    message: 'another disk is mounted here; it does not sync',
    hint: "'coffer sync add' makes it a pair of its own; a line in .cofferignore ends this note.",
    actions: RETRY,
  },
  RootMissing: {
    needsPerson: true,
    message: 'the synced folder is not there',
    hint: "Connect its disk, or put the folder back; syncing goes on by itself. 'coffer sync remove' ends it for good.",
    actions: RETRY,
  },
  RootReplaced: {
    needsPerson: true,
    message: 'another folder is where the synced folder was',
    hint: "Put the old folder back, or 'coffer sync remove' and 'coffer sync add' it anew; nothing is deleted by that.",
    actions: RETRY,
  },
  FileSystemUnsuitable: {
    needsPerson: true,
    message: 'this file system cannot hold a synced folder',
    hint: "Make the disk writable, or choose a folder on another one: 'coffer sync remove', then 'coffer sync add'.",
    actions: RETRY,
  },
  ServerRestored: {
    needsPerson: true,
    message: 'the server was set back to an earlier state; no local file was touched',
    hint: "Ask whoever runs it. 'coffer stalls do accept-restored' takes that state over: what it lost is sent again, nothing is deleted.",
    actions: ['retry', 'accept-restored'],
  },
  RemoteRootGone: {
    needsPerson: true,
    message: 'the remote folder of this pair was deleted',
    hint: "'coffer trash restore' brings it back, 'coffer sync remove' ends the pair; local files stay.",
    actions: RETRY,
  },
  Undecryptable: {
    needsPerson: true,
    message: 'this cannot be opened, so nothing is done with it',
    hint: "Bring Coffer up to date on all devices, then 'coffer stalls retry'; else put the file there anew, or remove it with 'coffer rm'.",
    actions: RETRY,
  },
  IntegrityFailure: {
    needsPerson: true,
    message: 'data from the server failed a check; no local file was touched',
    hint: "Do not trust this server before you know why. 'coffer stalls retry' looks again, 'coffer doctor --bundle F' gathers what a report needs.",
    actions: RETRY,
  },
  IgnoreFileMalformed: {
    needsPerson: false,
    message: 'a line of this ignore file is malformed and was skipped',
    hint: 'Correct the line: .cofferignore is written like .gitignore. The other lines hold.',
    actions: RETRY,
  },
  WatchLimit: {
    needsPerson: false,
    message: 'the system watches no more folders; changes are found more slowly',
    hint: 'Raise the limit: sudo sysctl fs.inotify.max_user_watches=1048576',
    actions: RETRY,
  },
  WatcherDead: {
    needsPerson: false,
    message: 'the system told of no changes; watching was restarted',
    hint: 'There is nothing to do: everything was looked at again.',
    actions: [],
  },
  ClockSkew: {
    needsPerson: false,
    message: 'the clock of this device and that of the server are more than 5 minutes apart',
    hint: "Set the one that is wrong ('coffer doctor' says by how much it is off). Nothing is lost by it; only the times in names of conflict copies may mislead.",
    actions: RETRY,
  },
  DbRecovered: {
    needsPerson: false,
    message: 'the database was damaged and is being rebuilt',
    hint: 'There is nothing to do: both sides are compared anew, and nothing is deleted.',
    actions: [],
  },
  AnotherEngineRunning: {
    needsPerson: true,
    message: 'another Coffer syncs this folder already',
    hint: "Stop one of the two: 'coffer daemon stop' with the --home of the other, or close the application.",
    actions: RETRY,
  },
  PlannerLoop: {
    needsPerson: true,
    message: 'this pair did not come to rest and was stopped',
    hint: "'coffer stalls retry' tries again; if it happens again, report it with 'coffer doctor --bundle F'.",
    actions: RETRY,
  },
};
