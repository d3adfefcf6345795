import type { FoundScope } from "../../launch/find_scope.ts";
import type { HostEvidence } from "../../launch/host_evidence.ts";
import type { LandlockAbi } from "../../launch/landlock_abi.ts";
import type { ProbeResult } from "../../launch/probe.ts";
import type { Directories } from "../../launch/state_directory.ts";

/** Something that does not work here, and what to do about it. */
export interface Trouble {
  readonly wrong: string;
  readonly remedy: string;
}

/** What is known of a bubblewrap that may be run. */
export interface BwrapFacts {
  readonly path: string;
  /** As it says itself; `undefined` where it says nothing that can be read. */
  readonly version: string | undefined;
  /** The long options that its help lists. */
  readonly options: readonly string[];
  /** The distribution's package that it is from, where that could be asked. */
  readonly package?: {
    readonly version: string;
    /** Advisories that its changelog says are fixed. */
    readonly fixes: readonly string[];
  };
}

/** Where tombolo runs, by what can be seen there. */
export interface Surroundings {
  /** Variables of the caller that tell. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Files that tell, of those that are there. */
  readonly files: readonly string[];
  /** First line of /run/systemd/container. */
  readonly systemdContainer?: string;
}

/** A permission of the runtime that tombolo runs with. */
export interface HeldPermission {
  readonly name: string;
  readonly state: Deno.PermissionState;
  /** Whether tombolo needs it; it must not have the others. */
  readonly wanted: boolean;
}

/** Everything that doctor has looked at; no finding depends on anything else. */
export interface DoctorFacts {
  readonly os: typeof Deno.build.os;
  readonly arch: string;
  /** As `uname -r` gives it. */
  readonly kernel: string;
  readonly uid: number | null;
  /** Names of the active security modules, and whether the kernel listed them itself. */
  readonly securityModules: { readonly names: readonly string[]; readonly listed: boolean };
  readonly landlock: LandlockAbi | Trouble;
  readonly evidence: HostEvidence;
  readonly surroundings: Surroundings;
  /** Whether a user namespace could be made, where something could try. */
  readonly userNamespace: "made" | "refused" | "not tried";
  readonly bwrap: BwrapFacts | Trouble;
  /** Whether bubblewrap builds a sandbox with the flags that a run uses; absent where there is no bubblewrap. */
  readonly probe?: ProbeResult | Trouble | undefined;
  readonly scopes: { readonly memory: FoundScope["scope"]; readonly pids: FoundScope["scope"] };
  /** Why processes cannot be counted without a control group; `undefined` where they can. */
  readonly processesUnbound: string | undefined;
  readonly seatbelt: boolean;
  readonly deno: { readonly version: string; readonly permissions: readonly HeldPermission[] };
  readonly directories: Directories | Trouble;
}

/** Whether something does not work. */
export function isTrouble(value: object): value is Trouble {
  return "wrong" in value;
}
