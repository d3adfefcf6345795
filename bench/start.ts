/**
 * Start-up, side by side in one hyperfine run: bare bubblewrap against tombolo without network, with one host by
 * flag and with one host by file, and against its Landlock backend. Prints a Markdown table of medians and of their
 * ratios to bare bubblewrap. HOME is a directory of their own: other sandboxes of the same home make a start slower.
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

/** What a start may come to: so many times another row. */
interface Limit {
  readonly times: number;
  readonly of: string;
}

const BARE = "bare bubblewrap";
const ALONE = "tombolo, no network";
const ONE_HOST = "tombolo, one host by flag";

/**
 * The starts. Bare bubblewrap is one that a user could work in: the whole
 * system read-only with a /dev and a /proc of its own; one bind alone, without them, is there for comparison.
 */
const starts: readonly { name: string; args: string; limit?: Limit }[] = [
  { name: BARE, args: "bwrap --ro-bind / / --dev /dev --proc /proc true" },
  { name: "bubblewrap, one bind", args: "bwrap --ro-bind / / true" },
  { name: ALONE, args: "TOMBOLO run -- true", limit: { times: 8.5, of: BARE } },
  {
    name: ONE_HOST,
    args: "TOMBOLO run --allow-net=example.com -- true",
    limit: { times: 16, of: BARE },
  },
  {
    name: "tombolo, one host by file",
    args: "TOMBOLO run --policy=POLICY -- true",
    limit: { times: 16, of: BARE },
  },
  {
    name: "Landlock, no network",
    args: "TOMBOLO run --backend=landlock -- true",
    limit: { times: 0.9, of: ALONE },
  },
  {
    name: "Landlock, one host by flag",
    args: "TOMBOLO run --backend=landlock --weaker-network --allow-net=example.com -- true",
    limit: { times: 0.9, of: ONE_HOST },
  },
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
    const home = join(directory, "home");
    await Deno.mkdir(home);
    const report = join(directory, "report.json");
    const { success, stderr } = await new Deno.Command("bash", {
      args: [
        ...["-c", closeDescriptors, "bash", "hyperfine"],
        ...["-N", "--style=none", "--warmup=5", "--runs=60", `--export-json=${report}`],
        ...starts.map(({ args }) => commandLine(args, policy)),
      ],
      cwd,
      env: { HOME: home },
    }).output();
    if (!success) throw new Error(`Cannot measure: ${new TextDecoder().decode(stderr)}`);
    return (JSON.parse(await Deno.readTextFile(report)) as { results: Measurement[] }).results;
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const measurements = await measure();
const medianOf = (name: string) =>
  measurements[starts.findIndex((start) => start.name === name)]?.median ?? NaN;
const bare = medianOf(BARE);
const limitText = ({ times, of }: Limit) =>
  of === BARE ? String(times) : `${((times * medianOf(of)) / bare).toFixed(1)} (${times} x ${of})`;
const milliseconds = (seconds: number) => (seconds * 1000).toFixed(1);
console.log("| start | median ms | min ms | ratio | at most |");
console.log("|---|--:|--:|--:|--:|");
for (const [index, { median, min }] of measurements.entries()) {
  const { name, limit } = starts[index] ?? {};
  const cells = [
    name,
    milliseconds(median),
    milliseconds(min),
    (median / bare).toFixed(1),
    limit ? limitText(limit) : "",
  ];
  console.log(`| ${cells.join(" | ")} |`);
}
