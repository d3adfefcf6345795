import type { RuntimeFiles } from "./host_facts.ts";
import { INSIDE, type Mount } from "./plan.ts";
import { STAGE2_FLAGS } from "./stage2_flags.ts";

/** How stage2 is called: by way of a Deno, or as a program of its own. Nothing else knows the difference. */
export interface Stage2Call {
  /** What is executed, after its loader where that is called by hand. */
  readonly program: readonly string[];
  /** What a Deno runs; absent where stage2 is a program, with its flags and permissions compiled in. */
  readonly script?: string;
}

function callOf(files: RuntimeFiles, loader: readonly string[], at: (name: string) => string): Stage2Call {
  return files.deno === undefined
    ? { program: [...loader, at("stage2")] }
    : { program: [...loader, at("deno")], script: at("stage2.js") };
}

/** The call on the host, where stage2 asks and confines with Landlock. */
export function stage2OnHost(files: RuntimeFiles): Stage2Call {
  const { deno, stage2 } = files;
  return callOf(files, [], (name) => name === "deno" && deno !== undefined ? deno : stage2);
}

/**
 * The call inside.
 *
 * @param loader How a program is called there; by itself unless given
 */
export function stage2Inside(files: RuntimeFiles, loader: readonly string[] = []): Stage2Call {
  return callOf(files, loader, (name) => `${INSIDE}/${name}`);
}

/** What has to be mounted for the call inside. */
export function stage2Mounts({ deno, stage2 }: RuntimeFiles): Extract<Mount, { kind: "file" }>[] {
  const bind = (source: string, name: string) => ({
    kind: "file" as const,
    source,
    target: `${INSIDE}/${name}`,
  });
  return deno === undefined ? [bind(stage2, "stage2")] : [bind(deno, "deno"), bind(stage2, "stage2.js")];
}

/**
 * The words of a call, up to the role.
 *
 * @param flags Flags and permissions that the role needs of a Deno
 */
export function stage2Words({ program, script }: Stage2Call, flags: readonly string[]): string[] {
  return script === undefined ? [...program] : [...program, ...STAGE2_FLAGS, ...flags, script];
}
