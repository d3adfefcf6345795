import { PRESETS } from "../policy/presets.ts";
import { type CommandRow, COMMANDS } from "./commands.ts";
import type { FlagRow } from "./flags.ts";
import { takesList, valueKind } from "./value_kind.ts";

function quoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, "\\$&")}'`;
}

/** Words with descriptions, as an argument of printf. */
function described(rows: readonly (readonly [string, string])[]): string {
  return rows.map(([name, purpose]) => quoted(`${name}\t${purpose}`)).join(" ");
}

// Where the cursor is: `start`, `flags COMMAND`, `operand COMMAND` or `operand COMMAND VERB`. Behind a command to run, fish
// is asked again, about that command.
const MACHINERY = `function __tombolo_words
    commandline -opc
end

function __tombolo_operand_index
    set -l words (__tombolo_words)
    set -l index 3
    while test $index -le (count $words)
        switch $words[$index]
            case --
                math $index + 1
                return
            case '-*=*'
            case '-?*'
                contains -- $words[$index] $__tombolo_valued; and set index (math $index + 1)
            case '*'
                echo $index
                return
        end
        set index (math $index + 1)
    end
    return 1
end

function __tombolo_place
    set -l words (__tombolo_words)
    if test (count $words) -lt 2
        echo start
    else if set -l index (__tombolo_operand_index)
        echo operand $words[2] $words[$index]
    else
        echo flags $words[2]
    end
end

function __tombolo_at
    string match -q -- $argv[1] (__tombolo_place)
end

function __tombolo_command_line
    set -l words (__tombolo_words)
    set -l index (__tombolo_operand_index); or set index (math (count $words) + 1)
    set -l before
    test $index -le (count $words); and set before (string escape -- $words[$index..-1])
    # As one word: the line may begin with a hyphen.
    complete --do-complete=(string join ' ' -- $before (commandline -ct) | string collect)
end

function __tombolo_entries
    set -l value (commandline -ct | string replace -r '^-[^=]*=' '')
    set -l entry $value
    set -l before ''
    if test "$argv[2]" = list
        set entry (string replace -r '^.*,' '' -- $value)
        set before (string match -r '^.*,' -- $value)
    end
    # To fish the = of -R=PATH is part of the value.
    string match -q -r '^-\\w=' -- (commandline -ct); and set before "=$before"
    switch $argv[1]
        case files
            for found in (__fish_complete_path $entry)
                echo "$before$found"
            end
        case directories
            for found in (__fish_complete_directories $entry)
                echo "$before$found"
            end
        case programs
            for found in (complete --do-complete="$entry" | string split -f1 \\t)
                command -q -- $found; and echo "$before$found"
            end
        case variables
            for found in (set -nx)
                echo "$before$found"
            end
    end
end

function __tombolo_set_aside
    tombolo restore --list 2>/dev/null | string match '*  *' | string replace -r '  (.*)' '\\t$1'
end`;

function values(row: FlagRow): string {
  if (row.value === "none") return "";
  const required = row.value === "one" ? " -r" : "";
  const value = valueKind(row);
  switch (value.kind) {
    case "nothing":
      return `${required} -f`;
    case "presets":
      return `${required} -f -a '(__tombolo_presets)'`;
    case "words":
      return `${required} -f -a ${quoted(value.words.join(" "))}`;
    default:
      return `${required} -f -a '(__tombolo_entries ${value.kind} ${takesList(row) ? "list" : "one"})'`;
  }
}

function flagLine(command: string, row: FlagRow): string {
  const short = row.short === undefined ? "" : ` -s ${row.short}`;
  const at = quoted(`__tombolo_at "flags ${command}"`);
  return `complete -c tombolo -n ${at} -l ${row.name}${short}${values(row)} -d ${quoted(row.purpose)}`;
}

function operandLines({ name, operand, verbs }: CommandRow): string[] {
  const anywhere = quoted(`__tombolo_at "* ${name}*"`);
  if (verbs !== undefined) {
    const at = quoted(`__tombolo_at "flags ${name}"`);
    return [
      ...verbs.map((verb) =>
        `complete -c tombolo -n ${at} -f -a ${quoted(verb.name)} -d ${quoted(verb.purpose)}`
      ),
      ...verbs.filter((verb) => verb.operand === "files").map((verb) =>
        `complete -c tombolo -n ${quoted(`__tombolo_at "operand ${name} ${verb.name}"`)} -F`
      ),
    ];
  }
  switch (operand) {
    case "command":
      return [`complete -c tombolo -n ${anywhere} -f -a '(__tombolo_command_line)'`];
    case "files":
      return [`complete -c tombolo -n ${anywhere} -F`];
    case "set aside":
      return [`complete -c tombolo -n ${anywhere} -f -a '(__tombolo_set_aside)'`];
    case "nothing":
      return [];
  }
}

/** The script for fish. */
export function fishCompletions(): string {
  const valued = COMMANDS.flatMap(({ flags }) => flags).filter(({ value }) => value === "one");
  const spelled = valued.flatMap(({ name, short }) => [
    `--${name}`,
    ...short === undefined ? [] : [`-${short}`],
  ]);
  const presets = Object.entries(PRESETS).map(([name, { purpose }]) => [name, purpose] as const);
  return [
    "# fish completion for tombolo; made by: tombolo completions fish",
    `set -g __tombolo_valued ${[...new Set(spelled)].join(" ")}`,
    "",
    MACHINERY,
    "",
    "function __tombolo_presets",
    `    printf '%s\\n' ${described(presets)}`,
    "end",
    "",
    "complete -c tombolo -e",
    "complete -c tombolo -f",
    ...COMMANDS.map(({ name, purpose }) =>
      `complete -c tombolo -n '__tombolo_at start' -a ${name} -d ${quoted(purpose)}`
    ),
    "complete -c tombolo -n '__tombolo_at start' -l help -s h -d 'show the help'",
    "complete -c tombolo -n '__tombolo_at start' -l version -s V -d 'print the version'",
    ...COMMANDS.flatMap((row) => [
      ...row.flags.map((flag) => flagLine(row.name, flag)),
      ...operandLines(row),
    ]),
  ].join("\n");
}
