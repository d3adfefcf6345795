import { type CommandRow, COMMANDS } from "./commands.ts";
import type { FlagRow } from "./flags.ts";
import { PRESETS } from "../policy/presets.ts";
import { takesList, valueKind } from "./value_kind.ts";

// bash 3.2 of macOS has neither compopt nor negative indices. Words are put together again where bash has split them at
// COMP_WORDBREAKS, and what readline leaves standing (up to the last = or :) is taken off each reply.
const MACHINERY = String.raw`
_tombolo_words() {
  local line=\${COMP_LINE:0:COMP_POINT} i part
  words=() starts=() last=-1
  for ((i = 0; i <= COMP_CWORD; i++)); do
    part=\${COMP_WORDS[i]}
    if ((last < 0)) || [[ $line == [[:space:]]* ]]; then
      line=\${line#"\${line%%[![:space:]]*}"}
      words[++last]='' starts[last]=$i
    fi
    ((i < COMP_CWORD)) || part=$line
    words[last]+=$part
    line=\${line#"$part"}
  done
}

_tombolo_option() { compopt -o "$1" 2>/dev/null || true; }

# Adds what completes an entry of a kind; the text before the entry goes before each reply.
_tombolo_add() {
  local kind=$1 entry=$2 before=$3 found
  local -a how
  case $kind in
    files) how=(-f) ;;
    directories) how=(-d) ;;
    programs) how=(-c) ;;
    variables) how=(-e) ;;
    words) how=(-W "$4") ;;
    *) return ;;
  esac
  [[ $kind != files && $kind != directories ]] || _tombolo_option filenames
  while IFS= read -r found; do
    # Readline itself adds the slash where the whole reply is a path.
    if [[ -n $before && $kind == files && -d $found ]]; then found+=/; fi
    COMPREPLY+=("$before$found")
  done < <(compgen "\${how[@]}" -- "$entry")
}

_tombolo_value() {
  local flag=$1 value=$2 before='' kind list words_of
  value=\${value#[\"\']} value=\${value//\\/}
  _tombolo_kind "$flag"
  if [[ -n $list ]]; then
    [[ $value != *,* ]] || before=\${value%,*},
    _tombolo_option nospace
  fi
  _tombolo_add "$kind" "\${value##*,}" "$before" "$words_of"
}

_tombolo_operand() {
  local kind=$1 from=$2 current=$3
  case $kind in
    command)
      if ((last == from)); then
        COMPREPLY=($(compgen -c -- "$current"))
      elif declare -F _comp_command_offset >/dev/null; then
        _comp_command_offset "\${starts[from]}"
      elif declare -F _command_offset >/dev/null; then
        _command_offset "\${starts[from]}"
      else
        _tombolo_add files "$current" ''
      fi
      ;;
    files) _tombolo_add files "$current" '' ;;
    'set aside') COMPREPLY=($(compgen -W "$("\${words[0]}" restore --list 2>/dev/null | sed -n 's/  .*//p')" -- "$current")) ;;
  esac
}

# Takes off what readline does not replace.
_tombolo_trim() {
  local current=$1 standing='' to='' i
  [[ $COMP_WORDBREAKS != *=* || $current != *=* ]] || standing=\${current%"\${current##*=}"}
  [[ $COMP_WORDBREAKS != *:* || $current != *:* ]] || to=\${current%"\${current##*:}"}
  ((\${#to} <= \${#standing})) || standing=$to
  [[ -z $2 ]] || standing=\${standing#"$2"}
  for i in "\${!COMPREPLY[@]}"; do COMPREPLY[i]=\${COMPREPLY[i]#"$standing"}; done
}

_tombolo() {
  local words starts last flags operand verbs i=2 ended=''
  COMPREPLY=()
  _tombolo_words
  local current=\${words[last]}
  if ((last < 2)); then
    COMPREPLY=($(compgen -W "$_tombolo_commands --help --version" -- "$current"))
    return
  fi
  _tombolo_command "\${words[1]}" || return 0
  while ((i < last)); do
    case \${words[i]} in
      --) ended=1; ((i++)); break ;;
      -*=*) ;;
      -?*)
        if [[ $_tombolo_valued == *" \${words[i]} "* ]]; then
          if ((++i == last)); then
            _tombolo_value "\${words[i - 1]}" "$current"
            _tombolo_trim "$current" ''
            return
          fi
        fi
        ;;
      *) break ;;
    esac
    ((i++))
  done
  if ((i == last)) && [[ -z $ended && $current == -*=* ]]; then
    _tombolo_value "\${current%%=*}" "\${current#*=}"
    _tombolo_trim "$current" "\${current%%=*}="
  elif ((i == last)) && [[ -z $ended && $current == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$current"))
    [[ \${COMPREPLY[0]} != *= ]] || _tombolo_option nospace
  elif [[ -n $verbs ]] && ((i == last)); then
    COMPREPLY=($(compgen -W "$verbs" -- "$current"))
  else
    [[ -z $verbs ]] || _tombolo_verb "\${words[1]} \${words[i]}"
    _tombolo_operand "$operand" "$i" "$current"
    [[ $operand == command ]] || _tombolo_trim "$current" ''
  fi
}

complete -F _tombolo tombolo`.replaceAll("\\$", "$");

