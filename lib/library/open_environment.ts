import { type BackendChoice, parseBackend } from "../launch/backend.ts";
import { hasLeaks } from "../launch/has_leaks.ts";
import { requiredHome } from "../launch/home_directory.ts";
import { type InspectedHost, inspectHost } from "../launch/inspect_host.ts";
import { type OwnProgram, ownProgram } from "../launch/own_program.ts";
import { lstat } from "../paths/resolve_path.ts";
import { SafePath } from "../paths/safe_path.ts";
import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import type { Policy } from "./policy.ts";

/** What is to enforce a policy. */
export interface BackendOptions {
  /** The first that can enforce the whole policy unless given. */
  readonly backend?: BackendChoice;
  /** As `--weaker-network`: without namespaces, other machines stay reachable on the gateway's port. */
  readonly weakerNetwork?: boolean;
  /** As `--weaker-attributes`: without namespaces, attributes of files that may only be read can be changed. */
  readonly weakerAttributes?: boolean;
  /** Path of stage2's bundle; the one of this library unless given. */
  readonly stage2?: string;
}

/** What every command of a sandbox shares. */
export interface OpenEnvironment {
  readonly policy: Policy;
  readonly host: InspectedHost;
  /** Whether this process leaks descriptors to its children. */
  readonly leaks: boolean;
}

// Asked once: the answer costs a process.
function programOf(stage2: string | undefined): OwnProgram {
  const program = ownProgram();
  const openFiles = program.openFiles();
  const known = { ...program, openFiles: () => openFiles };
  if (stage2 === undefined) return known;
  if (lstat(stage2)?.isFile !== true) {
    throw new TomboloError("sandbox", `Cannot find stage2: there is no file ${quote(stage2)}`, {
      remedy: "leave the option out, or make the bundle with `deno task build`",
    });
  }
  return { ...known, runtime: () => Promise.resolve({ deno: Deno.execPath(), stage2 }) };
}

/**
 * Looks at everything that does not depend on a command.
 *
 * @throws {TomboloError} where the host cannot enforce the policy, with the remedy
 */
export async function openEnvironment(policy: Policy, options: BackendOptions): Promise<OpenEnvironment> {
  const { stage2, backend, weakerNetwork = false, weakerAttributes = false } = options;
  const rules = policy.rules();
  const { environment, cwd } = policy;
  const host = await inspectHost({
    policy: rules,
    whole: rules,
    program: programOf(stage2),
    environment,
    caller: environment,
    current: SafePath.of(cwd),
    home: requiredHome(environment["HOME"]),
    uid: Deno.uid(),
    backend: parseBackend(backend, Deno.build.os),
    weaker: { network: weakerNetwork, attributes: weakerAttributes },
  });
  return { policy, host, leaks: hasLeaks() };
}
