/** Opens an address in the person's browser, where there is a screen to show it on. */
import { spawn } from 'node:child_process';
import { platform } from 'node:os';

/** False where nothing can be opened: the address is printed then. */
export function openBrowser(url: string, env: NodeJS.ProcessEnv): boolean {
  const command = commandFor(env);
  if (command === undefined) return false;
  const [program, ...args] = command;
  const child = spawn(program, [...args, url], { detached: true, stdio: 'ignore' });
  child.on('error', () => undefined); // No such program: the address is printed too.
  child.unref();
  return true;
}

function commandFor(env: NodeJS.ProcessEnv): readonly [string, ...string[]] | undefined {
  switch (platform()) {
    case 'darwin':
      return ['open'];
    case 'win32':
      return ['rundll32', 'url.dll,FileProtocolHandler'];
    default:
      return env['DISPLAY'] === undefined && env['WAYLAND_DISPLAY'] === undefined
        ? undefined
        : ['xdg-open'];
  }
}
