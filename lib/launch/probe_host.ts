import { ISOLATION } from "../plan/bwrap_arguments.ts";
import { lstat } from "../paths/resolve_path.ts";
import { escape } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import { explainFailure } from "./explain_failure.ts";
import { hostEvidence, readSettings } from "./host_evidence.ts";
import type { ProbeRequest, ProbeResult } from "./probe.ts";

// Descriptors as a start has them. The filter is one instruction, BPF_RET with SECCOMP_RET_ALLOW: whether the kernel
// takes filters at all is the question here.
const PROBE_SCRIPT =
  `printf '\\006\\000\\000\\000\\000\\000\\377\\177' | { exec "$@" 8>/dev/null 9<&0 </dev/null; }`;

interface Trial {
  readonly success: boolean;
  readonly said: string;
}

function run(path: string, args: readonly string[]): Trial {
  const { success, stderr } = new Deno.Command("/bin/sh", {
    args: ["-c", PROBE_SCRIPT, "sh", path, ...args],
    clearEnv: true,
    env: { LC_ALL: "C" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).outputSync();
  return { success, said: new TextDecoder().decode(stderr).trim() };
}

/** The arguments of a sandbox of every kind of mount that a plan may ask for. */
function sandbox(proc: boolean): string[] {
  const covered = ["--perms", "0755", "--tmpfs", "/proc", "--remount-ro", "/proc"];
  return [
    ...ISOLATION,
    ...["--json-status-fd", "8"],
    ...["--ro-bind", "/", "/"],
    ...["--dev", "/dev"],
    ...(proc ? ["--proc", "/proc", "--remount-ro", "/proc"] : covered),
    ...["--perms", "0755", "--tmpfs", "/tmp"],
    ...["--seccomp", "9"],
    ...["--remount-ro", "/tmp"],
    "--",
  ];
}

/** Whether bubblewrap got as far as /proc, and was not allowed to mount it. */
function lacksProc(said: string): boolean {
  return /Can't mount proc|\/newroot\/proc/.test(said) &&
    /Invalid argument|Operation not permitted|Permission denied/.test(said);
}

function failure(path: string, said: string, kernel: string): TomboloError {
  const { wrong, remedy } = explainFailure(
    path,
    said,
    hostEvidence({
      kernel,
      variable: (name) => Deno.env.get(name),
      exists: (file) => lstat(file) !== undefined,
      settings: readSettings(),
    }),
  );
  const line = said.split("\n").at(-1) ?? "";
  const words = line === "" ? "said nothing" : `said "${escape(line)}"`;
  return new TomboloError("sandbox", `Cannot build the sandbox: ${wrong} (${path} ${words})`, { remedy });
}

/**
 * Starts sandboxes with exactly the flags that will be used, the best one first.
 *
 * @throws {TomboloError} where bubblewrap builds none, with what is wrong and the remedy
 */
export function probeHost({ bwrap, env, kernel }: ProbeRequest): ProbeResult {
  const shell = ["/bin/sh", "-c", ":"];
  const resets = (proc: boolean) =>
    env !== undefined &&
    run(bwrap.path, [...sandbox(proc), env.path, "--default-signal", ...shell]).success;
  if (resets(true)) return { env: true, proc: true };
  const plain = run(bwrap.path, [...sandbox(true), ...shell]);
  if (plain.success) return { env: false, proc: true };
  if (!lacksProc(plain.said)) throw failure(bwrap.path, plain.said, kernel);
  if (resets(false)) return { env: true, proc: false };
  const without = run(bwrap.path, [...sandbox(false), ...shell]);
  if (without.success) return { env: false, proc: false };
  throw failure(bwrap.path, without.said, kernel);
}
