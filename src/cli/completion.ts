/**
 * Completion for bash and zsh, from the same table as the help. The scripts know the commands and flags; the names of routers they ask
 * of `haagent completion routers`. Nothing in them needs a package of the shell's.
 */
import type { ArgDef } from "citty";
import type { Command } from "./commands.ts";
import { COMMANDS } from "./commands.ts";

/** What `completion` can be asked for. */
export const COMPLETIONS = ["bash", "zsh", "routers"] as const;
export type Completion = (typeof COMPLETIONS)[number];

const commands = (): readonly Command[] => COMMANDS.filter(({ available }) => available);

/** What each flag of a command takes: nothing, the path of a file, or a value that nobody can guess. */
interface Flag {
  readonly name: string;
  readonly takes: "nothing" | "file" | "value";
  readonly description: string;
}

const FILES = ["FILE", "PATH"];

function flagOf([name, definition]: [string, ArgDef]): Flag[] {
  if (definition.type === "positional" || definition.description === "not in this version") return [];
  const description = definition.description ?? "";
  if (definition.type === "boolean") return [{ name: `--${name}`, takes: "nothing", description }];
  const takes = FILES.includes(definition.valueHint ?? "") ? "file" : "value";
  return [{ name: `--${name}`, takes, description }];
}

const HELP: Flag = { name: "--help", takes: "nothing", description: "show how it is used" };
const flagsOf = ({ args }: Command): Flag[] => [...Object.entries(args).flatMap(flagOf), HELP];

/** A word for a shell: names of commands and flags need no quotes, texts do. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
const list = (words: readonly string[]): string => words.join(" ");

/** Pairs of a command and the flags of it that take something. */
const taking = (what: readonly Flag["takes"][]): string =>
  commands()
    .flatMap((command) =>
      flagsOf(command)
        .filter(({ takes }) => what.includes(takes))
        // Without a command it is `run`.
        .flatMap(({ name }) => [`${command.name} ${name}`, ...(command.name === "run" ? [` ${name}`] : [])]),
    )
    .map(quoted)
    .join(" | ");

/** Positions whose words are the names of routers, `COMMAND NUMBER`. */
const routerPlaces = (): string =>
  commands()
    .flatMap(({ name, places }) =>
      places.flatMap((place, at) => (place === "routers" ? [`'${name} ${at}'`] : [])),
    )
    .join(" | ");

/** The others: an arm of a `case` each. */
const wordPlaces = (arm: (place: string, words: readonly string[]) => string): string =>
  commands()
    .flatMap(({ name, places }) =>
      places.flatMap((place, at) => (place === "routers" ? [] : [arm(`'${name} ${at}'`, place)])),
    )
    .join("\n");

function bash(): string {
  const flags = commands().map((command) => {
    const pattern = command.name === "run" ? "'' | run" : command.name;
    return `      ${pattern}) candidates=(${list(flagsOf(command).map(({ name }) => name))}) ;;`;
  });
  return `# bash completion for haagent. For all users: haagent completion bash > /etc/bash_completion.d/haagent
_haagent() {
  local cur=\${COMP_WORDS[COMP_CWORD]} command= value= place=0 word at
  local -a agent=() candidates=()
  COMPREPLY=()
  # bash makes words of --config=FILE.
  [[ $cur == '=' ]] && cur=
  for ((at = 1; at < COMP_CWORD; at++)); do
    word=\${COMP_WORDS[at]}
    if [[ $word == '=' ]]; then
      continue
    elif [[ -n $value ]]; then
      [[ $value == --config || $value == --socket ]] && agent=("$value" "$word")
      value=
    elif [[ $word == -* ]]; then
      case "$command $word" in
        ${taking(["file", "value"])}) value=$word ;;
      esac
    elif [[ -z $command ]]; then
      command=$word
    else
      ((place += 1))
    fi
  done
  if [[ -n $value ]]; then
    case "$command $value" in
      ${taking(["file"])})
        compopt -o filenames 2> /dev/null
        while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$cur") ;;
    esac
    return
  fi
  if [[ $cur == -* ]]; then
    case $command in
${flags.join("\n")}
    esac
  elif [[ -z $command ]]; then
    candidates=(${list(commands().map(({ name }) => name))})
  else
    case "$command $place" in
      ${routerPlaces()})
        mapfile -t candidates < <("$1" completion routers \${agent[@]+"\${agent[@]}"} 2> /dev/null) ;;
${wordPlaces((place, words) => `      ${place}) candidates=(${list(words)}) ;;`)}
    esac
  fi
  for word in \${candidates[@]+"\${candidates[@]}"}; do
    [[ $word == "$cur"* ]] && COMPREPLY+=("$(printf %q "$word")")
  done
}
complete -F _haagent haagent
`;
}

/** `'--json:print JSON'`, as _describe reads it. */
const described = (name: string, description: string): string =>
  quoted(`${name.replaceAll(":", "\\:")}:${description}`);

function zsh(): string {
  const flags = commands().map((command) => {
    const pattern = command.name === "run" ? "'' | run" : command.name;
    const words = flagsOf(command).map(({ name, description }) => described(name, description));
    return `      ${pattern}) candidates=(${list(words)}) ;;`;
  });
  return `#compdef haagent
# zsh completion for haagent. As _haagent in a directory of $fpath, or: source <(haagent completion zsh)
_haagent() {
  local command= value= word
  local -i place=0 at
  local -a agent candidates
  for ((at = 2; at < CURRENT; at++)); do
    word=\${(Q)words[at]}
    if [[ -n $value ]]; then
      [[ $value == --config || $value == --socket ]] && agent=($value $word)
      value=
    elif [[ $word == --config=* || $word == --socket=* ]]; then
      agent=(\${word%%=*} \${word#*=})
    elif [[ $word == -* ]]; then
      case "$command $word" in
        (${taking(["file", "value"])}) value=$word ;;
      esac
    elif [[ -z $command ]]; then
      command=$word
    else
      (( place += 1 ))
    fi
  done
  if [[ -z $value && $PREFIX == --*=* ]]; then
    value=\${PREFIX%%=*}
    compset -P '*='
  fi
  if [[ -n $value ]]; then
    case "$command $value" in
      (${taking(["file"])}) _files ;;
    esac
    return
  fi
  if [[ $PREFIX == -* ]]; then
    case $command in
${flags.map((line) => line.replace(/^( +)/, "$1(")).join("\n")}
    esac
    _describe -t flags flag candidates
  elif [[ -z $command ]]; then
    candidates=(${list(commands().map(({ name, description }) => described(name, description)))})
    _describe -t commands command candidates
  else
    case "$command $place" in
      (${routerPlaces()})
        candidates=(\${(f)"$(\${(Q)words[1]} completion routers $agent 2> /dev/null)"})
        compadd -a candidates ;;
${wordPlaces((place, words) => `      (${place}) compadd ${list(words)} ;;`)}
    esac
  fi
}
if [[ $funcstack[1] == _haagent ]]; then
  _haagent "$@"
else
  compdef _haagent haagent
fi
`;
}

/** The script for a shell. */
export const completion = (shell: "bash" | "zsh"): string => (shell === "bash" ? bash() : zsh());
