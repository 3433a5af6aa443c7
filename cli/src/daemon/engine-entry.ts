/** Entry of the daemon's engine thread: the engine, and commands from terminals as its guests. */
import { workerData } from 'node:worker_threads';
import { runEngineThread } from '@coffer/native-worker/thread';
import { profileOf } from '@coffer/native-worker/profile-folder';
import { serveCommand } from './command-guest.ts';

const { home } = (workerData as { place: { home: string } }).place;

await runEngineThread((port, { profile, engine, signal }) => {
  serveCommand(port, { profile: profileOf(home), drive: profile.drive, engine }, signal);
});
