import type { DecisionEvent } from "../report/event.ts";
import { EventRing } from "../report/event_ring.ts";
import type { PolicyDocument } from "../policy/policy_schema.ts";
import { type BackendOptions, type OpenEnvironment, openEnvironment } from "./open_environment.ts";
import { openGateway, type WayOut } from "./open_gateway.ts";
import { Policy } from "./policy.ts";
import { checkCommand, prepareCommand } from "./prepare_command.ts";
import { runCommand } from "./run_command.ts";
import { SandboxChild } from "./sandbox_child.ts";
import type { SpawnOptions } from "./spawn_options.ts";

/** How a sandbox is opened. */
export interface SandboxOptions extends BackendOptions {
  /** Hears of each event as it happens. */
  readonly onEvent?: (event: DecisionEvent) => void;
  /** Hears of what a user should know, one sentence each. */
  readonly onNotice?: (line: string) => void;
}

// What somebody else's callback throws is theirs: it must not end a connection or a run.
function guarded<T>(callback: ((value: T) => void) | undefined): (value: T) => void {
  return (value) => {
    try {
      callback?.(value);
    } catch (error) {
      reportError(error);
    }
  };
}

/**
 * A policy, ready to run commands under it: each in a sandbox of its own, as many at once as are wanted.
 *
 * @example
 * ```ts
 * import { Sandbox } from "@tombolo/tombolo";
 *
 * await using sandbox = await Sandbox.open({ net: { allow: ["example.com:443"] } });
 * const child = sandbox.spawn(["echo", "hello"], { stdout: "piped" });
 * console.log(await child.stdout.text()); // hello
 * const { code, denials } = await child.status;
 * console.log(code, denials.length); // 0 0
 * ```
 */
export class Sandbox implements AsyncDisposable {
  /** The last 200 events, also those that nobody has heard of. */
  readonly events: Pick<EventRing, "snapshot" | "drain" | "dropped">;
  readonly #children = new Set<SandboxChild>();
  #closing: Promise<void> | undefined;

  private constructor(
    /** What its commands may do. */
    readonly policy: Policy,
    private readonly environment: OpenEnvironment,
    private readonly way: WayOut,
    private readonly sinks: {
      readonly events: EventRing;
      readonly onEvent: (event: DecisionEvent) => void;
      readonly onNotice: (line: string) => void;
    },
  ) {
    this.events = sinks.events;
  }

  /**
   * Does everything that does not depend on the command: finds out what this host can do, opens the gateway.
   *
   * @param policy A policy, or what {@linkcode Policy.parse} takes
   * @throws {TomboloError} where the policy cannot be understood or enforced, with the remedy
   */
  static async open(
    policy: Policy | PolicyDocument | string,
    { onEvent, onNotice, ...backend }: SandboxOptions = {},
  ): Promise<Sandbox> {
    const parsed = policy instanceof Policy ? policy : Policy.parse(policy);
    const environment = await openEnvironment(parsed, backend);
    const events = new EventRing();
    const hear = guarded(onEvent);
    const notices = new Set<string>();
    const tell = guarded(onNotice);
    const sinks = {
      events,
      onEvent: (event: DecisionEvent) => {
        events.add(event);
        hear(event);
      },
      // Every command would say them again.
      onNotice: (line: string) => {
        if (notices.has(line)) return;
        notices.add(line);
        tell(line);
      },
    };
    // What is wrong with the policy on this host is found out now, not with the first command.
    const { plan } = await prepareCommand(environment, ["true"], {}, {});
    plan.notices.forEach(sinks.onNotice);
    const way = await openGateway(environment, plan, sinks.onEvent, sinks.onNotice);
    return new Sandbox(parsed, environment, way, sinks);
  }

  /**
   * Starts a command in a sandbox of its own. Streams are inherited unless options say otherwise.
   *
   * @param command A program, looked up on the PATH that the policy gives it, and its arguments; no shell is involved
   * @throws {TypeError} where the command has no words or one that cannot be passed, or after the sandbox was closed
   */
  spawn(command: readonly string[], options: SpawnOptions = {}): SandboxChild {
    checkCommand(command);
    if (this.#closing !== undefined) {
      throw new TypeError("Cannot start a command: the sandbox has been closed");
    }
    const { stdin = "inherit", stdout = "inherit", stderr = "inherit", signal } = options;
    const streams = { stdin, stdout, stderr };
    const words = [...command];
    const child = new SandboxChild(streams, signal, (hooks) =>
      runCommand({
        prepare: () => prepareCommand(this.environment, words, options, { runs: true, streams }),
        streams,
        hooks,
        gateway: this.way.gateway,
        isCutOff: this.way.isCutOff,
        onEvent: this.sinks.onEvent,
        onNotice: this.sinks.onNotice,
      }));
    this.#children.add(child);
    const forget = () => this.#children.delete(child);
    child.status.then(forget, forget);
    return child;
  }

  /** Ends every command that still runs, and closes the gateway. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    await Promise.all(Array.from(this.#children, (child) => child[Symbol.asyncDispose]()));
    await this.way.gateway?.[Symbol.asyncDispose]();
    await this.environment.host.landlock?.[Symbol.asyncDispose]();
  }
}
