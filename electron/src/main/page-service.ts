/** Answers the pages: calls of the control contract, its events, and what the tray is to look like. */
import { ipcMain, type IpcMainInvokeEvent, type WebContents } from 'electron';
import { z } from 'zod';
import {
  ControlFailure,
  type BridgeAnswer,
  type ControlNews,
  type ControlTarget,
  type TrayFace,
} from '@coffer/native-worker/contract';
import { failureOf, isCommandName, type EventFeed } from '@coffer/native-worker/control';
import { CHANNELS } from '../channels.ts';
import { isOwnPage } from './app-pages.ts';

const TEXT_LENGTH_MAX = 200;
const Text = z.string().max(TEXT_LENGTH_MAX);
const Face = z.object({
  glyph: Text,
  title: Text,
  words: z.object({ open: Text, pause: Text, resume: Text, quit: Text }),
  isPaused: z.boolean(),
});

export interface PageServiceOptions {
  readonly target: ControlTarget & { readonly onHolder: (listener: () => void) => void };
  /** Of the same target. */
  readonly feed: EventFeed;
  readonly onFace: (face: TrayFace) => void;
}

export function servePageCalls({ target, feed, onFace }: PageServiceOptions): void {
  const listening = new Map<WebContents, () => void>();

  function unsubscribe(contents: WebContents): void {
    listening.get(contents)?.();
    listening.delete(contents);
  }

  // Somebody else answers from now on: pages read everything anew.
  target.onHolder(() => {
    const news: ControlNews = { kind: 'connected' };
    for (const contents of listening.keys()) contents.send(CHANNELS.news, news);
  });
  ipcMain.handle(CHANNELS.call, (event, command: unknown, input: unknown) => {
    refuseStrangers(event);
    return answer(target, command, input);
  });
  ipcMain.handle(CHANNELS.subscribe, (event) => {
    refuseStrangers(event);
    const contents = event.sender;
    unsubscribe(contents);
    const stop = feed.subscribe((batch) => contents.send(CHANNELS.events, batch));
    listening.set(contents, stop);
    contents.once('destroyed', () => unsubscribe(contents));
  });
  ipcMain.handle(CHANNELS.unsubscribe, (event) => {
    refuseStrangers(event);
    unsubscribe(event.sender);
  });
  ipcMain.on(CHANNELS.face, (event, face: unknown) => {
    const parsed = Face.safeParse(face);
    if (isOwnPage(event.senderFrame?.url ?? '') && parsed.success) onFace(parsed.data);
  });
}

function refuseStrangers({ senderFrame }: IpcMainInvokeEvent): void {
  if (!isOwnPage(senderFrame?.url ?? '')) throw new Error('this page may not ask');
}

/** Errors cannot cross the bridge with their fields: a failure is an answer. */
async function answer(
  target: ControlTarget,
  command: unknown,
  input: unknown,
): Promise<BridgeAnswer> {
  try {
    if (typeof command !== 'string' || !isCommandName(command)) throw new ControlFailure(NO_CALL);
    return { ok: true, value: await target.call(command, input, new AbortController().signal) };
  } catch (error) {
    return { ok: false, error: failureOf(error) };
  }
}

const NO_CALL = { code: 'not-found', message: 'there is no such call', hint: '' };
