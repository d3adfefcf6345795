import { ISOLATION } from "../plan/bwrap_arguments.ts";
import { escape } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import type { FoundProgram } from "./find_bwrap.ts";
import { writeAtomically } from "./state_directory.ts";

// What bubblewrap says on hosts that refuse it, and what the user can do there.
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [/Unknown option/, "install bubblewrap 0.5 or newer"],
  [
    /RTM_NEWADDR|setting up uid map: Permission denied/,
    "AppArmor restricts user namespaces: give bwrap an AppArmor profile with the userns permission",
  ],
  [
    /No permissions to create (?:a )?new namespace|Creating new namespace failed/,
    "allow user namespaces: sysctl kernel.unprivileged_userns_clone=1, user.max_user_namespaces above 0",
  ],
  [
    /Can't mount proc|\/newroot\/proc/,
    "this container hides parts of /proc: run it with --security-opt systempaths=unconfined",
  ],
  [
    /Failed to make \/ slave|Failed to mount|pivot_root/,
    "this container may not mount: run it with --security-opt seccomp=unconfined",
  ],
];

/** Turns what bubblewrap said into an error with a remedy. */
export function bwrapError(path: string, said: string): TomboloError {
  const line = said.trim().split("\n").at(-1) ?? "";
  const remedy = REMEDIES.find(([pattern]) => pattern.test(said))?.[1];
  const message = `Cannot build the sandbox with ${path}: ${line === "" ? "it said nothing" : escape(line)}`;
  return new TomboloError("sandbox", message, remedy === undefined ? {} : { remedy });
}

/** What a host has been found able to do. */
export interface ProbeResult {
  /** Whether the `env` that was asked about knows `--default-signal` (coreutils 8.31). */
  readonly env: boolean;
}

/** What is probed, and where the answer is kept. */
export interface ProbeRequest {
  readonly bwrap: FoundProgram;
  readonly env: FoundProgram | undefined;
  readonly kernel: string;
  readonly uid: number | null;
  readonly stateDirectory: string;
}

function run(path: string, args: readonly string[]): { success: boolean; said: string } {
  const { success, stderr } = new Deno.Command("/bin/sh", {
    args: ["-c", 'exec "$@" 8>/dev/null', "sh", path, ...args],
    clearEnv: true,
    env: { LC_ALL: "C" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).outputSync();
  return { success, said: new TextDecoder().decode(stderr) };
}

function probe({ bwrap, env }: ProbeRequest): ProbeResult {
  const view = [
    "--ro-bind",
    "/",
    "/",
    "--dev",
    "/dev",
    "--proc",
    "/proc",
    "--perms",
    "0755",
    "--tmpfs",
    "/tmp",
    "--remount-ro",
    "/tmp",
  ];
  const sandbox = [...ISOLATION, "--json-status-fd", "8", ...view, "--"];
  if (
    env !== undefined &&
    run(bwrap.path, [...sandbox, env.path, "--default-signal", "/bin/sh", "-c", ":"]).success
  ) {
    return { env: true };
  }
  const plain = run(bwrap.path, [...sandbox, "/bin/sh", "-c", ":"]);
  if (plain.success) return { env: false };
  throw bwrapError(bwrap.path, plain.said);
}

function cacheFile(request: ProbeRequest): string {
  return `${request.stateDirectory}/probe`;
}

// The isolation is part of the key: another version of tombolo may ask for other flags.
function keyOf(request: ProbeRequest): string {
  return [
    request.bwrap.identity,
    request.env?.identity ?? "",
    request.kernel,
    request.uid,
    ISOLATION.join(" "),
  ].join("\n");
}

/**
 * Starts a sandbox once with exactly the flags that will be used, and remembers that it worked.
 *
 * @throws {TomboloError} where bubblewrap cannot build it, with the remedy
 */
export function probeOnce(request: ProbeRequest): ProbeResult {
  const key = keyOf(request);
  const file = cacheFile(request);
  try {
    const cached = Deno.readTextFileSync(file);
    if (cached === `${key}\nenv\n`) return { env: true };
    if (cached === `${key}\n-\n`) return { env: false };
  } catch {
    // Nothing cached yet.
  }
  const result = probe(request);
  writeAtomically(file, `${key}\n${result.env ? "env" : "-"}\n`);
  return result;
}

/** Forgets the answer, so that the next run asks again: the host may have changed. */
export function forgetProbe(stateDirectory: string): void {
  try {
    Deno.removeSync(`${stateDirectory}/probe`);
  } catch {
    // Another run was quicker.
  }
}
