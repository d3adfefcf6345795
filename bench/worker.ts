/**
 * The filesystem worker against the same work in this process: latency and throughput of reads, start, pool. Prints a
 * Markdown table; with `--search` also glob and grep over 100,000 files, with `--soak=N` that many mixed requests.
 *
 *     deno run --allow-all bench/worker.ts [--search] [--soak=100000]
 */
import { join } from "node:path";
import { LocalFileSystem } from "../lib/worker/local_file_system.ts";
import { Worker } from "../lib/worker/client.ts";
import { WorkerFileSystem } from "../lib/worker/worker_file_system.ts";
import { WorkerPool } from "../lib/worker/pool.ts";
import { closeDescriptors } from "./close_descriptors.ts";
import { median } from "./median.ts";

const READS = 3000;
const STARTS = 20;
const ACQUIRES = 500;
const SMALL = 4096;
const LARGE = 200_000_000;

async function timed(act: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await act();
  return performance.now() - start;
}

/** Median in milliseconds, after a tenth as many runs to warm up. */
async function medianOf(count: number, act: () => Promise<unknown>): Promise<number> {
  for (let run = 0; run < count / 10; run++) await act();
  const times: number[] = [];
  for (let run = 0; run < count; run++) times.push(await timed(act));
  return median(times);
}

/** Medians in milliseconds of several acts, turn by turn: each finds the machine as the others do, awake or not. */
async function mediansOf(count: number, ...acts: (() => Promise<unknown>)[]): Promise<number[]> {
  const times: number[][] = acts.map(() => []);
  for (let run = -count / 10; run < count; run++) {
    for (const [index, act] of acts.entries()) {
      const time = await timed(act);
      if (run >= 0) times[index]?.push(time);
    }
  }
  return times.map(median);
}

interface Row {
  readonly what: string;
  readonly value: string;
  readonly ratio?: number;
  readonly limit: string;
}

function print(rows: readonly Row[]): void {
  console.log("| what | median | ratio | must reach |");
  console.log("|---|--:|--:|---|");
  for (const { what, value, ratio, limit } of rows) {
    console.log(`| ${what} | ${value} | ${ratio?.toFixed(1) ?? ""} | ${limit} |`);
  }
}

const microseconds = (milliseconds: number) => `${(milliseconds * 1000).toFixed(0)} us`;
const rate = (milliseconds: number) => LARGE / 1e9 / (milliseconds / 1000);

async function reads(root: string): Promise<Row[]> {
  await Deno.writeFile(join(root, "small"), new Uint8Array(SMALL).fill(65));
  await Deno.writeFile(join(root, "large"), new Uint8Array(LARGE).fill(66));
  await using worker = await Worker.spawn({ root });
  const remote = new WorkerFileSystem(worker);
  const local = new LocalFileSystem({ root });
  const [plain = NaN, inProcess = NaN, through = NaN] = await mediansOf(
    READS,
    () => Deno.readFile(join(root, "small")),
    () => local.read("small"),
    () => remote.read("small"),
  );
  const pieces = await medianOf(5, () => remote.readAll("large"));
  const own = await medianOf(5, () => local.readAll("large"));
  return [
    { what: "read 4 KiB, Deno.readFile", value: microseconds(plain), limit: "" },
    { what: "read 4 KiB, LocalFileSystem", value: microseconds(inProcess), ratio: 1, limit: "" },
    {
      what: "read 4 KiB, worker",
      value: microseconds(through),
      ratio: through / inProcess,
      limit: "at most 10 x LocalFileSystem",
    },
    {
      what: "read 4 KiB, worker against Deno.readFile",
      value: microseconds(through),
      ratio: through / plain,
      limit: "",
    },
    { what: "read 200 MB, LocalFileSystem", value: `${rate(own).toFixed(2)} GB/s`, limit: "" },
    { what: "read 200 MB, worker", value: `${rate(pieces).toFixed(2)} GB/s`, limit: "0.5 GB/s" },
  ];
}

async function bare(): Promise<void> {
  const args = ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "true"];
  await new Deno.Command("bwrap", { args, stdin: "null", stdout: "null" }).output();
}

async function starts(root: string): Promise<Row[]> {
  const plain: number[] = [];
  const ready: number[] = [];
  // Turn by turn, so that a busy machine is busy for both.
  for (let start = 0; start < STARTS; start++) {
    plain.push(await timed(bare));
    const begin = performance.now();
    await using _worker = await Worker.spawn({ root });
    ready.push(performance.now() - begin);
  }
  const [base, mine] = [median(plain), median(ready)];
  return [
    { what: "bare bubblewrap", value: `${base.toFixed(1)} ms`, ratio: 1, limit: "" },
    { what: "spawn to ready", value: `${mine.toFixed(1)} ms`, ratio: mine / base, limit: "at most 20 x" },
  ];
}

