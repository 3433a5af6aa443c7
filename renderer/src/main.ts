import { mount } from 'svelte';
import type { ControlBridge } from '@coffer/native-worker/contract';
import { createBridgeClient } from './control/adapters/bridge-client.ts';
import { createLoopbackClient } from './control/adapters/loopback-client.ts';
import './ui/tokens.css';
import './ui/base.css';
import App from './views/App.svelte';

/** Put there by the desktop shell; a page that the daemon serves has none. */
const { cofferBridge } = globalThis as { readonly cofferBridge?: ControlBridge };
const client =
  cofferBridge === undefined ? createLoopbackClient() : createBridgeClient(cofferBridge);

mount(App, { target: document.body, props: { client, showFace: cofferBridge?.showFace } });
