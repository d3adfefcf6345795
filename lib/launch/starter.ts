import { type ProxyTemplate, proxyTemplate } from "../egress/proxy_environment.ts";
import { bwrapArguments, type BwrapContext, SECCOMP_INSIDE } from "../plan/bwrap_arguments.ts";
import { heldRoots } from "../plan/hold_roots.ts";
import { ORDERS_INSIDE, ordersText } from "../plan/launch_orders.ts";
import { isPlainVariable } from "../plan/plain_variable.ts";
import { INSIDE, type Plan } from "../plan/plan.ts";
import { stage2Words } from "../plan/stage2_call.ts";
import { STAGE2_ENVIRONMENT, stage2V8Flags } from "../plan/stage2_flags.ts";
import { clientProtocols } from "../policy/external_rules.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import { sshProxyCommand } from "./ssh_proxy_command.ts";
import { START_IN_SCOPE_SCRIPT, START_SCRIPT } from "./start_script.ts";

/** What the starting shell is called with. */
export interface Start {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** What of the host a start needs beside the plan. */
export interface StartContext extends Omit<BwrapContext, "command"> {
  readonly bwrap: string;
  readonly status: string;
  /** stage2's orders as a file; written only where there are any. */
  readonly orders: string;
  /** Soft limit of open files of the caller, which the runtime has raised. */
  readonly openFiles: string | undefined;
  /** Directory of the control group that everything is to run in. */
  readonly scope?: string;
}

// The longest single variable that execve takes (MAX_ARG_STRLEN, execve(2)).
const LONGEST_VARIABLE = 128 * 1024 - 1;

const GATEWAY_SOCKET = `${INSIDE}/gateway.sock`;
const PUBLISH_SOCKET = `${INSIDE}/publish.sock`;

function stage2Flags(plan: Plan): string[] {
  const ports = publishedPorts(plan);
  const sockets = ports.length === 0 ? [GATEWAY_SOCKET] : [GATEWAY_SOCKET, PUBLISH_SOCKET];
  const reached = ["127.0.0.1", ...ports.map((port) => `[::1]:${port}`)];
  return [
    stage2V8Flags(plan.orders.limits?.memory !== undefined),
    "--allow-ffi",
    "--allow-env",
    `--allow-read=${INSIDE}`,
    `--allow-write=${sockets}`,
    `--allow-net=${[...reached, ...sockets.map((path) => `unix:${path}`)]}`,
  ];
}

/** Ports inside that the host can reach, each once. */
function publishedPorts({ net }: Plan): number[] {
  return [...new Set(net.publish?.map(({ innerPort }) => innerPort))];
}

// What makes the command's clients use the gateway; the port is known only inside.
function gatewayTemplate({ network, launcher, net, caBundle, environment }: Plan): ProxyTemplate | undefined {
  if (network === "none" || launcher.kind !== "stage2") return undefined;
  const address = {
    protocols: clientProtocols(net),
    sshProxyCommand: sshProxyCommand(launcher),
    ...(caBundle === undefined ? {} : { caBundle }),
  };
  return proxyTemplate(address, environment);
}

function stage2Environment(plan: Plan): Record<string, string> {
  const proxy = gatewayTemplate(plan);
  const ports = publishedPorts(plan);
  const variables = new Map([...plan.environment, ...(proxy?.variables ?? [])]);
  const entries = [...variables];
  const rest = JSON.stringify(Object.fromEntries(entries.filter(([name]) => !isPlainVariable(name))));
  if (new TextEncoder().encode(rest).length + "TOMBOLO_STAGE2_ENV=".length > LONGEST_VARIABLE) {
    throw new TomboloError(
      "sandbox",
      "Cannot pass the environment on: the variables with unusual names are larger than 128 KiB",
    );
  }
  return {
    ...Object.fromEntries(entries.filter(([name]) => isPlainVariable(name))),
    ...STAGE2_ENVIRONMENT,
    TOMBOLO_STAGE2_UNSET: Object.keys(STAGE2_ENVIRONMENT).join(","),
    TOMBOLO_STAGE2_ENV: rest,
    TOMBOLO_STAGE2_SECCOMP: SECCOMP_INSIDE,
    ...(ordersText(plan.orders) === undefined ? {} : { TOMBOLO_STAGE2_ORDERS: ORDERS_INSIDE }),
    ...(proxy === undefined ? {} : {
      TOMBOLO_STAGE2_SOCKET: GATEWAY_SOCKET,
      TOMBOLO_STAGE2_REWRITE: proxy.urls.join(","),
      TOMBOLO_STAGE2_TEMPLATE: proxy.texts.join(","),
    }),
    ...(ports.length === 0 ? {} : {
      TOMBOLO_STAGE2_PUBLISH: ports.join(","),
      TOMBOLO_STAGE2_PUBLISH_SOCKET: PUBLISH_SOCKET,
    }),
  };
}

function innerCommand(plan: Plan): string[] {
  const { launcher, command } = plan;
  if (launcher.kind === "direct") {
    return launcher.env === undefined ? [...command] : [launcher.env, "--default-signal", ...command];
  }
  if (launcher.kind !== "stage2") throw new TypeError("Cannot start a plan without mounts in bubblewrap");
  const program = stage2Words(launcher, stage2Flags(plan));
  return [...program, plan.network === "none" ? "launch" : "start", "--", ...command];
}

/** What starts the sandbox of a plan. */
export function starterOf(plan: Plan, context: StartContext): Start {
  const stage2 = plan.launcher.kind === "stage2";
  const files = context.openFiles;
  const held = heldRoots(plan.mounts);
  const env = stage2
    ? { ...stage2Environment(plan), ...(files === undefined ? {} : { TOMBOLO_STAGE2_NOFILE: files }) }
    : Object.fromEntries(plan.environment);
  return {
    args: [
      "-c",
      ...(context.scope === undefined ? [START_SCRIPT, "sh"] : [START_IN_SCOPE_SCRIPT, "sh", context.scope]),
      stage2 ? "-" : context.seccomp,
      context.status,
      files ?? "-",
      ordersText(plan.orders) === undefined ? "-" : context.orders,
      // What stands by has a parent of its own, which watches: see bin/tombolo.
      context.status === "-" ? "-" : String(Deno.pid),
      String(held.length),
      ...held.map(({ target }) => target),
      context.bwrap,
      ...bwrapArguments(plan, { ...context, command: innerCommand(plan) }),
    ],
    env,
  };
}