async function pool(root: string): Promise<Row[]> {
  await using workers = new WorkerPool();
  await workers.prewarm({ root }, 2);
  const acquire = await medianOf(ACQUIRES, async () => {
    await using _lease = await workers.acquire({ root });
  });
  return [{ what: "acquire a warm worker, with its ping", value: microseconds(acquire), limit: "1 ms" }];
}

const FILES = 100_000;

async function plant(root: string): Promise<void> {
  for (let directory = 0; directory < FILES / 100; directory++) {
    const path = join(root, `d${directory % 10}`, `e${directory}`);
    await Deno.mkdir(path, { recursive: true });
    for (let file = 0; file < 100; file++) {
      const text = `// file ${file}\nexport const value = ${directory * 100 + file};\n`.repeat(10);
      Deno.writeTextFileSync(join(path, `f${file}.${file % 2 === 0 ? "ts" : "md"}`), text);
    }
  }
  await Deno.writeTextFile(join(root, ".gitignore"), "*.log\nnode_modules/\n/dist\nd9/e999/*.md\n");
}

async function search(root: string): Promise<Row[]> {
  await plant(root);
  await using worker = await Worker.spawn({ root });
  const files = new WorkerFileSystem(worker);
  const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(2)} s`;
  const measured = async (what: string, act: () => Promise<unknown>): Promise<Row> => ({
    what: `${what}, ${FILES} files`,
    value: seconds(median([await timed(act), await timed(act), await timed(act)])),
    limit: "",
  });
  return [
    await measured("glob **/*.ts", () => files.glob("**/*.ts", { limit: 1_000_000 })),
    await measured("glob d3/e*3/f1*.ts", () => files.glob("d3/e*3/f1*.ts")),
    await measured("grep value = 77777", () => files.grep("value = 77777;")),
    await measured("grep in *.md", () => files.grep("value = 77777;", { include: "*.md" })),
  ];
}

/** Resident memory of all processes of a worker, in MiB. */
async function resident(pid: number): Promise<number> {
  const script = `
    sum() { read -r _ pages _ </proc/$1/statm && total=$((total + pages)); for child in $(cat /proc/$1/task/*/children); do sum $child; done; }
    total=0; sum ${pid}; echo $total`;
  const { stdout } = await new Deno.Command("/bin/bash", { args: ["-c", script] }).output();
  return Number(new TextDecoder().decode(stdout)) * 4096 / 1024 / 1024;
}

async function soak(root: string, count: number): Promise<Row[]> {
  await using worker = await Worker.spawn({ root });
  const files = new WorkerFileSystem(worker);
  await files.write("soak/a.txt", "one two three\n".repeat(100));
  const acts = [
    () => files.read("soak/a.txt"),
    () => files.stat("soak/a.txt"),
    () => files.list("soak"),
    () => files.write("soak/b.txt", "x".repeat(1000)),
    () => files.edit("soak/a.txt", { oldString: "one", newString: "one", replaceAll: true }),
    () => files.glob("soak/*"),
    () => files.grep("two", { root: "soak", limit: 5 }),
    () => files.read("missing").catch(() => {}),
    () => files.read("../outside").catch(() => {}),
    () => files.write("soak/c.bin", new Uint8Array(200_000)),
    () => files.readAll("soak/c.bin"),
  ];
  const { pid = 0 } = worker;
  const samples: string[] = [];
  for (let request = 0; request < count; request++) {
    await acts[request % acts.length]?.();
    if ((request + 1) % Math.ceil(count / 10) === 0) {
      const own = Deno.memoryUsage().rss / 1024 / 1024;
      samples.push(`${(await resident(pid)).toFixed(0)}+${own.toFixed(0)}`);
    }
  }
  if (worker.failures > 0) throw new Error("Cannot soak: a request has ended the worker");
  return [{
    what: `memory over ${count} requests, worker + client, MiB`,
    value: samples.join(" "),
    limit: "",
  }];
}

const option = (name: string) => Deno.args.find((argument) => argument.startsWith(`--${name}`));

async function measure(): Promise<void> {
  // /var/tmp: the sandbox has a /tmp of its own, and a RAM disk would flatter.
  const root = await Deno.makeTempDir({ dir: "/var/tmp", prefix: "tombolo-bench." });
  try {
    const rows = [...await reads(root), ...await pool(root), ...await starts(root)];
    if (option("search") !== undefined) rows.push(...await search(root));
    const count = option("soak")?.split("=")[1];
    if (count !== undefined) rows.push(...await soak(root, Number(count)));
    print(rows);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

if (option("closed") !== undefined) {
  await measure();
} else {
  const self = [Deno.execPath(), "run", "--allow-all", import.meta.filename ?? "", "--closed", ...Deno.args];
  const child = new Deno.Command("bash", { args: ["-c", closeDescriptors, "bash", ...self] }).spawn();
  Deno.exit((await child.status).code);
}
