/** `version` and `help`. */
import { PROTOCOL_VERSION } from '@coffer/protocol/core';
import type { CommandRun } from '../command.ts';
import { helpCommand, helpOverview, helpValue, helpWord } from '../help.ts';
import { parseInvocation } from '../parse-arguments.ts';
import { ownVersion } from '../version.ts';
import { COMMANDS } from './registry.ts';

export const version: CommandRun = async ({ output }) => {
  const own = ownVersion();
  const value = { version: own, node: process.versions.node, protocol: PROTOCOL_VERSION };
  output.result(value, () => [
    `coffer ${own}, protocol ${PROTOCOL_VERSION}, Node.js ${process.versions.node}`,
  ]);
};

export const help: CommandRun = async ({ output }, { positionals }) => {
  if (positionals.length === 0) {
    output.result(helpValue([], COMMANDS), () => [helpOverview(COMMANDS)]);
    return;
  }
  const { command, words } = parseInvocation([...positionals, '--help'], COMMANDS);
  output.result(helpValue(words, COMMANDS), () => [
    command !== undefined && words.length > 1
      ? helpCommand(command)
      : helpWord(words[0] ?? '', COMMANDS),
  ]);
};
