export { execute } from './executor.ts';
export { LocalPaths } from './local-paths.ts';
export { isRemoteOutage } from './outcome.ts';
export {
  ensureFolder,
  makeOwnFolder,
  OWN_FOLDER_NAME,
  parseWhole,
  readWhole,
  writeDurably,
  writeWhole,
} from './own-folder.ts';
export { RecentWrites } from './recent-writes.ts';
export { recogniseOwn } from './own-commits.ts';
export { recover } from './recovery.ts';
export { jitterOf, nextAttempt } from './retry.ts';
export { isAllLost, subjectOf, type ExecutionCounts } from './run.ts';
export { FileChanged, hashStably, readStably } from './stable-read.ts';
export { TransferBoard, type Transfer } from './transfer-board.ts';
export { QuotaRoom, type AskUsage } from './quota-room.ts';
