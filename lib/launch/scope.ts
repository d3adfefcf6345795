import type { Launcher } from "../plan/plan.ts";
import { OWN_PROCESSES, type ScopePlan } from "../plan/plan_limits.ts";
import { escape } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";

/** What the kernel counted in a scope. */
export interface ScopeEvents {
  /** Times that its memory limit made the kernel kill. */
  readonly oomKills: number;
  /** Processes and threads that its limit refused. */
  readonly refusedProcesses: number;
}

// Not the caller's PATH, where a sandbox may have put a mkdir of its own.
const TOOLS = "PATH=/usr/bin:/bin\n";

/**
 * Parameters: the parent, the name, bytes or `-`, processes or `-`. What a killed tombolo left is swept first; a group
 * that still holds processes cannot be removed.
 */
const OPEN_SCRIPT = `${TOOLS}
parent=$1 scope=$1/$2 memory=$3 processes=$4
for old in "$parent"/tombolo-*-*; do
  pid=\${old#"$parent"/tombolo-}
  [ ! -d "$old" ] || [ -e "/proc/\${pid%%-*}" ] || rmdir "$old" 2>/dev/null
done
mkdir "$scope" || exit 1
set_up() {
  if [ "$memory" != - ]; then
    echo "$memory" >"$scope/memory.max" || return 1
    # Without swap accounting there is no such file, and no swap that would be counted.
    if [ -e "$scope/memory.swap.max" ]; then echo 0 >"$scope/memory.swap.max" || return 1; fi
    echo 1 >"$scope/memory.oom.group" || return 1
  fi
  [ "$processes" = - ] || echo "$processes" >"$scope/pids.max" || return 1
}
set_up || { rmdir "$scope"; exit 1; }
`;

/** Parameter: the scope. A process that is being killed holds it for a moment. */
const CLOSE_SCRIPT = `${TOOLS}
scope=$1
for file in memory.events pids.events; do
  [ -r "$scope/$file" ] || continue
  while read -r key value; do echo "$file $key $value"; done <"$scope/$file"
done
[ ! -w "$scope/cgroup.kill" ] || echo 1 >"$scope/cgroup.kill"
tries=0
until rmdir "$scope" 2>/dev/null || [ ! -d "$scope" ] || [ $tries -ge 500 ]; do
  tries=$((tries + 1))
  sleep 0.01
done
`;

async function shell(script: string, args: readonly string[]) {
  const { success, stdout, stderr } = await new Deno.Command("/bin/sh", {
    args: ["-c", script, "sh", ...args],
    clearEnv: true,
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { success, out: decoder.decode(stdout), said: decoder.decode(stderr).trim() };
}

/** A control group for one run, made and removed. */
export class Scope implements AsyncDisposable {
  #closed: Promise<ScopeEvents> | undefined;

  private constructor(readonly path: string) {}

  /**
   * @param started What starts the command in it, and runs there too
   * @throws {TomboloError} where it cannot be made or limited; nothing of it is left then
   */
  static async open(plan: ScopePlan, started: Launcher["kind"]): Promise<Scope> {
    const name = `tombolo-${Deno.pid}-${crypto.randomUUID()}`;
    const { success, said } = await shell(OPEN_SCRIPT, [
      plan.parent,
      name,
      String(plan.memory ?? "-"),
      plan.processes === undefined ? "-" : String(plan.processes + OWN_PROCESSES[started]),
    ]);
    if (success) return new Scope(`${plan.parent}/${name}`);
    throw new TomboloError("sandbox", `Cannot make a cgroup for the limits: ${escape(said)}`);
  }

  /** Ends what is left inside, removes the scope and returns what the kernel has counted. */
  close(): Promise<ScopeEvents> {
    return this.#closed ??= this.#close();
  }

  async #close(): Promise<ScopeEvents> {
    const { out } = await shell(CLOSE_SCRIPT, [this.path]);
    const count = (key: string) => Number(new RegExp(`^${key} (\\d+)$`, "m").exec(out)?.[1] ?? 0);
    return {
      oomKills: count("memory\\.events oom_kill"),
      refusedProcesses: count("pids\\.events max"),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
