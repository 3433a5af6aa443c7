import type { TransferStatus } from '@coffer/native-worker/contract';
import { fileKind, type FileKind } from '../ui/file-kind.ts';
import { baseName } from '../ui/visible-name.ts';
import type { Words } from '../words/translator.ts';
import { timeLeftText } from './time-left.ts';

export interface TransferRow {
  readonly id: string;
  readonly name: string;
  readonly kind: FileKind;
  readonly direction: 'up' | 'down';
  readonly isPaused: boolean;
  /** From 0 to 1. */
  readonly share: number;
  readonly percent: string;
  /** "4.2 of 9.8 MB". */
  readonly amount: string;
  /** "1.3 MB/s, 4 s", or that it is paused; empty while it is not known. */
  readonly pace: string;
  /** For screen readers: what the bar says. */
  readonly spoken: string;
}

/** Rows of what is on its way, in the order of the engine. */
export function transferRows(
  transfers: readonly TransferStatus[],
  words: Words,
): readonly TransferRow[] {
  return transfers.map((transfer) => transferRow(transfer, words));
}

function transferRow(transfer: TransferStatus, words: Words): TransferRow {
  const { t, formats } = words;
  const { id, path, direction, bytesDone, bytesTotal, bytesPerSecond, etaSeconds } = transfer;
  const share = bytesTotal === 0 ? 0 : bytesDone / bytesTotal;
  const percent = formats.percent(share);
  const amount = t('size.of', {
    done: formats.bytesIn(bytesDone, bytesTotal),
    total: formats.bytes(bytesTotal),
  });
  const speed = bytesPerSecond === 0 ? '' : formats.speed(bytesPerSecond);
  const left = etaSeconds === null || speed === '' ? '' : timeLeftText(etaSeconds, words);
  const isPaused = transfer.paused === true;
  const moving = left === '' ? speed : t('list.comma', { first: speed, second: left });
  const name = baseName(path);
  return {
    id,
    name,
    kind: fileKind(name),
    direction,
    isPaused,
    share,
    percent,
    amount,
    pace: isPaused ? t('status.paused') : moving,
    spoken: t('list.comma', { first: percent, second: amount }),
  };
}
