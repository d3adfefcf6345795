import { checkEnd, type EndCheck } from "../launch/check_end.ts";
import { findCommand } from "../launch/find_command.ts";
import { makeDirectories } from "../launch/make_directories.ts";
import type { Prepared } from "../launch/prepare_run.ts";
import { rendezvous } from "../launch/rendezvous.ts";
import { RunDirectory } from "../launch/run_directory.ts";
import { RunLimits } from "../launch/run_limits.ts";
import type { SharedGateway } from "../launch/shared_gateway.ts";
import { startOf } from "../launch/start_of.ts";
import { StatusFile } from "../launch/status_file.ts";
import type { Plan } from "../plan/plan.ts";
import type { PolicyDocument } from "../policy/policy_schema.ts";
import type { DecisionEvent } from "../report/event.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import { openEnvironment } from "./open_environment.ts";
import { openGateway } from "./open_gateway.ts";
import { Policy } from "./policy.ts";
import { checkCommand, prepareCommand } from "./prepare_command.ts";
import { setAsideEntry } from "./run_command.ts";
import type { SandboxOptions } from "./sandbox.ts";
import type { SetAsideEntry } from "./sandbox_status.ts";
import type { SpawnOptions } from "./spawn_options.ts";

/** How a command is transformed. */
export interface TransformOptions
  extends Pick<SpawnOptions, "cwd" | "env">, Pick<SandboxOptions, "onEvent" | "onNotice" | "stage2"> {}

/** What to start instead of a command, so that it runs in a sandbox. */
export interface TransformedCommand extends AsyncDisposable {
  /** Absolute path. */
  readonly program: string;
  readonly args: readonly string[];
  /** The whole environment: nothing of the caller's is to be added. */
  readonly env: Readonly<Record<string, string>>;
  /**
   * To be called when the command has ended: looks after the tree, removes what was made for it.
   *
   * @returns What the command left where the host would run it, and where that is now
   */
  finish(): Promise<readonly SetAsideEntry[]>;
}

// Well below the time after which what a run left is swept.
const TOUCH_MS = 20_000;

function refuseWhatNeedsCare({ limits, hides, net }: Plan): void {
  const wrong = limits.wallTime !== undefined
    ? "wall time is limited, which whoever starts it would have to hold"
    : hides.length > 0
    ? "sockets of the host are opened to it, and others could come meanwhile"
    : (net.publish ?? []).length > 0
    ? "ports are published"
    : undefined;
  if (wrong === undefined) return;
  throw new TomboloError("policy", `Cannot transform the command: ${wrong}`, {
    remedy: "run it with Sandbox.spawn",
  });
}

// The directory is removed once the sandbox stands; until it is started nobody must take it for one that was left.
function keepFresh({ path }: RunDirectory): Disposable {
  const timer = setInterval(() => {
    const now = new Date();
    Deno.utime(path, now, now).catch(() => {});
  }, TOUCH_MS);
  Deno.unrefTimer(timer);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

function listen(
  directory: RunDirectory,
  gateway: SharedGateway,
  stack: AsyncDisposableStack,
  onEvent: (event: DecisionEvent) => void,
): void {
  const listener = Deno.listen({ transport: "unix", path: directory.socket });
  Deno.chmodSync(directory.socket, 0o600);
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  stack.defer(() => {
    resolve();
    try {
      listener.close();
    } catch {
      // The gateway has closed it.
    }
  });
  const serve = async () => {
    if (await rendezvous(listener, ended) && !stack.disposed) stack.use(gateway.serve(listener, onEvent));
  };
  // Without it nothing is started: stage2 waits, and ends when the listener does.
  serve().catch(() => {});
}

async function made(
  { plan, context }: Pick<Prepared, "plan" | "context">,
  gateway: SharedGateway | undefined,
  stack: AsyncDisposableStack,
  { onEvent = () => {}, onNotice = () => {} }: TransformOptions,
): Promise<TransformedCommand> {
  refuseWhatNeedsCare(plan);
  findCommand(plan);
  plan.notices.forEach(onNotice);
  const { directories: { run, state }, uid } = context;
  if (plan.makes.length > 0) makeDirectories(plan.makes, { say: onNotice });
  const directory = stack.use(RunDirectory.create(run, uid));
  stack.use(new StatusFile(directory.status));
  stack.use(keepFresh(directory));
  const limits = Object.keys(plan.limits).length === 0 ? undefined : stack.use(await RunLimits.open(plan));
  if (gateway !== undefined) listen(directory, gateway, stack, onEvent);
  const { args, env } = startOf(plan, context, directory, { scope: limits?.scopePath });
  const began = { elapsed: performance.now(), date: Date.now() };
  let finished: Promise<EndCheck> | undefined;
  const finish = async () => {
    finished ??= checkEnd(plan, state, uid, began).finally(() => stack.disposeAsync());
    return (await finished).setAside.map(setAsideEntry);
  };
  return {
    program: "/bin/sh",
    args,
    env,
    finish,
    async [Symbol.asyncDispose]() {
      await finish();
    },
  };
}

/**
 * Tells how to start a command in a sandbox, and starts nothing: for programs that start processes by themselves.
 *
 * What is returned can be started once, by this process itself, and has to be finished, or disposed of, once the command
 * has ended. Its gateway lives as long.
 *
 * @throws {TomboloError} where the policy cannot be enforced, or only by somebody who watches the command: with limited
 * wall time, opened sockets and published ports
 *
 * @example
 * ```ts
 * import { transform } from "@tombolo/tombolo";
 *
 * await using command = await transform({}, ["echo", "hello"]);
 * const { program, args, env } = command;
 * const child = new Deno.Command(program, { args: [...args], env: { ...env }, clearEnv: true });
 * const { stdout } = await child.output();
 * console.log(new TextDecoder().decode(stdout)); // hello
 * ```
 */
export async function transform(
  policy: Policy | PolicyDocument | string,
  command: readonly string[],
  options: TransformOptions = {},
): Promise<TransformedCommand> {
  checkCommand(command);
  const parsed = policy instanceof Policy ? policy : Policy.parse(policy);
  const environment = await openEnvironment(parsed, {
    ...(options.stage2 === undefined ? {} : { stage2: options.stage2 }),
    backend: "bubblewrap",
  });
  const stack = new AsyncDisposableStack();
  try {
    // Others may change the tree before it is started.
    const prepared = await prepareCommand(environment, command, options, { runs: true, waits: true });
    stack.defer(() => prepared.context.live?.[Symbol.dispose]());
    prepared.context.live?.release();
    const { onEvent = () => {}, onNotice = () => {} } = options;
    const { gateway, isCutOff } = await openGateway(environment, prepared.plan, onEvent, onNotice);
    if (gateway !== undefined) stack.use(gateway);
    const { context } = prepared;
    const { plan } = isCutOff ? prepared.withoutNetwork() : prepared;
    return await made({ plan, context }, gateway, stack, options);
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}
