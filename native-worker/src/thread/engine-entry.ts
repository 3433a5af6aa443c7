/** Entry of an engine's thread without guests: what the desktop shell starts. */
import { runEngineThread } from './run-engine-thread.ts';

await runEngineThread((port) => port.close());
