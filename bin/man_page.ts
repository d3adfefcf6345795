import { type CommandRow, COMMANDS } from "../lib/cli/commands.ts";
import { EXAMPLES } from "../lib/cli/examples.ts";
import { EXIT_STATUSES } from "../lib/cli/exit_statuses.ts";
import type { FlagRow } from "../lib/cli/flags.ts";
import { VERSION } from "../lib/cli/version.ts";
import { PRESETS } from "../lib/policy/presets.ts";
import { ENVIRONMENT, FILES, REVISED, SIGNALS } from "./man_tables.ts";

/** Text in which roff sees no request and no escape, and whose hyphens can be copied as such. */
function roff(text: string): string {
  const plain = text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll("~", "\\(ti").replaceAll(
    "^",
    "\\(ha",
  ).replaceAll("'", "\\(aq").replaceAll("`", "\\(ga");
  return plain.startsWith(".") ? `\\&${plain}` : plain;
}

const bold = (text: string) => `\\fB${roff(text)}\\fR`;

/** Upper-case words of a form stand for something; the rest is typed as it is. */
function form(text: string): string {
  return text.split(/([A-Z]{2,})/).map((part, index) =>
    part === "" ? "" : index % 2 === 1 ? `\\fI${part}\\fR` : roff(part)
  ).join("");
}

/** A purpose as a sentence; names keep their small letters. */
function sentence(text: string): string {
  const start = /^(?:npm|cargo|tombolo)\b/.test(text) ? text[0] : text[0]?.toUpperCase();
  return `${roff(`${start}${text.slice(1)}`)}.`;
}

function term(head: string, body: string): string {
  return `.TP\n${head}\n${body}`;
}

function flagEntry({ name, short, value, placeholder = "", purpose }: FlagRow): string {
  const argument = value === "none"
    ? ""
    : form(value === "optional list" ? `[=${placeholder}]` : `=${placeholder}`);
  const written = [...short === undefined ? [] : [bold(`-${short}`)], `${bold(`--${name}`)}${argument}`];
  return term(written.join(", "), sentence(purpose));
}

function commandEntry({ name, forms, purpose }: CommandRow): string {
  const lines = forms.map((text) => `${bold(`tombolo ${name}`)} ${form(text)}`);
  return [".TP", lines.join("\n.TQ\n"), sentence(purpose)].join("\n");
}

/** Flags that another command has beside those of run. */
function ownFlags(commands: readonly CommandRow[]): string[] {
  const known = new Set(commands[0]?.flags.map(({ name }) => name));
  return commands.slice(1).flatMap(({ name, flags }) => {
    const own = flags.filter((flag) => !known.has(flag.name));
    for (const flag of own) known.add(flag.name);
    return own.length === 0 ? [] : [`.SS Of ${roff(`tombolo ${name}`)}`, ...own.map(flagEntry)];
  });
}

function sharedFlags({ name, flags }: CommandRow): string {
  return term(bold(name), `${flags.map((flag) => bold(`--${flag.name}`)).join(", ")}.`);
}

/** The manual page, in the man macros of roff. */
export function manPage(): string {
  const [run, ...others] = COMMANDS;
  return [
    `.\\" Made by: deno task man`,
    `.TH TOMBOLO 1 ${REVISED} "tombolo ${VERSION}"`,
    // Flags are not to be hyphenated.
    ".nh",
    ".SH NAME",
    "tombolo \\- run a command in a sandbox that the kernel enforces",
    ".SH SYNOPSIS",
    COMMANDS.flatMap(({ name, forms }) => forms.map((text) => `${bold(`tombolo ${name}`)} ${form(text)}`))
      .join("\n.br\n"),
    `.br\n${bold("tombolo --version")} | ${bold("--help")} | \\fICOMMAND\\fR ${bold("--help")}`,
    ".SH DESCRIPTION",
    "Runs one command that is not fully trusted (a package install, a build, a test, generated code) in a sandbox.",
    "The command reads files less the secrets among them, writes below the working directory and to a private",
    "/tmp, and reaches no host but those that are named.",
    "What is refused is said on stderr, together with the flag that would allow it.",
    ".PP",
    "Lists are separated by commas, a flag may repeat, and later ones add to earlier ones.",
    "The deepest path wins; at the same path, and for hosts always, deny beats allow.",
    "A rule that this host cannot enforce is an error: nothing runs.",
    ".SH COMMANDS",
    ...COMMANDS.map(commandEntry),
    ".SH OPTIONS",
    `.SS Of ${roff("tombolo run")} and ${roff("tombolo explain")}`,
    ...(run?.flags ?? []).map(flagEntry),
    ...ownFlags(COMMANDS),
    ".SS Which command takes which",
    ...others.filter(({ flags }) => flags !== run?.flags).map(sharedFlags),
    ".SS Presets",
    ...Object.entries(PRESETS).map(([name, { purpose }]) => term(bold(name), sentence(purpose))),
    ".SH EXIT STATUS",
    ...EXIT_STATUSES.map(([status, meaning]) => term(bold(status), sentence(meaning))),
    ".SH SIGNALS",
    ...SIGNALS.map(([names, does]) => term(bold(names), sentence(does))),
    ".SH FILES",
    ...FILES.map(([path, what]) => term(`\\fI${roff(path)}\\fR`, sentence(what))),
    ".SH ENVIRONMENT",
    ...ENVIRONMENT.map(([names, what]) => term(bold(names), sentence(what))),
    ".SH EXAMPLES",
    ...EXAMPLES.map(([line, purpose]) => term(`\\fB${roff(line)}\\fR`, sentence(purpose))),
    ".SH SEE ALSO",
    "\\fBbwrap\\fR(1), \\fBunshare\\fR(1), \\fBuser_namespaces\\fR(7), \\fBlandlock\\fR(7), \\fBseccomp\\fR(2)",
    ".PP",
    "The directory docs of tombolo has a page for each task; SECURITY.md says what is promised and what is not.",
    "",
  ].join("\n");
}
