/** The processes that benchmarks of the way out are made of. */
import { Gateway } from "../lib/egress/gateway.ts";
import { relay } from "../lib/egress/relay.ts";
import { HostPattern } from "../lib/host/host_pattern.ts";

/** Serves a gateway that allows loopback on a unix socket. */
export function runGateway(path: string): void {
  const text = "127.0.0.1";
  const rule = { text, origin: "--allow-net", pattern: HostPattern.parse(text) };
  const gateway = new Gateway({ policy: { allow: [rule], deny: [], resolve: new Map() }, onEvent: () => {} });
  gateway.serve(Deno.listen({ transport: "unix", path }));
  console.log(0);
}

/** Does what the bridge inside does: TCP to the gateway's unix socket. */
export async function runInner(path: string): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  console.log(listener.addr.port);
  for await (const connection of listener) {
    Deno.connect({ transport: "unix", path }).then(
      (outer) => relay(connection, outer),
      () => connection.close(),
    );
  }
}

/** Starts a part of a benchmark in a process of its own; it prints its port once it listens. */
export async function start(
  script: string | undefined,
  ...args: readonly string[]
): Promise<{ child: Deno.ChildProcess; port: number }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", script ?? "", ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  reader.releaseLock();
  return { child, port: Number(new TextDecoder().decode(value)) };
}

/** Starts socat. */
export function socat(...args: readonly string[]): Deno.ChildProcess {
  return new Deno.Command("socat", { args: [...args], stdin: "null", stdout: "null", stderr: "null" })
    .spawn();
}

/** A port of loopback that nobody listens on. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** A directory and processes for one benchmark; all go with it. */
export class Stage implements AsyncDisposable {
  readonly #children: Deno.ChildProcess[] = [];

  private constructor(readonly directory: string) {}

  static async open(): Promise<Stage> {
    const directory = await Deno.makeTempDir({ prefix: "tombolo-bench-" });
    // Servers that give up root still have to enter it.
    await Deno.chmod(directory, 0o755);
    return new Stage(directory);
  }

  /** Takes processes over. */
  add(...children: readonly Deno.ChildProcess[]): void {
    this.#children.push(...children);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) {
      child.kill("SIGTERM");
      await child.status;
    }
    await Deno.remove(this.directory, { recursive: true });
  }
}
