/**
 * Start-up, side by side in one hyperfine run: bare bubblewrap against tombolo without network, with one host by
 * flag and with one host by file. Prints a Markdown table of medians and of their ratios to bare bubblewrap.
 *
 *     deno run --allow-all bench/start.ts
 */
import { join } from "node:path";
import { closeDescriptors } from "./close_descriptors.ts";

const tombolo = join(import.meta.dirname ?? ".", "..", "bin", "tombolo");

/** What one command of the run came to, in seconds. */
interface Measurement {
  readonly command: string;
  readonly median: number;
  readonly min: number;
  readonly stddev: number;
}

/**
 * The ratio to bare bubblewrap that a start may reach. Bare bubblewrap is one that a user could work in: the whole
 * system read-only with a /dev and a /proc of its own; one bind alone, without them, is there for comparison.
 */
const starts: readonly { name: string; args: string; limit?: number }[] = [
  { name: "bare bubblewrap", args: "bwrap --ro-bind / / --dev /dev --proc /proc true" },
  { name: "bubblewrap, one bind", args: "bwrap --ro-bind / / true" },
  { name: "tombolo, no network", args: "TOMBOLO run -- true", limit: 11 },
  { name: "tombolo, one host by flag", args: "TOMBOLO run --allow-net=example.com -- true", limit: 19 },
  { name: "tombolo, one host by file", args: "TOMBOLO run --policy=POLICY -- true", limit: 19 },
];

/** Puts the two paths, which may hold spaces, into a command line for hyperfine. */
function commandLine(args: string, policy: string): string {
  const quoted = (path: string) => `'${path.replaceAll("'", "'\\''")}'`;
  return args.replace("TOMBOLO", () => quoted(tombolo)).replace("POLICY", () => quoted(policy));
}

/** Runs every command 60 times in a directory of its own, so that no repository is looked through. */
async function measure(): Promise<readonly Measurement[]> {
  const directory = await Deno.makeTempDir({ prefix: "tombolo-bench." });
  try {
    const policy = join(directory, "policy.json");
    await Deno.writeTextFile(policy, `{ "net": { "allow": ["example.com"] } }\n`);
    const cwd = join(directory, "work");
    await Deno.mkdir(cwd);
    const report = join(directory, "report.json");
    const { success, stderr } = await new Deno.Command("bash", {
      args: [
        ...["-c", closeDescriptors, "bash", "hyperfine"],
        ...["-N", "--style=none", "--warmup=5", "--runs=60", `--export-json=${report}`],
        ...starts.map(({ args }) => commandLine(args, policy)),
      ],
      cwd,
    }).output();
    if (!success) throw new Error(`Cannot measure: ${new TextDecoder().decode(stderr)}`);
    return (JSON.parse(await Deno.readTextFile(report)) as { results: Measurement[] }).results;
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const measurements = await measure();
const bare = measurements[0]?.median ?? NaN;
const milliseconds = (seconds: number) => (seconds * 1000).toFixed(1);
console.log("| start | median ms | min ms | ratio | at most |");
console.log("|---|--:|--:|--:|--:|");
for (const [index, { median, min }] of measurements.entries()) {
  const { name, limit } = starts[index] ?? {};
  const cells = [name, milliseconds(median), milliseconds(min), (median / bare).toFixed(1), limit ?? ""];
  console.log(`| ${cells.join(" | ")} |`);
}
