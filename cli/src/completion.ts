/** Completions for shells, made from the definitions of the commands. Pure. */
import { GLOBAL_FLAGS, type CommandDefinition, type FlagDefinition } from './command.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

export function completionScript(shell: Shell, commands: readonly CommandDefinition[]): string {
  if (shell === 'fish') return fish(commands);
  const script = bash(commands);
  return shell === 'bash'
    ? script
    : `#compdef coffer\nautoload -U +X bashcompinit && bashcompinit\n${script}`;
}

/** `sync` → its verbs; the empty word → all first words. */
function wordsByPrefix(commands: readonly CommandDefinition[]): ReadonlyMap<string, Set<string>> {
  const words = new Map<string, Set<string>>([['', new Set()]]);
  for (const { name } of commands) {
    const [first = '', second] = name.split(' ');
    words.get('')?.add(first);
    if (second === undefined) continue;
    const verbs = words.get(first) ?? new Set<string>();
    words.set(first, verbs.add(second));
  }
  return words;
}

function flagsOf({ flags }: CommandDefinition): readonly FlagDefinition[] {
  return [...flags, ...GLOBAL_FLAGS];
}

/** True where an argument may be a path on the drive. */
function takesRemote({ usage }: CommandDefinition): boolean {
  return /\b(PATH|REMOTE|FROM|TO)\b/.test(usage);
}

function takesLocal({ usage }: CommandDefinition): boolean {
  return /\b(LOCAL|DIR|F|DEST)\b/.test(usage);
}

function bash(commands: readonly CommandDefinition[]): string {
  const words = [...wordsByPrefix(commands)]
    .filter(([prefix]) => prefix !== '')
    .map(([prefix, verbs]) => `    ${prefix}) words="${[...verbs].join(' ')}" ;;`);
  // Two words before one: the pattern of one word takes whatever follows it.
  const flags = [...commands]
    .sort((a, b) => b.name.split(' ').length - a.name.split(' ').length)
    .map((command) => {
      const pattern = command.name.includes(' ') ? `'${command.name}'` : `'${command.name} '*`;
      const names = flagsOf(command).map(({ name }) => `--${name}`);
      const kind = takesRemote(command) ? 'remote' : takesLocal(command) ? 'local' : 'none';
      return `    ${pattern}) flags="${names.join(' ')}"; kind=${kind} ;;`;
    });
  const first = [...(wordsByPrefix(commands).get('') ?? [])].join(' ');
  return `# coffer: completions for bash. Put 'source <(coffer completion bash)' into ~/.bashrc.
_coffer() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words='' flags='' kind=none one='' two='' word at
  for ((at = 1; at < COMP_CWORD; at++)); do
    word="\${COMP_WORDS[at]}"
    if [[ $word == --home ]]; then ((at++)); continue; fi
    [[ $word == -* ]] && continue
    if [[ -z $one ]]; then one=$word; elif [[ -z $two ]]; then two=$word; fi
  done
  if [[ -z $one ]]; then
    COMPREPLY=($(compgen -W "${first}" -- "$current"))
    return
  fi
  case "$one" in
${words.join('\n')}
  esac
  case "$one $two" in
${flags.join('\n')}
  esac
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$current"))
    return
  fi
  [[ -z $two && -n $words ]] && COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [[ $kind == remote ]]; then
    local IFS=$'\\n'
    COMPREPLY+=($(compgen -W "$(coffer complete-remote "$current" 2>/dev/null)" -- "$current"))
  elif [[ $kind == local ]]; then
    local IFS=$'\\n'
    COMPREPLY+=($(compgen -f -- "$current"))
  fi
}
complete -o filenames -o nospace -F _coffer coffer
`;
}

function fish(commands: readonly CommandDefinition[]): string {
  const seen = new Set<string>();
  const lines = [
    "# coffer: completions for fish. 'coffer completion fish | source'",
    'complete -c coffer -f',
  ];
  const quoted = (text: string): string =>
    `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  for (const command of commands) {
    const [first = '', second] = command.name.split(' ');
    if (!seen.has(first)) {
      seen.add(first);
      lines.push(
        `complete -c coffer -n __fish_use_subcommand -a ${first} -d ${quoted(command.summary)}`,
      );
    }
    const condition = quoted(`__fish_seen_subcommand_from ${first}`);
    if (second !== undefined) {
      lines.push(`complete -c coffer -n ${condition} -a ${second} -d ${quoted(command.summary)}`);
    }
    for (const flag of command.flags) {
      const short = flag.short === undefined ? '' : ` -s ${flag.short}`;
      const value = flag.value === undefined ? '' : ' -r';
      lines.push(
        `complete -c coffer -n ${condition} -l ${flag.name}${short}${value} -d ${quoted(flag.summary)}`,
      );
    }
    if (takesLocal(command)) lines.push(`complete -c coffer -n ${condition} -F`);
    if (takesRemote(command)) {
      lines.push(
        `complete -c coffer -n ${condition} -a '(coffer complete-remote (commandline -ct) 2>/dev/null)'`,
      );
    }
  }
  for (const { name, summary } of GLOBAL_FLAGS) {
    lines.push(`complete -c coffer -l ${name} -d ${quoted(summary)}`);
  }
  return `${lines.join('\n')}\n`;
}
