import { PRESETS } from "../policy/presets.ts";
import { type CommandRow, COMMANDS, type Operand } from "./commands.ts";
import type { FlagRow } from "./flags.ts";
import { takesList, valueKind } from "./value_kind.ts";

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** A description in the brackets of a spec. */
function bracketed(text: string): string {
  return `[${text.replaceAll(/[[\]:\\]/g, "\\$&")}]`;
}

/** Words with descriptions, as `_arguments` and `_describe` read them. */
function described(rows: readonly (readonly [string, string])[]): string {
  return rows.map(([name, purpose]) => quoted(`${name}:${purpose.replaceAll(":", "\\:")}`)).join(" ");
}

function action(row: FlagRow): string {
  const value = valueKind(row);
  switch (value.kind) {
    case "files":
      return "_files";
    case "directories":
      return "_files -/";
    case "programs":
      return "_command_names -e";
    case "variables":
      return "_parameters -g '*export*'";
    case "presets":
      return "_tombolo_presets";
    case "words":
      return `compadd ${value.words.join(" ")}`;
    case "nothing":
      return "";
  }
}

function specs(row: FlagRow): string[] {
  const { name, short, value, placeholder, purpose } = row;
  const spelled = [`--${name}`, ...short === undefined ? [] : [`-${short}`]];
  if (value === "none") return spelled.map((written) => quoted(`*${written}${bracketed(purpose)}`));
  // What takes a list takes it behind a =, as in Deno; one value may also be the next word.
  const joint = value === "one" ? "=" : "=-";
  const message = (placeholder ?? "").replaceAll(":", "\\:");
  const does = action(row);
  const entry = takesList(row) && does !== "" ? `_sequence ${does}` : does;
  // The blank lets _arguments call the action with nothing but its own words.
  const act = entry === "" ? " " : ` ${entry}`;
  return spelled.map((written) =>
    quoted(
      `*${written}${joint}${bracketed(purpose)}:${value === "optional list" ? ":" : ""}${message}:${act}`,
    )
  );
}

const OPERANDS: Readonly<Record<Operand, readonly string[]>> = {
  command: [quoted("(-)1: :_command_names -e"), quoted("*:: :_normal")],
  files: [quoted("*:FILE:_files")],
  "set aside": [quoted("*:NAME:_tombolo_set_aside")],
  nothing: [],
};

function commandCase({ name, flags, operand, verbs }: CommandRow): string[] {
  const operands = verbs === undefined ? OPERANDS[operand] : [
    quoted(`1: :_tombolo_${name}_verbs`),
    ...verbs.some((verb) => verb.operand === "files") ? [quoted("*:FILE:_files")] : [],
  ];
  const options = operand === "command" ? "-S -A '-*'" : "-S";
  return [
    `        ${name})`,
    `          _arguments ${options} \\`,
    [...flags.flatMap(specs), ...operands].map((spec) => `            ${spec}`).join(" \\\n"),
    "          ;;",
  ];
}

function describing(name: string, what: string, rows: readonly (readonly [string, string])[]): string {
  return [
    `${name}() {`,
    `  local -a found=(${described(rows)})`,
    `  _describe ${quoted(what)} found`,
    "}",
  ].join("\n");
}

const SET_ASIDE = `_tombolo_set_aside() {
  local -a found=(\${\${(M)\${(f)"$(_call_program names tombolo restore --list 2>/dev/null)"}:#*  *}%%  *})
  compadd -a found
}`;

/** The script for zsh. */
export function zshCompletions(): string {
  const rowOf = ({ name, purpose }: { name: string; purpose: string }) => [name, purpose] as const;
  return [
    "#compdef tombolo",
    "# zsh completion for tombolo; made by: tombolo completions zsh",
    describing("_tombolo_commands", "command", COMMANDS.map(rowOf)),
    ...COMMANDS.flatMap(({ name, verbs }) =>
      verbs === undefined ? [] : [describing(`_tombolo_${name}_verbs`, "word", verbs.map(rowOf))]
    ),
    describing(
      "_tombolo_presets",
      "preset",
      Object.entries(PRESETS).map(([name, { purpose }]) => [name, purpose] as const),
    ),
    SET_ASIDE,
    `_tombolo() {
  local curcontext=$curcontext state line
  _arguments -C \\
    '(- *)'{--help,-h}'[show the help]' \\
    '(- *)'{--version,-V}'[print the version]' \\
    '(-)1: :_tombolo_commands' \\
    '*:: :->arguments'
  case $state in
    arguments)
      case $words[1] in`,
    ...COMMANDS.flatMap(commandCase),
    `      esac
      ;;
  esac
}

# Called by the completion system from a file of its own, or defined by being sourced.
if [[ $funcstack[1] == _tombolo ]]; then _tombolo "$@"; else compdef _tombolo tombolo; fi`,
  ].join("\n");
}
