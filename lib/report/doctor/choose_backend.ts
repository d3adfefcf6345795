import { OLDEST_SCOPE_VERSION } from "../../plan/landlock/control.ts";
import { landlockObstacle } from "../../plan/landlock/obstacle.ts";
import { buildPolicy } from "../../policy/build_policy.ts";
import { type DoctorFacts, isTrouble, type Trouble } from "./doctor_facts.ts";

/** What turns plans into processes here. */
export interface BackendChoice {
  /** What `--backend=auto` picks for the default policy; absent where it picks none. */
  readonly backend?: "bubblewrap" | "landlock";
  /** Whether that enforces the default policy in full. */
  readonly full: boolean;
  /** What stands in the way of that, and what to do about it; absent where nothing does. */
  readonly missing?: Trouble;
}

function none(wrong: string, remedy: string): BackendChoice {
  return { full: false, missing: { wrong, remedy } };
}

// What it needs is the same wherever the working directory is.
const DEFAULT_POLICY = buildPolicy([], { cwd: "/", home: undefined, variable: () => undefined });

function bubblewrapTrouble({ bwrap, probe }: DoctorFacts): Trouble | undefined {
  if (isTrouble(bwrap)) return bwrap;
  if (probe === undefined) return { wrong: "bubblewrap was not tried", remedy: "ask again" };
  return isTrouble(probe) ? probe : undefined;
}

// bubblewrap holds more, so it comes first (lib/launch/inspect_host.ts).
function ofLinux(facts: DoctorFacts): BackendChoice {
  const failure = bubblewrapTrouble(facts);
  if (failure === undefined) return { backend: "bubblewrap", full: true };
  const version = isTrouble(facts.landlock) ? 0 : facts.landlock.abi;
  const obstacle = landlockObstacle(DEFAULT_POLICY, version, { network: false, attributes: false });
  if (obstacle !== undefined) {
    return none(
      `${failure.wrong}; and Landlock cannot stand in: ${obstacle.wrong}`,
      `${failure.remedy}; or ${obstacle.remedy}`,
    );
  }
  if (version >= OLDEST_SCOPE_VERSION) return { backend: "landlock", full: true };
  return {
    backend: "landlock",
    full: false,
    missing: {
      wrong: `Landlock of version ${version} does not hold signals to other processes of this user`,
      remedy: `boot Linux 6.12 or later; or: ${failure.remedy}`,
    },
  };
}

/** The backend that a run of the default policy picks, and whether that enforces all of it. */
export function chooseBackend(facts: DoctorFacts): BackendChoice {
  const { os, arch, directories, deno } = facts;
  if (deno.permissions.some(({ wanted, state }) => wanted && state !== "granted")) {
    return none(
      "tombolo has not the permissions that it needs",
      "start it with bin/tombolo or as the compiled program",
    );
  }
  if (os !== "linux") {
    return none(
      `this tombolo has no backend for ${os}`,
      "run tombolo on Linux, in a virtual machine for example",
    );
  }
  if (arch !== "x86_64" && arch !== "aarch64") {
    return none(`there is no filter for ${arch}`, "run it on x86_64 or aarch64");
  }
  if (isTrouble(directories)) return none(directories.wrong, directories.remedy);
  return ofLinux(facts);
}
