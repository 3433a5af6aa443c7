// `npm start`: the server, and beside it the build of the daemon's page, if that is older than its sources.
import { spawn } from 'node:child_process';

spawn(process.execPath, ['renderer/scripts/build.ts'], { stdio: ['ignore', 'ignore', 'inherit'] });
await import('../cli/src/main.ts');
