import type { ConfineOrders } from "../lib/plan/landlock/confine_orders.ts";
import { CONTROL } from "../lib/plan/landlock/control.ts";
import { awaitCall } from "./await_call.ts";
import { becomeUndumpable } from "./become_undumpable.ts";
import { ChildProgram } from "./child_program.ts";
import { confineSteps } from "./confine_steps.ts";
import { connectOnce } from "./connect_once.ts";
import { adoptOrphans, Descendants } from "./descendants.ts";
import { type ExecuteFailure, layOut } from "./execute.ts";
import { fail, say } from "./fail.ts";
import { landlockRuleset, landlockVersion } from "./landlock_ruleset.ts";
import { limitSettings } from "./limits.ts";
import { pin, pinString, pinStrings } from "./pin.ts";
import { parseConfineOrders, readConfineOrders } from "./read_confine_orders.ts";
import { readDescriptor } from "./read_descriptor.ts";
import { sharesTerminal } from "./shares_terminal.ts";
import { startCommand } from "./start_command.ts";
import { AT_FDCWD, openSystemCall, type SystemCall } from "./system_call.ts";
import { watch } from "./warden.ts";

const FAILED = 125;
/** In place of the path, where that is yet to come. */
const STANDBY = "-";

/** Says something to tombolo; false where it is gone. */
function tell(call: SystemCall, control: number, ...bytes: readonly number[]): boolean {
  return call("write", control, pin(Uint8Array.from(bytes)), bytes.length) === bytes.length;
}

// It may have been killed with the command: what it is told then is read by nobody.
function isAcknowledged(call: SystemCall, control: number): boolean {
  const answer = new Uint8Array(new ArrayBuffer(1));
  try {
    do {
      if (readDescriptor(call, control, answer) === 0) return false;
      // Signals that came too late.
    } while (answer[0] !== CONTROL.KNOWN);
    return true;
  } catch {
    // Killed with what it was told unread (ECONNRESET).
    return false;
  }
}

/**
 * Leaves the process group of tombolo, which the command is to be in: a KILL for all of it must leave somebody who ends
 * what is not in it.
 *
 * @returns The group that has been left; `undefined` where it is one of an outer process namespace, and cannot be joined
 * again
 */
function leaveGroup(call: SystemCall): number | undefined {
  const group = call("getpgid", 0);
  if (group <= 0) return undefined;
  if (call("setpgid", 0, 0) < 0) throw new Error("Cannot leave the group of the command");
  return group;
}

/**
 * Starts the command in a domain of its own.
 *
 * @param group The process group that it joins, for the sake of the terminal; that of this process unless given
 * @returns Its pid, or why it could not be executed
 * @throws {Error} If it cannot be confined
 */
function start(
  call: SystemCall,
  orders: ConfineOrders,
  group: number | undefined,
  program: ChildProgram,
): number | ExecuteFailure {
  const ruleset = landlockRuleset(call, orders.rules, orders.port);
  const steps = confineSteps(call, { ...orders, group, ruleset }, limitSettings(call, orders.limits));
  const execution = layOut(orders.command, new Map(orders.environment));
  return startCommand(call, program, steps, execution);
}

/** Confines nothing, and cannot be executed. */
const REHEARSAL: ConfineOrders = {
  rules: [{ path: "/", access: ["read", "execute"] }],
  // BPF_RET | BPF_K: SECCOMP_RET_ALLOW
  filter: Uint8Array.of(6, 0, 0, 0, 0, 0, 0xff, 0x7f).toBase64(),
  command: ["/dev/null"],
  environment: [],
  cwd: "/",
  temporary: "/",
};

/** Does in vain, while nothing else is to be done, what orders will take: what has run before is compiled. */
function rehearse(call: SystemCall, program: ChildProgram, descendants: Descendants): void {
  try {
    start(call, parseConfineOrders(JSON.stringify(REHEARSAL)), undefined, program);
  } catch {
    // It will be said when there are orders.
  }
  descendants.wait();
}

// tombolo does this itself while it lives.
function removeTemporary(program: ChildProgram, path: string, descendants: Descendants): void {
  const argv = pinStrings(["rm", "-rf", "--", path]);
  const parameters = [pinString("/bin/rm"), argv, pinStrings([])];
  program.start([{ name: "execve", parameters }]);
  descendants.wait();
}

function serve(call: SystemCall, path: string, pipes: string): void {
  adoptOrphans(call);
  const group = leaveGroup(call);
  becomeUndumpable(call);
  const program = new ChildProgram(call);
  const descendants = new Descendants(call);
  if (path === STANDBY) rehearse(call, program, descendants);
  const socket = path === STANDBY ? awaitCall(call, pipes) : path;
  if (socket === "") return;
  const control = connectOnce(call, socket);
  tell(call, control, CONTROL.GREETING, landlockVersion(call));
  if (path !== STANDBY) rehearse(call, program, descendants);
  const orders = readConfineOrders(call, control);
  if (orders === undefined) return;
  if (call("mkdirat", AT_FDCWD, pinString(orders.temporary), 0o700) < 0) {
    throw new Error(`Cannot make ${orders.temporary}, the command's own directory for temporary files`);
  }
  const command = start(call, orders, group, program);
  // The first moment at which a group that has no number here can be left.
  if (group === undefined) call("setsid");
  tell(call, control, CONTROL.STARTED);
  if (typeof command !== "number") {
    say(command.message);
    tell(call, control, CONTROL.EXITED, command.status);
    return;
  }
  const { end, orphaned } = watch(call, {
    control,
    command,
    descendants,
    sharesTerminal: () => sharesTerminal(call, Number(command)),
  });
  const last = descendants.end(command) ?? end;
  const told = last === undefined || last.signal === 0
    ? [CONTROL.EXITED, last?.code ?? FAILED]
    : [CONTROL.SIGNALLED, last.signal];
  const isKnown = !orphaned && tell(call, control, ...told) && isAcknowledged(call, control);
  if (!isKnown) removeTemporary(program, orders.temporary, descendants);
}

/**
 * The confine role, where there are no namespaces: starts the command in a Landlock domain, in a process of its own, and
 * stays as its warden. It passes signals on, ends what the command leaves, and everything should tombolo be gone.
 *
 * @param parameters Path of the control socket, or `-` to wait for it on standby, and where the pipes for that are
 */
export function confine([path = "", pipes = ""]: readonly string[]): never {
  try {
    const call = openSystemCall();
    serve(call, path, pipes);
  } catch (error) {
    fail(FAILED, error instanceof Error ? error.message : String(error));
  }
  Deno.exit(0);
}
