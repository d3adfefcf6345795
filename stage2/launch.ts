import { commandEnvironment } from "./command_environment.ts";
import { dropCapabilities } from "./drop_capabilities.ts";
import { enterDomain } from "./enter_domain.ts";
import { prepareExecute } from "./execute.ts";
import { fail, say } from "./fail.ts";
import { prepareLimits } from "./limits.ts";
import { lockDown } from "./lock_down.ts";
import { prepareLaunch } from "./prepare_launch.ts";
import { openSystemCall } from "./system_call.ts";

/** Locks this process down, and returns what becomes the command. */
function prepare(command: readonly string[]): () => void {
  const call = openSystemCall();
  const { own, filter, orders, openFiles } = prepareLaunch(call, command);
  if (orders.mounts !== undefined) dropCapabilities(call, true);
  const ignoredSignals = (own["TOMBOLO_STAGE2_IGNORE"] ?? "").split(",").map(Number);
  const execute = prepareExecute(call, command, commandEnvironment(own, undefined));
  const setLimits = prepareLimits(call, orders.limits);
  lockDown(call, {
    filter,
    openFiles,
    ignoredSignals,
    enter: (must) => enterDomain(call, must, orders.execute, orders.mounts !== undefined),
  });
  return () => {
    setLimits();
    const { status, message } = execute();
    say(message);
    // The runtime's own end needs memory that the command's limits may not leave.
    call("exit_group", status);
  };
}

/**
 * The launch role: locks this process down and becomes the command.
 *
 * @param command Name and arguments of the command
 */
export function launch(command: readonly string[]): never {
  try {
    prepare(command)();
  } catch (error) {
    fail(125, error instanceof Error ? error.message : String(error));
  }
  fail(125, "Cannot start the command: neither execve nor exit_group ended this process");
}
