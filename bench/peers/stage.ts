import { join } from "node:path";
import type { Network } from "./contender.ts";
import { start } from "../parts.ts";

/** A place for one run: a server on loopback, directories and settings; all of them go with it. */
export class Stage implements AsyncDisposable {
  readonly #server: Deno.ChildProcess;
  readonly #directory: string;
  readonly port: number;

  /** What every contender gets beside the caller's environment. */
  readonly env: Readonly<Record<string, string>>;

  private constructor(directory: string, server: { child: Deno.ChildProcess; port: number }) {
    this.#directory = directory;
    this.#server = server.child;
    this.port = server.port;
    this.env = { TMPDIR: this.path("tmp"), CODEX_HOME: this.path("codex") };
  }

  /** Not below /tmp, where sandboxes have a directory of their own, and outside of any repository. */
  static async open(): Promise<Stage> {
    const directory = await Deno.makeTempDir({ dir: "/var/tmp", prefix: "tombolo-peers." });
    const server = await start(join(import.meta.dirname ?? ".", "server.ts"));
    const stage = new Stage(directory, server);
    for (const name of ["work", "tmp", "codex"]) await Deno.mkdir(stage.path(name));
    await Deno.writeTextFile(join(stage.path("codex"), "config.toml"), codexConfig);
    for (const network of ["no network", "one host"] as const) {
      await Deno.writeTextFile(stage.runtimeSettings(network), runtimeConfig(network, stage.port));
    }
    return stage;
  }

  path(name: string): string {
    return join(this.#directory, name);
  }

  /** The directory that commands run in. */
  get work(): string {
    return this.path("work");
  }

  /** An empty directory to run in, for what looks at files. */
  async emptyDirectory(): Promise<string> {
    return await Deno.makeTempDir({ dir: this.#directory, prefix: "work." });
  }

  /** The settings file of sandbox-runtime. */
  runtimeSettings(network: Network): string {
    return this.path(`${network.replace(" ", "-")}.json`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.kill("SIGTERM");
    await this.#server.status;
    await Deno.remove(this.#directory, { recursive: true });
  }
}

/** Profiles for Codex's CLI; an address of loopback that is listed as such may be reached. */
const codexConfig = `[features]
network_proxy = true
[permissions.closed]
extends = ":workspace"
[permissions.open]
extends = ":workspace"
[permissions.open.network]
enabled = true
mode = "full"
[permissions.open.network.domains]
"127.0.0.1" = "allow"
`;

/** Settings for sandbox-runtime; here too an address that is listed as such may be reached. */
function runtimeConfig(network: Network, port: number): string {
  return JSON.stringify({
    network: { allowedDomains: network === "one host" ? [`127.0.0.1:${port}`] : [], deniedDomains: [] },
    filesystem: { denyRead: [], allowWrite: ["."], denyWrite: [] },
  });
}
