/**
 * What one more command costs in a sandbox that is open, side by side in one process and turn by turn: bare bubblewrap
 * started by `Deno.Command`, and `Sandbox.spawn` without network and with a gateway. Prints a Markdown table of medians
 * and of their ratios to bare bubblewrap.
 *
 *     deno run --allow-all bench/spawn.ts [RUNS]
 */
import { hasLeaks } from "../lib/launch/has_leaks.ts";
import { Sandbox } from "../lib/library/sandbox.ts";
import { Policy } from "../lib/library/policy.ts";

const RUNS = Number(Deno.args[0] ?? 100);
const WARMUP = 10;

/** Bare bubblewrap as a user could work in it; bench/start.ts compares with the same. */
async function bare(): Promise<void> {
  const args = ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "true"];
  await new Deno.Command("bwrap", { args, stdin: "null" }).spawn().status;
}

async function spawned(sandbox: Sandbox): Promise<void> {
  await sandbox.spawn(["true"], { stdin: "null" }).status;
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? NaN;
}

// A start takes more where the caller leaves descriptors open, as some terminals and CI runners do: measure without.
const CLOSE_DESCRIPTORS =
  'for path in /proc/self/fd/*; do fd=${path##*/}; [ "$fd" -le 2 ] || eval "exec $fd>&-"; done; exec "$@"';

if (hasLeaks()) {
  const again = [Deno.execPath(), "run", "--allow-all", import.meta.filename ?? "", String(RUNS)];
  const { code } = await new Deno.Command("bash", { args: ["-c", CLOSE_DESCRIPTORS, "bash", ...again] })
    .spawn()
    .status;
  Deno.exit(code);
}

const directory = await Deno.makeTempDir({ dir: "/var/tmp", prefix: "tombolo-bench." });
try {
  // A state directory of its own: another sandbox that is alive makes each start take more care.
  for (const name of ["work", "state", "run"]) await Deno.mkdir(`${directory}/${name}`, { mode: 0o700 });
  const environment = {
    ...Deno.env.toObject(),
    XDG_STATE_HOME: `${directory}/state`,
    XDG_RUNTIME_DIR: `${directory}/run`,
  };
  const cwd = `${directory}/work`;
  await using offline = await Sandbox.open(Policy.parse({}, { cwd, environment }));
  await using online = await Sandbox.open(
    Policy.parse({ net: { allow: ["example.com"] } }, { cwd, environment }),
  );
  const starts: readonly { name: string; run: () => Promise<void>; limit?: number }[] = [
    { name: "bare bubblewrap", run: bare },
    { name: "Sandbox.spawn, no network", run: () => spawned(offline), limit: 3 },
    { name: "Sandbox.spawn, one host", run: () => spawned(online) },
  ];
  const times = starts.map((): number[] => []);
  for (let run = 0; run < WARMUP + RUNS; run++) {
    for (const [index, start] of starts.entries()) {
      const before = performance.now();
      await start.run();
      if (run >= WARMUP) times[index]?.push(performance.now() - before);
    }
  }
  const medians = times.map(median);
  console.log("| start | median ms | min ms | ratio | at most |");
  console.log("|---|--:|--:|--:|--:|");
  for (const [index, { name, limit }] of starts.entries()) {
    const own = medians[index] ?? NaN;
    const least = Math.min(...times[index] ?? []);
    const cells = [
      name,
      own.toFixed(1),
      least.toFixed(1),
      (own / (medians[0] ?? NaN)).toFixed(1),
      limit ?? "",
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
} finally {
  await Deno.remove(directory, { recursive: true });
}
