import { hasLeaks } from "../launch/has_leaks.ts";
import { homeDirectory } from "../launch/home_directory.ts";
import { type InspectedHost, inspectHost } from "../launch/inspect_host.ts";
import { type OwnProgram, ownProgram } from "../launch/own_program.ts";
import { SafePath } from "../paths/safe_path.ts";
import type { Policy } from "./policy.ts";

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
  return { ...known, runtime: () => Promise.resolve({ deno: Deno.execPath(), stage2 }) };
}

/**
 * Looks at everything that does not depend on a command.
 *
 * @param stage2 Path of stage2's bundle, where this tombolo is not to look for it itself
 * @throws {TomboloError} where the host cannot enforce the policy, with the remedy
 */
export async function openEnvironment(policy: Policy, stage2: string | undefined): Promise<OpenEnvironment> {
  const rules = policy.rules();
  const { environment, cwd } = policy;
  const host = await inspectHost({
    policy: rules,
    whole: rules,
    program: programOf(stage2),
    environment,
    caller: environment,
    current: SafePath.of(cwd),
    home: homeDirectory(environment["HOME"]),
    uid: Deno.uid(),
  });
  return { policy, host, leaks: hasLeaks() };
}
