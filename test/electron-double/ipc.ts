/** Who answers which channel in the main process. */
import { EventEmitter } from 'node:events';

interface IpcEvent {
  readonly sender: unknown;
  readonly senderFrame: { readonly url: string } | null;
}

export const ipcHandlers = new Map<string, (event: IpcEvent, ...values: unknown[]) => unknown>();
export const ipcListeners = new EventEmitter();