function spellings({ name, short }: FlagRow): string[] {
  return [`--${name}`, ...short === undefined ? [] : [`-${short}`]];
}

/** What is offered for a flag: with `=` where a value may follow, without where none has to. */
function offers({ name, short, value }: FlagRow): string[] {
  return [
    ...value === "none" || value === "optional list" ? [`--${name}`] : [],
    ...value === "none" ? [] : [`--${name}=`],
    ...short === undefined ? [] : [`-${short}`],
  ];
}

function commandCase({ name, flags, operand, verbs = [] }: CommandRow): string {
  const names = verbs.map((verb) => verb.name).join(" ");
  return `    ${name}) operand='${operand}' verbs='${names}' flags='${flags.flatMap(offers).join(" ")}' ;;`;
}

function kindCase(row: FlagRow): string {
  const kind = valueKind(row);
  const words = kind.kind === "presets"
    ? Object.keys(PRESETS)
    : kind.kind === "words"
    ? kind.words
    : undefined;
  const list = takesList(row) ? 1 : "";
  return `    ${spellings(row).join(" | ")}) kind=${
    words === undefined ? kind.kind : "words"
  } list='${list}' words_of='${words?.join(" ") ?? ""}' ;;`;
}

/** The script for bash. */
export function bashCompletions(): string {
  const rows = [...new Map(COMMANDS.flatMap(({ flags }) => flags).map((row) => [row.name, row])).values()];
  const valued = rows.filter(({ value }) => value === "one").flatMap(spellings);
  const verbs = COMMANDS.flatMap(({ name, verbs = [] }) =>
    verbs.map((verb) => `    '${name} ${verb.name}') operand='${verb.operand}' ;;`)
  );
  return [
    "# bash completion for tombolo; made by: tombolo completions bash",
    `_tombolo_commands='${COMMANDS.map(({ name }) => name).join(" ")}'`,
    `_tombolo_valued=' ${valued.join(" ")} '`,
    "",
    "_tombolo_command() {",
    "  case $1 in",
    ...COMMANDS.map(commandCase),
    "    *) return 1 ;;",
    "  esac",
    "}",
    "",
    "_tombolo_verb() {",
    "  case $1 in",
    ...verbs,
    "  esac",
    "}",
    "",
    "_tombolo_kind() {",
    "  case $1 in",
    ...rows.filter(({ value }) => value !== "none").map(kindCase),
    "    *) kind=nothing list='' words_of='' ;;",
    "  esac",
    "}",
    MACHINERY,
  ].join("\n");
}
