import { becomeUndumpable } from "./become_undumpable.ts";
import { Bridge, gatewayPath } from "./bridge.ts";
import { ChildProgram } from "./child_program.ts";
import { commandEnvironment } from "./command_environment.ts";
import { dropCapabilities } from "./drop_capabilities.ts";
import { domainRuleset } from "./enter_domain.ts";
import { layOut } from "./execute.ts";
import { fail, say } from "./fail.ts";
import { launchSteps } from "./launch_steps.ts";
import { limitSettings } from "./limits.ts";
import { meetGateway } from "./meet_gateway.ts";
import { addressOf, pinString } from "./pin.ts";
import { prepareLaunch } from "./prepare_launch.ts";
import { startCommand } from "./start_command.ts";
import { AT_FDCWD, openSystemCall, openWaiting, type SystemCall, type Waiting } from "./system_call.ts";

const O_RDWR_CLOEXEC = 0x80002;
/** Also where it has been traced, or tells of its end in another way than by SIGCHLD. */
const WALL = 0x40000000;

// The command's streams are its own: somebody may wait for their end.
function letGoOfStreams(call: SystemCall): void {
  const nothing = call("openat", AT_FDCWD, pinString("/dev/null"), O_RDWR_CLOEXEC, 0);
  for (const stream of [0, 1, 2]) {
    if (nothing < 0 || call("dup3", nothing, stream, 0) < 0) {
      throw new Error("Cannot let go of the command's streams");
    }
  }
}

/** Exit status of a process of ours, once it has ended; as bubblewrap has it where a signal has ended it. */
async function statusOf(wait: Waiting, pid: number): Promise<number> {
  const status = new Uint8Array(new ArrayBuffer(4));
  while (await wait("wait4", pid, addressOf(status), WALL, 0) !== pid);
  const [signal = 0, code = 0] = status;
  return (signal & 0x7f) === 0 ? code : 128 + (signal & 0x7f);
}

async function serve(command: readonly string[]): Promise<never> {
  const call = openSystemCall();
  const path = gatewayPath();
  const isTaken = meetGateway(call, path);
  const { own, filter, orders, openFiles } = prepareLaunch(call, command);
  dropCapabilities(call, orders.mounts !== undefined);
  becomeUndumpable(call);
  const bridge = Bridge.open(path);
  const execution = layOut(command, commandEnvironment(own, bridge.port));
  const program = new ChildProgram(call);
  // The thread that will wait is one of those that a limit of processes has to leave room for.
  if (orders.limits?.processes !== undefined) await openWaiting()("getpid");
  const ruleset = domainRuleset(call, orders.execute, orders.mounts !== undefined);
  const limits = limitSettings(call, orders.limits);
  const steps = launchSteps(call, { ruleset, filter, openFiles, limits });
  isTaken();
  const started = startCommand(call, program, steps, execution);
  if (typeof started !== "number") {
    say(started.message);
    Deno.exit(started.status);
  }
  // Out of the reach of its terminal and its signals; no group leader so far, as bubblewrap's init has started this.
  call("setsid");
  letGoOfStreams(call);
  void bridge.serve();
  call("exit_group", await statusOf(openWaiting(), started));
  throw new Error("Cannot end");
}

/**
 * The start role: starts the command, locked down, and stays beside it as its bridge: a TCP port on the namespace's
 * loopback that leads to the gateway's unix socket, and where ports are published, connections from the host that lead to
 * them. It ends with the command, and as it did.
 *
 * @param command Name and arguments of the command
 */
export async function start(command: readonly string[]): Promise<never> {
  try {
    return await serve(command);
  } catch (error) {
    fail(125, error instanceof Error ? error.message : String(error));
  }
}
