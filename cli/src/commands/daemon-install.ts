/** `daemon install`, `daemon uninstall`: at login, by what the system has for that. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, platform, userInfo } from 'node:os';
import { dirname } from 'node:path';
import type { CommandRun } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { serviceFile, type ServiceFile } from '../daemon/service-file.ts';
import { CliFailure, EXIT } from '../failure.ts';

export const daemonInstall: CommandRun = async (context) => {
  await context.secrets();
  const service = serviceOf(context);
  mkdirSync(dirname(service.path), { recursive: true });
  writeFileSync(service.path, service.bytes);
  const failed = runAll(service.enable);
  context.output.result({ file: service.path, enabled: failed === undefined }, () => [
    failed === undefined
      ? 'The daemon runs now and starts at every login.'
      : `Written to ${context.output.name(service.path)}.`,
  ]);
  if (failed === undefined) return EXIT.done;
  throw new CliFailure(
    'failed',
    `the system did not take the service up ('${failed}' failed)`,
    `Run it yourself in a session that has a service manager, or 'coffer daemon --detach' for now.`,
  );
};

export const daemonUninstall: CommandRun = async (context) => {
  const service = serviceOf(context);
  runAll(service.disable);
  rmSync(service.path, { force: true });
  context.output.result({ file: service.path, enabled: false }, () => [
    'The daemon no longer starts at login. Files and profile stay.',
  ]);
};

function serviceOf({ profile, env }: CommandContext): ServiceFile {
  const [script = ''] = process.argv.slice(1);
  const service = serviceFile({
    platform: platform(),
    command: [process.execPath, ...process.execArgv, script, '--home', profile.home, 'daemon'],
    home: profile.home,
    person: { home: homedir(), name: userInfo().username },
    env,
  });
  if (service !== undefined) return service;
  throw new CliFailure(
    'unsupported',
    `this version knows no service on ${platform()}`,
    "Start 'coffer daemon' by whatever starts programs at login there.",
  );
}

/** The words of the first program that failed. */
function runAll(commands: readonly (readonly string[])[]): string | undefined {
  for (const [program = '', ...args] of commands) {
    const { status } = spawnSync(program, args, { stdio: 'ignore' });
    if (status !== 0) return [program, ...args].join(' ');
  }
  return undefined;
}
