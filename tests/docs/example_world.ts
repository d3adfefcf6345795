import { join } from "node:path";
import { Box, TOMBOLO } from "../system/tombolo.ts";
import type { CodeBlock } from "./code_blocks.ts";
import { WorldProxy } from "./world_proxy.ts";

const NAMES = ["example.com", "*.example.com", "github.com", "*.github.com"];
const SCRIPTS: Readonly<Record<string, string>> = {
  "untrusted.sh": "echo hello from the sandbox",
  "script.sh": 'curl -sS https://api.example.com/ && test -n "$API_TOKEN"',
  "analyse": "wc -l Makefile",
  "test.sh": "echo all tests passed",
};
const FILES: Readonly<Record<string, string>> = {
  "Makefile": "build:\n\t@echo built >built && echo built\ntest:\n\t@./test.sh\n",
  ".gitignore": "/built\n/events.jsonl\n",
  "private/customers.csv": "ada,lovelace\n",
  "dist/app.js": "console.log(1);\n",
  "tombolo.json": '{ "write": { "deny": ["dist"] } }\n',
};

/** What a command printed, and how it ended. */
export interface Step {
  readonly output: string;
  readonly status: number;
}

/** What a terminal showed at once. */
export interface Shown {
  /** Seconds since what was shown before. */
  readonly after: number;
  readonly text: string;
}

const MARK = "--- end of a step ---";

/**
 * A home with secrets and a project that is cloned from a server, made anew for each page. The network is a proxy on
 * loopback that answers for every host.
 */
export class ExampleWorld implements AsyncDisposable {
  private constructor(private readonly box: Box, private readonly proxy: WorldProxy) {}

  static async create(): Promise<ExampleWorld> {
    // A page may hold what an administrator types: by mistake it must not change the machine of the tests.
    const box = await Box.create({ ordinaryUser: true });
    for (const name of ["home/.ssh/id_ed25519", "home/.netrc"]) await box.write(name, "secret\n", 0o600);
    for (const [name, text] of Object.entries(FILES)) await box.write(`work/${name}`, text);
    for (const [name, text] of Object.entries(SCRIPTS)) {
      await box.write(`work/${name}`, `#!/bin/sh\n${text}\n`, 0o755);
    }
    await Deno.mkdir(join(box.root, "bin"));
    await Deno.symlink(TOMBOLO, join(box.root, "bin", "tombolo"));
    await box.write("bin/sudo", "#!/bin/sh\necho 'no example may use sudo' >&2; exit 1\n", 0o755);
    await box.write("tmp/.keep", "");
    const proxy = await WorldProxy.start(join(box.root, "www"), await certificate(box));
    await box.write("home/.curlrc", `cacert = ${box.root}/ca.pem\n`);
    await box.write(
      "home/.gitconfig",
      `[http]\nsslCAInfo = ${box.root}/ca.pem\n[user]\nname = You\nemail = you@example.com\n[init]\ndefaultBranch = main\n`,
    );
    const world = new ExampleWorld(box, proxy);
    await world.#mustRun(`
      git init -q && git add . && git commit -qm 'Start'
      git clone -q --bare . ../www/example/project.git && git -C ../www/example/project.git update-server-info
      cd .. && rm -rf work && mkdir -p home && git clone -q https://github.com/example/project.git home/project`);
    return world;
  }

  get #environment(): Record<string, string> {
    const url = `http://127.0.0.1:${this.proxy.port}`;
    return {
      PATH: `${this.box.root}/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin`,
      HTTP_PROXY: url,
      http_proxy: url,
      HTTPS_PROXY: url,
      API_TOKEN: "token",
      TMPDIR: `${this.box.root}/tmp`,
    };
  }

  async #mustRun(script: string): Promise<void> {
    const { code, stderr } = await this.box.host(["sh", "-ec", script], { env: this.#environment });
    if (code !== 0) throw new Error(`Cannot make the world of the examples: ${stderr}`);
  }

  /** Runs a block of shell text in the project; the first command that fails ends it. */
  async run({ text }: CodeBlock): Promise<Step> {
    const { code, stdout } = await this.#bash(`set -e\n${text}\n`);
    return { output: stdout, status: code };
  }

  /** Runs commands one after the other in one shell. */
  async session(commands: readonly string[]): Promise<Step[]> {
    const steps = commands.map((command) =>
      `${command}\ntest_status=$?; printf '%s %s\\n' '${MARK}' $test_status; (exit $test_status)\n`
    );
    const { stdout } = await this.#bash(steps.join(""));
    const texts = stdout.split(new RegExp(`${MARK} (\\d+)\\n`));
    return commands.map((_, index) => ({
      output: texts[2 * index] ?? "",
      status: Number(texts[2 * index + 1] ?? 1),
    }));
  }

  /**
   * Runs a command at a terminal.
   *
   * @returns What it showed, piece by piece, each with the seconds since the one before
   */
  async terminal(command: string, columns: number, rows: number): Promise<Shown[]> {
    const [log, timing] = ["terminal.log", "terminal.timing"].map((name) => join(this.box.root, name));
    const sized = `stty cols ${columns} rows ${rows}; ${command}`;
    await this.#host(["script", "-q", "-O", log ?? "", "-T", timing ?? "", "-c", sized]);
    const bytes = await Deno.readFile(log ?? "");
    // script(1) puts a line of its own before and after.
    let at = bytes.indexOf(0x0a) + 1;
    const times = (await Deno.readTextFile(timing ?? "")).trim().split("\n").map((line) => line.split(" "));
    return times.map(([after, size]) => {
      const piece = bytes.subarray(at, at += Number(size));
      return { after: Number(after), text: this.#hide(new TextDecoder().decode(piece)) };
    });
  }

  #hide(text: string): string {
    return text.replaceAll(this.box.home, "/home/you").replaceAll(TOMBOLO, "tombolo");
  }

  #host(command: readonly string[]) {
    return this.box.host(command, { cwd: join(this.box.home, "project"), env: this.#environment });
  }

  // What is still running at the end of a block would keep its output open.
  async #bash(script: string) {
    const program =
      `exec 2>&1 </dev/null\ntrap 'end=$?; kill $(jobs -p) 2>/dev/null || :; exit $end' EXIT\n${script}`;
    const outcome = await this.#host(["bash", "-c", program]);
    return { ...outcome, stdout: this.#hide(outcome.stdout) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy[Symbol.asyncDispose]();
    await this.box[Symbol.asyncDispose]();
  }
}

/** A certificate that is its own authority, for every name that the pages use. */
async function certificate(box: Box): Promise<{ cert: string; key: string }> {
  const names = NAMES.map((name) => `DNS:${name}`).join(",");
  const { code, stderr } = await box.host([
    "openssl",
    "req",
    ..."-x509 -days 2 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes".split(" "),
    ...[
      "-keyout",
      "key.pem",
      "-out",
      "ca.pem",
      "-subj",
      "/CN=examples",
      "-addext",
      `subjectAltName=${names}`,
    ],
  ], { cwd: box.root });
  if (code !== 0) throw new Error(`Cannot make a certificate: ${stderr}`);
  const read = (name: string) => Deno.readTextFile(join(box.root, name));
  return { cert: await read("ca.pem"), key: await read("key.pem") };
}
