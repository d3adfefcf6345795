import { join } from "node:path";
import type { Contender } from "./contender.ts";
import type { Peers } from "./install_peers.ts";
import type { Stage } from "./stage.ts";

const root = join(import.meta.dirname ?? ".", "..", "..");

/** The whole system read-only, with a /dev and a /proc of its own: a sandbox that a user could work in. */
const view = ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"];

const namespaces = ["user", "pid", "ipc", "uts", "cgroup"].map((name) => `--unshare-${name}`);

/** bubblewrap alone, as `bench/start.ts` has it; all ratios are to this one. */
const bare: Contender = { name: "bare bubblewrap", argv: (_, command) => ["bwrap", ...view, ...command] };

/** bubblewrap alone, with what tombolo asks it for: it has no gateway, so with a host it shares the network. */
const equivalent: Contender = {
  name: "bubblewrap, flags as tombolo's",
  argv: (network, command, cwd) => [
    ...["bwrap", ...namespaces, ...(network === "no network" ? ["--unshare-net"] : [])],
    ...["--die-with-parent", "--cap-drop", "ALL", ...view],
    ...["--tmpfs", "/tmp", "--tmpfs", "/run", "--bind", cwd, cwd, "--chdir", cwd, "--"],
    ...command,
  ],
};

function tombolo(name: string, program: string, port: number): Contender {
  const flags = { "no network": [], "one host": [`--allow-net=127.0.0.1:${port}`] };
  return { name, argv: (network, command) => [program, "run", ...flags[network], "--", ...command] };
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

/** sandbox-runtime on its own Node. */
function runtime({ node, runtime }: Peers, stage: Stage): Contender["argv"] {
  return (network, command) => [
    ...[node, runtime, "--settings", stage.runtimeSettings(network), "--"],
    ...command,
  ];
}

/** Codex's CLI: the program itself, as npm's `codex` starts it from Node, which takes longer. */
function codex(peers: Peers): Contender["argv"] {
  const { codex } = peers;
  if (codex === undefined) return missing("npm has no package of it for this platform");
  return (network, command) => {
    const profile = network === "one host" ? "open" : "closed";
    return [codex, "sandbox", "-P", profile, "--", ...command];
  };
}

/** In place of a tool that cannot be had: each measurement fails with the reason. */
function missing(reason: string): Contender["argv"] {
  return () => {
    throw new Error(reason);
  };
}

/**
 * The tools that are measured, in the order of their columns. The compiled tombolo is among them where `dist` has it.
 *
 * @param peers The installed peers, or why there are none
 * @param stage Their settings and the server that they may reach
 */
export async function contenders(peers: Peers | Error, stage: Stage): Promise<readonly Contender[]> {
  const compiled = join(root, "dist", "tombolo");
  const peer = (make: (peers: Peers, stage: Stage) => Contender["argv"]) =>
    peers instanceof Error ? missing(peers.message) : make(peers, stage);
  return [
    bare,
    equivalent,
    tombolo("tombolo", join(root, "bin", "tombolo"), stage.port),
    ...(await exists(compiled) ? [tombolo("tombolo, compiled", compiled, stage.port)] : []),
    { name: "sandbox-runtime", argv: peer(runtime) },
    { name: "Codex's CLI", argv: peer(codex) },
  ];
}
