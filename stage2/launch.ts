import { STATUS_DESCRIPTOR, VANISHED } from "../lib/plan/launch_orders.ts";
import { awaitPort } from "./await_port.ts";
import { commandEnvironment } from "./command_environment.ts";
import { dropCapabilities } from "./drop_capabilities.ts";
import { enterDomain } from "./enter_domain.ts";
import { prepareExecute } from "./execute.ts";
import { fail, say } from "./fail.ts";
import { prepareLimits } from "./limits.ts";
import { lockDown } from "./lock_down.ts";
import { mountLate, Vanished } from "./mount_late.ts";
import { pin } from "./pin.ts";
import { readOrders } from "./read_orders.ts";
import { openSystemCall, type SystemCall } from "./system_call.ts";

function openFilesLimit(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d{1,15}$/.test(value)) throw new RangeError(`Cannot read TOMBOLO_STAGE2_NOFILE: ${value}`);
  return Number(value);
}

// tombolo looks again at what there is to guard, and starts anew.
function tellVanished(call: SystemCall): void {
  const text = new TextEncoder().encode(`${VANISHED}\n`);
  if (call("write", STATUS_DESCRIPTOR, pin(text), text.length) === text.length) Deno.exit(125);
}

/** Waits for the bridge where there is one, locks this process down, and returns what becomes the command. */
function prepare(command: readonly string[]): () => void {
  if (command.length === 0) throw new TypeError("Cannot start the command: none was given");
  const own = Deno.env.toObject();
  const call = openSystemCall();
  const socket = own["TOMBOLO_STAGE2_SOCKET"];
  const pending = socket === undefined ? undefined : awaitPort(call, socket);
  const filterPath = own["TOMBOLO_STAGE2_SECCOMP"];
  if (filterPath === undefined) throw new TypeError("Cannot lock down the command: no filter was given");
  const filter = Deno.readFileSync(filterPath);
  const orders = readOrders(own["TOMBOLO_STAGE2_ORDERS"]);
  const { mounts = [], check = [], cwd = "/" } = orders;
  try {
    mountLate(call, { mounts, check, cwd });
  } catch (error) {
    if (error instanceof Vanished) tellVanished(call);
    throw error;
  }
  if (orders.mounts !== undefined) dropCapabilities(call, true);
  const openFiles = openFilesLimit(own["TOMBOLO_STAGE2_NOFILE"]);
  const ignoredSignals = (own["TOMBOLO_STAGE2_IGNORE"] ?? "").split(",").map(Number);
  const environment = commandEnvironment(own, pending?.receive());
  const execute = prepareExecute(call, command, environment);
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
