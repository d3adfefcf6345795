import { listenUnix } from "../egress/listen_unix.ts";
import { DescriptorLeak } from "../launch/descriptor_leak.ts";
import type { RunContext } from "../launch/run_context.ts";
import { runPlan, type RunResult } from "../launch/run_plan.ts";
import { privateDirectory } from "../launch/state_directory.ts";
import { resolvePath } from "../paths/resolve_path.ts";
import { SafePath } from "../paths/safe_path.ts";
import type { Plan } from "../plan/plan.ts";
import type { PolicySource } from "../policy/policy_source.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import type { Voice } from "../report/voice.ts";
import { carry } from "../worker/carry.ts";
import { ConfigFile } from "../worker/config_file.ts";
import { narrowPolicy } from "../worker/narrow_policy.ts";
import { workerPlan } from "../worker/worker_plan.ts";
import type { GivenFlag } from "./flags.ts";
import { prepare, type Prepared } from "./prepare.ts";
import { has } from "./has_flag.ts";
import { reportSetAside, voiceOf } from "./run.ts";
import { isForWorker, parseServingFlags, rootOf, WORKER_FLAGS } from "./worker_flags.ts";

/** Where a policy may also come from, as JSON. */
const POLICY_VARIABLE = "TOMBOLO_WORKER_POLICY";

/** Where the client is found. */
type Face = { readonly kind: "stdio" } | { readonly kind: "socket"; readonly path: string };

function faceOf(flags: readonly GivenFlag[]): Face {
  const socket = flags.findLast(({ name }) => name === "socket")?.value;
  if (has(flags, "stdio") === (socket !== undefined)) {
    throw new TomboloError("usage", "Cannot tell where the client is", {
      remedy: "wanted: either --socket=PATH or --stdio",
    });
  }
  if (socket === undefined) return { kind: "stdio" };
  return { kind: "socket", path: SafePath.from(socket, Deno.cwd()).toString() };
}

async function policyFromEnvironment(): Promise<(root: SafePath) => readonly PolicySource[]> {
  const text = Deno.env.get(POLICY_VARIABLE);
  if (text === undefined || text === "") return () => [];
  const { loadPolicyText } = await import("../policy/load_policy_file.ts");
  return (root) => loadPolicyText(text, root.toString(), POLICY_VARIABLE);
}

async function prepareWorker(flags: readonly GivenFlag[]): Promise<Prepared> {
  const rules = flags.filter(isForWorker);
  const cwd: GivenFlag = { name: "cwd", written: "--root", value: rootOf(flags) };
  return await prepare([...rules, cwd], [], {
    sources: await policyFromEnvironment(),
    needsRuntime: true,
    // For as long as it lives, what it is asked can change the tree while other sandboxes are built.
    runs: true,
    narrow: (policy, root) => narrowPolicy(policy, root, (path) => resolvePath(path).real),
  });
}

function kill(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended.
  }
}

/** A worker on this host, once there is a plan for its sandbox. */
class Service {
  readonly #config: ConfigFile;

  constructor(private readonly prepared: Prepared, private readonly voice: Voice, face: Face) {
    const { plan, context } = prepared;
    this.#config = ConfigFile.create(context, {
      root: SafePath.of(plan.cwd),
      decider: plan.decider,
      environment: Object.fromEntries(plan.environment),
      announces: face.kind === "socket",
    });
  }

  async #run(streams: Pick<RunContext, "streams" | "onStart">): Promise<RunResult> {
    const { prepared: { plan, planThroughStage2, worker, context }, voice } = this;
    const files = { program: await worker(), config: this.#config.path };
    const run = (each: Plan) =>
      runPlan(workerPlan(each, SafePath.of(each.cwd), files), {
        ...context,
        ...streams,
        onEvent: () => {},
        voice,
      });
    try {
      return await run(plan);
    } catch (error) {
      if (!(error instanceof DescriptorLeak)) throw error;
      return await run(planThroughStage2());
    }
  }

  /** Lets the worker speak on the streams of this process. */
  onStreams(): Promise<RunResult> {
    return this.#run({});
  }

  /** Carries what it says to a client on a socket. */
  async onSocket(path: string): Promise<RunResult> {
    privateDirectory(path.slice(0, path.lastIndexOf("/")) || "/", Deno.uid());
    using socket = await listenUnix(path);
    let carried: Promise<void> = Promise.resolve();
    const onReady = () => {
      this.#config[Symbol.dispose]();
      Deno.stdout.writeSync(new TextEncoder().encode("ready\n"));
    };
    const onStart = (child: Deno.ChildProcess) => {
      carried = carry(child, socket, onReady).catch((error) => {
        kill(child);
        throw error;
      });
      // It is waited for below, once the sandbox has ended.
      carried.catch(() => {});
    };
    const result = await this.#run({
      streams: { stdin: "piped", stdout: "piped", stderr: "inherit" },
      onStart,
    });
    await carried;
    return result;
  }

  [Symbol.dispose](): void {
    this.#config[Symbol.dispose]();
  }
}

/**
 * `tombolo worker`: file operations for one client, in a sandbox that shows nothing but the root.
 *
 * @param args Arguments after `worker`
 * @returns The exit status: 0 where the client ended it
 * @throws {TomboloError} where it cannot be started
 */
export async function worker(args: readonly string[]): Promise<number> {
  const flags = parseServingFlags(args, WORKER_FLAGS, "worker");
  if (has(flags, "help")) return (await import("./help.ts")).printHelp("worker");
  const voice = voiceOf(flags);
  const face = faceOf(flags);
  const prepared = await prepareWorker(flags);
  for (const notice of prepared.plan.notices) voice.say(notice);
  using service = new Service(prepared, voice, face);
  const result = face.kind === "stdio" ? await service.onStreams() : await service.onSocket(face.path);
  await reportSetAside(voice, result);
  return result.status;
}
