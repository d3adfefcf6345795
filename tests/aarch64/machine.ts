import { join } from "node:path";
import { fetchPackages } from "./fetch_packages.ts";
import { packDirectory } from "./pack_directory.ts";

const checkout = join(import.meta.dirname ?? ".", "..", "..");
const cache = join(checkout, ".cache", "aarch64");
const fixtures = join(import.meta.dirname ?? ".", "fixtures");
/** What a start of tombolo from source reads. */
const SOURCES = ["bin", "lib", "stage2", "main.ts", "deno.json", "deno.lock"];
const BUNDLES = ["ready.sh", "stage2.js", "worker.js", "tombolo"];
/** For what takes a minute on a machine that has nothing else to do. */
const DEADLINE_MS = 15 * 60 * 1000;

/** A shell script that the machine runs, in an empty working directory. */
export interface Job {
  readonly name: string;
  readonly script: string;
}

/** What came of a job: its exit status, and what it wrote to stdout and stderr. */
export interface JobOutcome {
  readonly code: number;
  readonly output: string;
}

async function run(command: readonly string[], cwd?: string): Promise<string> {
  const [program = "", ...args] = command;
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args,
    ...(cwd === undefined ? {} : { cwd }),
    stdin: "null",
    signal: AbortSignal.timeout(DEADLINE_MS),
  }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`Cannot run ${command.join(" ")}: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}

/** Makes a directory of the cache by `fill`, once; a fetch that fails leaves nothing that looks whole. */
async function fetched(name: string, fill: (directory: string) => Promise<void>): Promise<string> {
  const directory = join(cache, name);
  const exists = await Deno.stat(directory).then(() => true, () => false);
  if (exists) return directory;
  const partial = `${directory}.partial`;
  await Deno.remove(partial, { recursive: true }).catch(() => {});
  await Deno.mkdir(partial, { recursive: true });
  await fill(partial);
  await Deno.rename(partial, directory);
  return directory;
}

/** The runtime that this very test runs on, as npm has it for the other architecture. */
async function fetchDeno(directory: string): Promise<void> {
  const name = `@deno/linux-arm64-glibc@${Deno.version.deno}`;
  const archive = (await run(["npm", "pack", "--silent", name], directory)).trim();
  await run(["tar", "-xzf", archive], directory);
}

/** The machine's files: Debian's programs, the checkout with its bundles, and what the jobs need. */
async function furnish(root: string, packages: string, deno: string): Promise<void> {
  await run(["cp", "-a", `${packages}/root/.`, root]);
  for (const unused of ["usr/share", "usr/lib/aarch64-linux-gnu/gconv"]) {
    await Deno.remove(join(root, unused), { recursive: true });
  }
  const home = join(root, "opt/tombolo");
  for (
    const name of ["etc", "home", "jobs", "proc", "root", "run", "sys", "dev", "tmp", "opt/tombolo/.cache"]
  ) {
    await Deno.mkdir(join(root, name), { recursive: true });
  }
  await run(["cp", "-a", ...SOURCES, home], checkout);
  await run(["cp", "-a", ...BUNDLES, join(home, ".cache")], join(checkout, ".cache"));
  const [, runtime = ""] = /^tombolo_deno="\$tombolo_root"\/'([^']+)'$/m.exec(
    await Deno.readTextFile(join(home, ".cache/ready.sh")),
  ) ?? [];
  if (runtime === "") throw new Error("Cannot place the runtime: this checkout uses the Deno on PATH");
  await Deno.mkdir(join(home, runtime, ".."), { recursive: true });
  await Deno.copyFile(join(deno, "package/deno"), join(home, runtime));
  await Deno.chmod(join(home, runtime), 0o755);
  await Deno.mkdir(join(root, "usr/bin"), { recursive: true });
  await Deno.symlink(`/opt/tombolo/${runtime}`, join(root, "usr/bin/deno"));
  await Deno.symlink("/opt/tombolo/bin/tombolo", join(root, "usr/bin/tombolo"));
  await Deno.symlink("busybox", join(root, "bin/sh"));
  // That it is called so is what switch_root knows a first file system by.
  await Deno.copyFile(join(fixtures, "init.sh"), join(root, "init"));
  await Deno.chmod(join(root, "init"), 0o755);
  await Deno.copyFile(join(packages, "armhf/bin/busybox"), join(root, "usr/bin/busybox-armhf"));
  await Deno.writeTextFile(join(root, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
  await Deno.copyFile(join(fixtures, "verdicts.js"), join(root, "jobs/verdicts.js"));
}

/** What the machine says on its console, up to its end or the deadline. */
async function boot(options: readonly string[]): Promise<string> {
  const { stdout, stderr } = await new Deno.Command("qemu-system-aarch64", {
    args: [...options, "-nographic"],
    stdin: "null",
    signal: AbortSignal.timeout(DEADLINE_MS),
  }).output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

/** Reads the outcomes off the machine's console. */
function outcomes(console: string, jobs: readonly Job[]): ReadonlyMap<string, JobOutcome> {
  const text = console.replaceAll("\r\n", "\n");
  const found = text.matchAll(/^@@ begin (\d+)\.job\n([^]*?)^@@ end (\d+)$/gm);
  const outcomes = new Map<string, JobOutcome>();
  for (const [, index, output = "", code] of found) {
    const job = jobs[Number(index)];
    if (job !== undefined) outcomes.set(job.name, { code: Number(code), output });
  }
  if (outcomes.size !== jobs.length) throw new Error(`Cannot run the jobs: the machine said:\n${text}`);
  return outcomes;
}

/**
 * Boots a machine of aarch64, emulated by qemu, with a kernel and programs of Debian's and this checkout, and runs jobs
 * on it as root.
 *
 * @param jobs What to run, in order
 * @param files Text files to put beside the jobs, in /jobs, by name
 * @returns The outcome of each job by its name
 * @throws {Error} where the machine does not get to the end
 */
export async function runOnMachine(
  jobs: readonly Job[],
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<ReadonlyMap<string, JobOutcome>> {
  const packages = await fetched("packages", fetchPackages);
  const deno = await fetched(`deno-${Deno.version.deno}`, fetchDeno);
  const directory = await Deno.makeTempDir({ prefix: "tombolo-aarch64." });
  try {
    const root = join(directory, "root");
    await Deno.mkdir(root);
    await furnish(root, packages, deno);
    for (const [name, data] of Object.entries(files)) {
      const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
      await Deno.writeFile(join(root, "jobs", name), bytes);
    }
    for (const [index, { script }] of jobs.entries()) {
      await Deno.writeTextFile(join(root, "jobs", `${String(index).padStart(3, "0")}.job`), script);
    }
    const archive = join(directory, "initramfs");
    await packDirectory(root, archive);
    const kernels = join(packages, "kernel/boot");
    const kernel = Array.from(Deno.readDirSync(kernels), ({ name }) => name).find((name) =>
      /^vmlinuz/.test(name)
    );
    if (kernel === undefined) throw new Error("Cannot boot: the kernel's package holds none");
    // The cortex-a57 runs programs of 32 bits too.
    const machine = [
      "-machine",
      "virt",
      "-cpu",
      "cortex-a57",
      "-smp",
      "2",
      "-m",
      "1536",
      "-nic",
      "none",
      "-no-reboot",
    ];
    const start = "console=ttyAMA0 quiet loglevel=1 panic=-1 rdinit=/init";
    const image = ["-kernel", join(kernels, kernel), "-initrd", archive, "-append", start];
    return outcomes(await boot([...machine, ...image]), jobs);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
