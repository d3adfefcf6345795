import { type CommandRow, COMMANDS } from "./commands.ts";
import { EXAMPLES } from "./examples.ts";
import { EXIT_STATUSES } from "./exit_statuses.ts";
import { flagHelp } from "./flags.ts";
import { HELP_NOTES } from "./help_notes.ts";

const GENERAL = ["--version", "--help", "COMMAND --help"];

function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join("\n");
}

function overview(): string {
  return [
    "tombolo: Deno's permission flags, for any program, enforced by the kernel",
    columns(COMMANDS.map(({ name, purpose }) => [`tombolo ${name}`, purpose])),
    `  tombolo ${GENERAL.join(" | ")}`,
    `Examples:\n${EXAMPLES.map(([line]) => `  ${line}`).join("\n")}`,
    statuses(),
  ].join("\n\n");
}

function statuses(): string {
  return `Exit status:\n${columns(EXIT_STATUSES)}`;
}

function commandHelp({ name, forms, flags, verbs, purpose }: CommandRow): string {
  return [
    forms.map((form) => `tombolo ${name} ${form}`).join("\n"),
    `${purpose[0]?.toUpperCase()}${purpose.slice(1)}.`,
    ...verbs === undefined ? [] : [columns(verbs.map((verb) => [verb.name, verb.purpose]))],
    `Flags:\n${flagHelp(flags)}`,
    HELP_NOTES[name] ?? statuses(),
  ].join("\n\n");
}

/**
 * Prints the help of a command, or the overview.
 *
 * @returns Exit status 0
 */
export function printHelp(command?: string): number {
  const row = COMMANDS.find(({ name }) => name === command);
  console.log(row === undefined ? overview() : commandHelp(row));
  return 0;
}
