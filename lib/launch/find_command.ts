import { lstat, resolvePath } from "../paths/resolve_path.ts";
import { SafePath } from "../paths/safe_path.ts";
import { decidePath } from "../policy/decide_path.ts";
import { decideRun, type RunDecision } from "../policy/decide_run.ts";
import { DEFAULT_PATH } from "../plan/default_path.ts";
import type { Plan } from "../plan/plan.ts";
import { escape } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";

const HASH = 0x23;
const BANG = 0x21;
const INTERPRETER = /^#![ \t]*([^ \t\n]+)/;

type Found = "runs" | "absent" | "not executable" | "interpreter missing" | Denied;

interface Denied {
  readonly decision: RunDecision;
  /** The program that is denied, if it is not the command itself. */
  readonly interpreter?: string;
}

/** The rules about programs do not let the command be run. */
export class CommandDenied extends TomboloError {
  constructor(readonly program: string, readonly decision: RunDecision) {
    const { reason, suggestion } = decision;
    super(
      "not-executable",
      `denied run ${escape(program)} (${escape(reason)})`,
      suggestion === undefined ? {} : { remedy: `to allow: ${escape(suggestion)}` },
    );
  }
}

// What the sandbox makes itself cannot be judged from outside: the private directories, and what is not shown.
function look(plan: Plan, text: string, name: string): Found {
  if (lstat(SafePath.of(text)) === undefined) return "absent";
  const { real, kind } = resolvePath(SafePath.of(text));
  const decision = plan.run === undefined ? undefined : decideRun(plan.run, real, name);
  // A program that a rule denies is hidden, but not absent.
  if (decision?.allowed === false && decision.rule !== undefined) return { decision };
  if (kind === undefined || !decidePath(plan.decider, "read", real).allowed) return "absent";
  const info = Deno.statSync(real.toString());
  if (kind !== "file" || ((info.mode ?? 0) & 0o111) === 0) return "not executable";
  if (decision?.allowed === false) return { decision };
  return lookAtInterpreter(plan, real.toString());
}

function lookAtInterpreter(plan: Plan, file: string): Found {
  let head = "";
  try {
    using opened = Deno.openSync(file);
    const buffer = new Uint8Array(256);
    const length = opened.readSync(buffer) ?? 0;
    // A decoder takes the runtime a quarter of a millisecond to make, and most programs are no scripts.
    if (length < 2 || buffer[0] !== HASH || buffer[1] !== BANG) return "runs";
    head = new TextDecoder("latin1").decode(buffer.subarray(0, length));
  } catch {
    return "runs"; // Executable but not readable: only the kernel can tell.
  }
  const interpreter = INTERPRETER.exec(head)?.[1];
  if (interpreter?.startsWith("/") !== true) return "runs";
  const { real, kind } = resolvePath(SafePath.of(interpreter));
  const decision = plan.run === undefined ? undefined : decideRun(plan.run, real);
  if (decision?.allowed === false) return { decision, interpreter };
  return kind === "file" && decidePath(plan.decider, "read", real).allowed ? "runs" : "interpreter missing";
}

/**
 * Looks for the command as execvp(3) will inside, so that a mistake is said before anything is started.
 *
 * @throws {CommandDenied} where the rules about programs do not let it be run (126)
 * @throws {TomboloError} not-found (127) or not-executable (126)
 */
export function findCommand(plan: Plan): void {
  const name = plan.command[0] ?? "";
  const shown = escape(name);
  const search = plan.environment.get("PATH") ?? DEFAULT_PATH;
  const candidates = name.includes("/")
    ? [name.startsWith("/") ? name : `${plan.cwd}/${name}`]
    : search.split(":").map((directory) =>
      `${directory.startsWith("/") ? directory : `${plan.cwd}/${directory}`}/${name}`
    );
  let reason: Found | undefined;
  for (const path of name === "" ? [] : candidates) {
    const found = look(plan, path, name);
    if (found === "runs") return;
    if (found !== "absent") reason ??= found;
  }
  if (reason === undefined) {
    throw new TomboloError(
      "not-found",
      `${shown}: not found`,
      name.includes("/") ? {} : { remedy: "PATH inside does not lead to it" },
    );
  }
  if (typeof reason === "string") throw new TomboloError("not-executable", `${shown}: ${reason}`);
  const { decision, interpreter } = reason;
  if (interpreter === undefined) throw new CommandDenied(name, decision);
  throw new CommandDenied(name, {
    ...decision,
    reason: `its interpreter ${interpreter}: ${decision.reason}`,
  });
}
