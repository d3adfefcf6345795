import { join } from "node:path";

const root = join(import.meta.dirname ?? ".", "..", "..");

/** What a run of a program came to. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What the stand-in for tombolo prints: how it was started. */
export interface Start {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly denoDir: string;
  readonly callerDenoDir?: string;
  readonly root?: string;
  readonly openFiles?: string;
  readonly stage2: string;
  readonly worker: string;
  readonly permissions: Readonly<Record<string, string>>;
}

const standIn = `
const state = (descriptor: Deno.PermissionDescriptor) => Deno.permissions.querySync(descriptor).state;
console.log(JSON.stringify({
  args: Deno.args,
  cwd: Deno.cwd(),
  denoDir: Deno.env.get("DENO_DIR"),
  callerDenoDir: Deno.env.get("TOMBOLO_CALLER_DENO_DIR"),
  root: Deno.env.get("TOMBOLO_ROOT"),
  openFiles: Deno.env.get("TOMBOLO_NOFILE"),
  stage2: Deno.readTextFileSync(Deno.env.get("TOMBOLO_STAGE2_JS") ?? ""),
  worker: Deno.readTextFileSync(Deno.env.get("TOMBOLO_WORKER_JS") ?? ""),
  permissions: {
    sh: state({ name: "run", command: "/bin/sh" }),
    run: state({ name: "run" }),
    ffi: state({ name: "ffi" }),
  },
}));
`;

/** A checkout in a temporary directory with a stand-in for tombolo, to try bin/tombolo on. */
export class Checkout implements AsyncDisposable {
  private constructor(readonly home: string, readonly root: string) {}

  static async create(name = "check out"): Promise<Checkout> {
    const home = await Deno.realPath(await Deno.makeTempDir({ prefix: "tombolo-house." }));
    const checkout = new Checkout(home, join(home, name));
    for (const directory of ["bin", "stage2/verify", "lib/plan", "lib/worker", ".cache"]) {
      await Deno.mkdir(join(checkout.root, directory), { recursive: true });
    }
    for (
      const file of [
        "bin/tombolo",
        "bin/setup.sh",
        "bin/build.ts",
        "bin/join_chunks.ts",
        "bin/parse_late.ts",
        "bin/permission_flags.ts",
        "bin/ready_bundler.ts",
        "bin/run_deno.ts",
        "bin/start_lines.ts",
        "deno.json",
        "deno.lock",
      ]
    ) {
      await Deno.copyFile(join(root, file), join(checkout.root, file));
    }
    await checkout.write("main.ts", standIn);
    await checkout.write("stage2/main.ts", `console.log("stage2");\n`);
    await checkout.write(
      "lib/plan/stage2_flags.ts",
      `export const STAGE2_FLAGS = ["run"];\nexport const STAGE2_ENVIRONMENT_ON_HOST = { HOME: "/" };\nexport const stage2V8Flags = () => "";\n`,
    );
    await checkout.write("lib/worker/server.ts", `console.log("worker");\n`);
    await checkout.write("stage2/verify/main.ts", `console.log("verify");\n`);
    // The packages are fetched once for all tests.
    const denoDir = Deno.env.get("DENO_DIR");
    if (denoDir !== undefined) await Deno.symlink(denoDir, join(checkout.root, ".cache", "deno"));
    await checkout.makePath("tools", ["deno", "mkdir", "mktemp", "rm", "mv", "readlink", "sh", "cat"]);
    return checkout;
  }

  async write(path: string, text: string): Promise<void> {
    await Deno.writeTextFile(join(this.root, path), text);
  }

  /** Makes a directory that holds only these programs, for PATH. */
  async makePath(name: string, programs: readonly string[]): Promise<string> {
    const directory = join(this.home, name);
    await Deno.mkdir(directory);
    for (const program of programs) {
      const target = program === "deno"
        ? Deno.execPath()
        : (Deno.env.get("PATH") ?? "").split(":").map((path) => join(path, program)).find((path) => {
          try {
            return Deno.statSync(path).isFile;
          } catch {
            return false;
          }
        });
      if (target === undefined) throw new Error(`Cannot find ${program} on PATH`);
      await Deno.symlink(target, join(directory, program));
    }
    return directory;
  }

  /** Runs a program with nothing but these tools on PATH. */
  async run(
    command: string,
    args: readonly string[],
    options: { cwd?: string; env?: Record<string, string>; path?: string } = {},
  ): Promise<Outcome> {
    const { code, stdout, stderr } = await new Deno.Command(command, {
      args: [...args],
      cwd: options.cwd ?? this.home,
      clearEnv: true,
      env: { PATH: options.path ?? join(this.home, "tools"), HOME: this.home, NO_COLOR: "1", ...options.env },
      stdin: "null",
    }).output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  }

  /** Runs bin/tombolo of this checkout. */
  tombolo(args: readonly string[], options: Parameters<Checkout["run"]>[2] = {}): Promise<Outcome> {
    return this.run(join(this.root, "bin", "tombolo"), args, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.home, { recursive: true });
  }
}

/** Reads what the stand-in printed. */
export function readStart({ code, stdout, stderr }: Outcome): Start {
  if (code !== 0) throw new Error(`Cannot read a start that failed with ${code}: ${stderr}`);
  return JSON.parse(stdout) as Start;
}
