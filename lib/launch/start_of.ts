import { ordersText } from "../plan/launch_orders.ts";
import type { Plan } from "../plan/plan.ts";
import { ensureMasks, seccompFile } from "./host_files.ts";
import type { RunContext } from "./run_context.ts";
import type { RunDirectory } from "./run_directory.ts";
import { type Start, starterOf } from "./starter.ts";

/** What of the host a start is made from. */
export type StartHost = Pick<RunContext, "bwrap" | "directories" | "masks" | "uid" | "openFiles">;

/** How a start differs from the usual. */
export interface StartWay {
  /** Directory of the control group that everything is to run in. */
  readonly scope?: string | undefined;
  /** The status file, or `-` where it is descriptor 9; in the run's directory unless given. */
  readonly status?: string;
}

/**
 * What starts the sandbox of a plan, with the files that it needs written.
 *
 * @param directory The run's own
 * @param way Where the status goes, and the control group that everything is to run in
 * @throws {TomboloError} where what it hides files with is not what it should be
 */
export function startOf(plan: Plan, context: StartHost, directory: RunDirectory, way: StartWay = {}): Start {
  const { scope, status = directory.status } = way;
  const { bwrap } = context;
  if (bwrap === undefined) {
    throw new TypeError("Cannot start the sandbox: bubblewrap has not been looked up");
  }
  const all = [...plan.mounts, ...plan.orders.mounts ?? []];
  if (all.some(({ kind }) => kind === "mask-file" || kind === "mask-directory")) {
    ensureMasks(context.directories.state, context.uid);
  }
  const orders = ordersText(plan.orders);
  if (orders !== undefined) {
    directory.make();
    Deno.writeTextFileSync(directory.orders, orders, { mode: 0o600 });
  }
  return starterOf(plan, {
    ...context,
    bwrap,
    ...(scope === undefined ? {} : { scope }),
    socket: directory.socket,
    publishSocket: directory.publishSocket,
    orders: directory.orders,
    status,
    seccomp: seccompFile(plan, context.directories.state),
  });
}
