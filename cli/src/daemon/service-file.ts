/** What starts the daemon at login: a file for each system, filled in from `build/daemon`. Pure but for the templates. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ServiceOptions {
  readonly platform: NodeJS.Platform;
  /** Program and arguments that run the daemon in the foreground. */
  readonly command: readonly string[];
  /** Profile folder: each profile has a service of its own. */
  readonly home: string;
  /** Home folder of the person, and name. */
  readonly person: { readonly home: string; readonly name: string };
  readonly env: NodeJS.ProcessEnv;
}

export interface ServiceFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  /** Program and arguments that make the system take it up, and forget it. */
  readonly enable: readonly (readonly string[])[];
  readonly disable: readonly (readonly string[])[];
}

/** Undefined on a system that this version knows no service for. */
export function serviceFile(options: ServiceOptions): ServiceFile | undefined {
  const id = createHash('sha256').update(options.home).digest('hex').slice(0, 8);
  if (options.platform === 'linux') return systemdUnit(options, `coffer-${id}`);
  if (options.platform === 'darwin') return launchAgent(options, `org.coffer.daemon.${id}`);
  return options.platform === 'win32' ? windowsTask(options, `Coffer ${id}`) : undefined;
}

function systemdUnit({ command, person, env }: ServiceOptions, name: string): ServiceFile {
  const config = env['XDG_CONFIG_HOME'] ?? join(person.home, '.config');
  const unit = `${name}.service`;
  const words = command.map(systemdWord).join(' ');
  return {
    path: join(config, 'systemd', 'user', unit),
    bytes: Buffer.from(filled('coffer.service', { command: words }), 'utf8'),
    enable: [
      ['systemctl', '--user', 'daemon-reload'],
      ['systemctl', '--user', 'enable', '--now', unit],
    ],
    disable: [['systemctl', '--user', 'disable', '--now', unit]],
  };
}

/** In quotes, with `%` and `$` as themselves (systemd.service(5), "Command lines"). */
function systemdWord(word: string): string {
  const escaped = word
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('%', '%%')
    .replaceAll('$', '$$$$');
  return `"${escaped}"`;
}

function launchAgent({ command, person }: ServiceOptions, label: string): ServiceFile {
  const path = join(person.home, 'Library', 'LaunchAgents', `${label}.plist`);
  const words = command.map((word) => `    <string>${xml(word)}</string>`).join('\n');
  return {
    path,
    bytes: Buffer.from(filled('coffer.plist', { label, arguments: words }), 'utf8'),
    enable: [['launchctl', 'load', '-w', path]],
    disable: [['launchctl', 'unload', '-w', path]],
  };
}

function windowsTask(options: ServiceOptions, name: string): ServiceFile {
  const { command, home, person } = options;
  const [program = '', ...rest] = command;
  const path = join(home, 'daemon-task.xml');
  const text = filled('coffer-task.xml', {
    user: xml(person.name),
    program: xml(program),
    arguments: xml(rest.map(windowsWord).join(' ')),
  });
  return {
    path,
    // The task scheduler wants UTF-16 with its mark.
    bytes: Buffer.from(`\uFEFF${text}`, 'utf16le'),
    enable: [['schtasks', '/Create', '/F', '/TN', name, '/XML', path]],
    disable: [['schtasks', '/Delete', '/F', '/TN', name]],
  };
}

/** As CommandLineToArgvW takes it apart: backslashes count only before quotes. */
function windowsWord(word: string): string {
  return `"${word.replaceAll(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, '$1$1')}"`;
}

function xml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

function filled(template: string, values: Readonly<Record<string, string>>): string {
  const url = new URL(`../../../build/daemon/${template}`, import.meta.url);
  return readFileSync(url, 'utf8').replaceAll(
    /\{\{(\w+)\}\}/g,
    (_, name: string) => values[name] ?? '',
  );
}
