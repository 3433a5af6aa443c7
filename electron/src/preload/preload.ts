/** The only thing that a page has of the computer: named functions that carry plain data. */
import { contextBridge, ipcRenderer, type IpcRendererEvent } from 'electron';
import type {
  BridgeAnswer,
  ControlBridge,
  ControlNews,
  NumberedEvent,
} from '@coffer/native-worker/contract';
import { CHANNELS } from '../channels.ts';

const bridge: ControlBridge = {
  call: (command, input) =>
    ipcRenderer.invoke(CHANNELS.call, command, input) as Promise<BridgeAnswer>,
  subscribe: (listener) => {
    const hear = (_event: IpcRendererEvent, batch: readonly NumberedEvent[]): void => {
      for (const event of batch) listener({ kind: 'event', event });
    };
    const hearNews = (_event: IpcRendererEvent, news: ControlNews): void => listener(news);
    ipcRenderer.on(CHANNELS.events, hear);
    ipcRenderer.on(CHANNELS.news, hearNews);
    void ipcRenderer.invoke(CHANNELS.subscribe).then(() => listener({ kind: 'connected' }));
    return () => {
      ipcRenderer.off(CHANNELS.events, hear);
      ipcRenderer.off(CHANNELS.news, hearNews);
      void ipcRenderer.invoke(CHANNELS.unsubscribe);
    };
  },
  showFace: (face) => ipcRenderer.send(CHANNELS.face, face),
};

contextBridge.exposeInMainWorld('cofferBridge', bridge);
