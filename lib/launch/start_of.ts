import { ordersText } from "../plan/launch_orders.ts";
import type { Plan } from "../plan/plan.ts";
import { ensureMasks, seccompFile } from "./host_files.ts";
import type { RunContext } from "./run_context.ts";
import type { RunDirectory } from "./run_directory.ts";
import { type Start, starterOf } from "./starter.ts";

/** What of the host a start is made from. */
export type StartHost = Pick<RunContext, "bwrap" | "directories" | "masks" | "uid" | "openFiles">;

/**
 * What starts the sandbox of a plan, with the files that it needs written.
 *
 * @param directory The run's own
 * @param scope Directory of the control group that everything is to run in
 * @throws {TomboloError} where what it hides files with is not what it should be
 */
export function startOf(plan: Plan, context: StartHost, directory: RunDirectory, scope?: string): Start {
  const { bwrap } = context;
  if (bwrap === undefined) {
    throw new TypeError("Cannot start the sandbox: bubblewrap has not been looked up");
  }
  const all = [...plan.mounts, ...plan.orders.mounts ?? []];
  if (all.some(({ kind }) => kind === "mask-file" || kind === "mask-directory")) {
    ensureMasks(context.directories.state, context.uid);
  }
  const orders = ordersText(plan.orders);
  if (orders !== undefined) Deno.writeTextFileSync(directory.orders, orders, { mode: 0o600 });
  return starterOf(plan, {
    ...context,
    bwrap,
    ...(scope === undefined ? {} : { scope }),
    socket: directory.socket,
    publishSocket: directory.publishSocket,
    orders: directory.orders,
    status: directory.status,
    seccomp: seccompFile(plan, context.directories.state),
  });
}
