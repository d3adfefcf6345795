import { COMPLETION_FLAGS, POLICY_FLAGS, RESTORE_FLAGS } from "./small_flags.ts";
import { DOCTOR_FLAGS } from "./doctor_flags.ts";
import { type FlagRow, FLAGS } from "./flags.ts";
import { PROXY_FLAGS } from "./proxy_flags.ts";
import { MCP_FLAGS, WORKER_FLAGS } from "./worker_flags.ts";

/** What stands behind the flags: a command line, files, names that `restore` lists, or nothing. */
export type Operand = "command" | "files" | "set aside" | "nothing";

/** A word that has to follow a command, and what follows it. */
export interface Verb {
  readonly name: string;
  readonly purpose: string;
  readonly operand: Operand;
}

/** One command of the tool; help, man page and completions are made from these. */
export interface CommandRow {
  readonly name: string;
  /** What follows the name, a form each. */
  readonly forms: readonly string[];
  readonly purpose: string;
  readonly flags: readonly FlagRow[];
  readonly operand: Operand;
  /** Set where the first operand is one of these. */
  readonly verbs?: readonly Verb[];
}

/** Every command, in the order of the help. */
export const COMMANDS: readonly CommandRow[] = [
  {
    name: "run",
    forms: ["[FLAGS] [--] COMMAND [ARG...]"],
    purpose: "run a command in a sandbox",
    flags: FLAGS,
    operand: "command",
  },
  {
    name: "shell",
    forms: ["[FLAGS]"],
    purpose: "run your shell in a sandbox",
    flags: FLAGS,
    operand: "nothing",
  },
  {
    name: "explain",
    forms: ["[FLAGS] [-- COMMAND [ARG...]]"],
    purpose: "show the policy and the plan; run nothing",
    flags: FLAGS,
    operand: "command",
  },
  {
    name: "proxy",
    forms: ["[FLAGS] --listen=ADDRESS:PORT|unix:PATH"],
    purpose: "run the gateway alone, for other tools",
    flags: PROXY_FLAGS,
    operand: "nothing",
  },
  {
    name: "worker",
    forms: ["[FLAGS] (--socket=PATH | --stdio) --root=DIR"],
    purpose: "serve file operations in one directory, for agents",
    flags: WORKER_FLAGS,
    operand: "nothing",
  },
  {
    name: "mcp",
    forms: ["[FLAGS] --root=DIR"],
    purpose: "serve file operations and commands, as tools for MCP clients",
    flags: MCP_FLAGS,
    operand: "nothing",
  },
  {
    name: "restore",
    forms: ["[NAME... | --list] [--json]"],
    purpose: "show what runs have set aside, or put it back",
    flags: RESTORE_FLAGS,
    operand: "set aside",
  },
  {
    name: "doctor",
    forms: ["[--json]", "--verify [--backend=NAME] [--json]"],
    purpose: "say what this host can enforce, or try to escape from a sandbox",
    flags: DOCTOR_FLAGS,
    operand: "nothing",
  },
  {
    name: "policy",
    forms: ["check FILE...", "schema"],
    purpose: "check policy files, or print their JSON Schema",
    flags: POLICY_FLAGS,
    operand: "nothing",
    verbs: [
      { name: "check", purpose: "check policy files", operand: "files" },
      { name: "schema", purpose: "print the JSON Schema of a policy file", operand: "nothing" },
    ],
  },
  {
    name: "completions",
    forms: ["bash|zsh|fish"],
    purpose: "print a script that completes these commands in a shell",
    flags: COMPLETION_FLAGS,
    operand: "nothing",
    verbs: ["bash", "zsh", "fish"].map((name) => ({
      name,
      purpose: `print the script for ${name}`,
      operand: "nothing" as const,
    })),
  },
];
