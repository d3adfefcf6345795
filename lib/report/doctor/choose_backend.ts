import { type DoctorFacts, isTrouble } from "./doctor_facts.ts";

/** What turns plans into processes here. */
export interface BackendChoice {
  /** Absent where there is none. */
  readonly backend?: "bubblewrap";
  /** What stands in its way, and what to do about it; absent where there is a backend. */
  readonly missing?: { readonly wrong: string; readonly remedy: string };
}

/** The backend that a run picks, and that enforces the default policy in full; there is no weaker one. */
export function chooseBackend({ os, arch, bwrap, probe, directories, deno }: DoctorFacts): BackendChoice {
  if (deno.permissions.some(({ wanted, state }) => wanted && state !== "granted")) {
    const remedy = "start it with bin/tombolo or as the compiled program";
    return { missing: { wrong: "tombolo has not the permissions that it needs", remedy } };
  }
  if (os !== "linux") {
    const remedy = "run tombolo on Linux, in a virtual machine for example";
    return { missing: { wrong: `this tombolo has no backend for ${os}`, remedy } };
  }
  if (arch !== "x86_64" && arch !== "aarch64") {
    return { missing: { wrong: `there is no filter for ${arch}`, remedy: "run it on x86_64 or aarch64" } };
  }
  if (isTrouble(directories)) return { missing: directories };
  if (isTrouble(bwrap)) return { missing: bwrap };
  if (probe === undefined || isTrouble(probe)) {
    return { missing: probe ?? { wrong: "bubblewrap was not tried", remedy: "ask again" } };
  }
  return { backend: "bubblewrap" };
}
