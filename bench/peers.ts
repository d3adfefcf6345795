/**
 * tombolo, Anthropic's sandbox-runtime and OpenAI Codex's CLI, side by side in one run, against bare bubblewrap: start,
 * transfers, memory, many at once, and what each leaves behind. Prints Markdown; `--write` puts it into
 * docs/performance.md. Needs npm, hyperfine, curl, bubblewrap, and what the peers need: socat and ripgrep.
 *
 *     deno run --allow-all bench/peers.ts [--quick] [--write] [--realtime]
 */
import { join } from "node:path";
import { closeDescriptors } from "./close_descriptors.ts";
import { checkContenders } from "./peers/check_contenders.ts";
import { contenders } from "./peers/contenders.ts";
import { describeRun } from "./peers/describe_run.ts";
import { installPeers } from "./peers/install_peers.ts";
import { type Effort, measureAll } from "./peers/measure_all.ts";
import { renderTable } from "./peers/render_table.ts";
import { replaceBlock } from "./peers/replace_block.ts";
import { requirementRows } from "./peers/requirement_rows.ts";
import { resultRows } from "./peers/result_rows.ts";
import { runCommand } from "./peers/run_command.ts";
import { Stage } from "./peers/stage.ts";

const root = join(import.meta.dirname ?? ".", "..");
const cache = join(root, ".cache", "peers");
const page = join(root, "docs", "performance.md");
const flags = ["--quick", "--write", "--realtime"];

const full: Effort = { start: 20, transfer: 7, firstByte: 5, memory: 3, many: 3 };
const quick: Effort = { start: 3, transfer: 1, firstByte: 1, memory: 1, many: 1 };

/** Fails early, with a remedy, where a program is missing that every row needs. */
async function requirePrograms(): Promise<void> {
  for (const program of ["bwrap", "hyperfine", "curl"]) {
    try {
      await runCommand([program, "--version"]);
    } catch {
      throw new Error(
        `Cannot measure: ${program} is not on PATH; install bubblewrap, hyperfine and curl`,
      );
    }
  }
}

async function measure(): Promise<void> {
  const load = Deno.loadavg()[0] ?? 0;
  await requirePrograms();
  const say = (what: string) => console.error(`bench:peers: ${what}`);
  say("installing");
  const peers = await installPeers(cache).catch((error) =>
    new Error(`npm could not install it: ${error.message}`)
  );
  const hurried = Deno.args.includes("--quick");
  const description = await describeRun(peers, [
    `load at the start ${load.toFixed(1)}${hurried ? ", few rounds" : ""}` +
    (Deno.args.includes("--realtime") ? ", real-time priority" : ""),
  ]);
  await using stage = await Stage.open();
  const all = await checkContenders(await contenders(peers, stage), stage);
  const results = await measureAll(all, stage, hurried ? quick : full, say);
  const block = [
    `Made by \`deno task bench:peers --write\`, in one run:`,
    description,
    renderTable(["", ...all.map(({ name }) => name)], resultRows(results, all)),
    renderTable(["must reach", "limit", "measured", "holds"], requirementRows(results, all)),
  ].join("\n\n");
  console.log(block);
  if (!Deno.args.includes("--write")) return;
  await Deno.writeTextFile(page, replaceBlock(await Deno.readTextFile(page), "bench:peers", block));
  await runCommand([Deno.execPath(), "fmt", "--quiet", page], { cwd: root });
}

if (import.meta.main) {
  const unknown = Deno.args.find((argument) => ![...flags, "--closed"].includes(argument));
  if (unknown !== undefined) {
    console.error(`Unknown flag "${unknown}": bench:peers takes ${flags.join(", ")}`);
    Deno.exit(1);
  }
  if (Deno.args.includes("--closed")) {
    await measure();
  } else {
    const priority = Deno.args.includes("--realtime") ? ["chrt", "-f", "10"] : [];
    const self = [
      Deno.execPath(),
      "run",
      "--allow-all",
      import.meta.filename ?? "",
      "--closed",
      ...Deno.args,
    ];
    const args = ["-c", closeDescriptors, "bash", ...priority, ...self];
    Deno.exit((await new Deno.Command("bash", { args }).spawn().status).code);
  }
}
