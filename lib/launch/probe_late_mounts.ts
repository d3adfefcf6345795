import { ISOLATION, LENT } from "../plan/bwrap_arguments.ts";
import type { RuntimeFiles } from "../plan/host_facts.ts";
import { stage2Inside, stage2Mounts, stage2Words } from "../plan/stage2_call.ts";
import { STAGE2_ENVIRONMENT } from "../plan/stage2_flags.ts";
import { probeKey, type ProbeRequest } from "./probe.ts";
import { writeAtomically } from "./state_directory.ts";

function works({ bwrap }: ProbeRequest, runtime: RuntimeFiles): boolean {
  return new Deno.Command("/bin/sh", {
    args: [
      ...["-c", 'exec "$@" 3</usr', "sh", bwrap.path],
      ...ISOLATION,
      ...LENT.flatMap((capability) => ["--cap-add", capability]),
      ...[
        "--ro-bind",
        "/",
        "/",
        "--dev",
        "/dev",
        "--proc",
        "/proc",
        "--ro-bind-fd",
        "3",
        "/usr",
        "--tmpfs",
        "/run",
      ],
      ...stage2Mounts(runtime).flatMap(({ source, target }) => ["--ro-bind", source, target]),
      ...["--", ...stage2Words(stage2Inside(runtime), ["--allow-ffi"]), "trial"],
    ],
    clearEnv: true,
    env: { ...STAGE2_ENVIRONMENT },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).outputSync().success;
}

/**
 * Whether stage2 can make mounts here: with what bubblewrap lends it, by descriptors, and apart by a Landlock domain from
 * what sees the sandbox without them. Tried once with all of it, and remembered. AppArmor's own profile for bubblewrap,
 * for one, lets its children have no capability.
 */
export function probeLateMounts(request: ProbeRequest, runtime: RuntimeFiles): boolean {
  const key = `${probeKey(request)}\n${runtime.stage2}`;
  const file = `${request.stateDirectory}/probe-late-mounts`;
  try {
    const cached = Deno.readTextFileSync(file);
    if (cached === `${key}\nyes\n`) return true;
    if (cached === `${key}\nno\n`) return false;
  } catch {
    // Nothing cached yet.
  }
  const result = works(request, runtime);
  writeAtomically(file, `${key}\n${result ? "yes" : "no"}\n`);
  return result;
}
