import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "../../bin/run_deno.ts";
import { TARGETS } from "../../bin/targets.ts";

const INSTALL = join(ROOT, "bin", "install.sh");
const BINARY = `tombolo-${TARGETS.find(({ triple }) => triple === Deno.build.target)?.name}`;
const PROGRAM = '#!/bin/sh\necho "tombolo 9.9.9"\necho "$0" >>"$RAN"\n';
const TOOLS = ["sh", "uname", "mkdir", "mktemp", "rm", "mv", "chmod", "sha256sum"];

async function sha256Of(text: string): Promise<string> {
  const bytes = new TextEncoder().encode(text);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

interface Outcome {
  readonly code: number;
  readonly stderr: string;
}

/** A release on loopback, and a machine to install it on. */
class Release implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #serving: Promise<void>;

  private constructor(private readonly home: string, readonly files: Map<string, string>) {
    this.#serving = this.#serve();
  }

  static async create(): Promise<Release> {
    const home = await Deno.makeTempDir({ prefix: "tombolo-house." });
    for (const name of ["tools", "work"]) await Deno.mkdir(join(home, name));
    const sums = `${"0".repeat(64)}  tombolo-other\n${await sha256Of(PROGRAM)}  ${BINARY}\n`;
    const release = new Release(home, new Map([["SHA256SUMS", sums], [BINARY, PROGRAM]]));
    await release.has([...TOOLS, "curl"]);
    return release;
  }

  async #serve(): Promise<void> {
    for await (const connection of this.#listener) await this.#answer(connection).catch(() => {});
  }

  // A file that begins with `short:` says that it is longer than what is sent of it.
  async #answer(connection: Deno.Conn): Promise<void> {
    using _ = connection;
    const buffer = new Uint8Array(8192);
    const read = await connection.read(buffer) ?? 0;
    const name = /^GET \/(\S*) /.exec(new TextDecoder().decode(buffer.subarray(0, read)))?.[1] ?? "";
    const file = this.files.get(name);
    const body = file?.replace(/^short:/, "") ?? "not here";
    const length = body.length + (body === file || file === undefined ? 0 : 1000);
    const head = `HTTP/1.1 ${file === undefined ? "404 Not Found" : "200 OK"}\r\n` +
      `content-length: ${length}\r\nconnection: close\r\n\r\n`;
    await connection.write(new TextEncoder().encode(head + body));
  }

  /** Puts these programs alone on PATH. */
  async has(programs: readonly string[]): Promise<void> {
    for (const { name } of Deno.readDirSync(this.at("tools"))) await Deno.remove(this.at(`tools/${name}`));
    for (const program of programs) {
      const { stdout } = await new Deno.Command("sh", { args: ["-c", `command -v ${program}`] }).output();
      await Deno.symlink(new TextDecoder().decode(stdout).trim(), this.at(`tools/${program}`));
    }
  }

  at(path: string): string {
    return join(this.home, path);
  }

  async install(args: readonly string[] = [], script = INSTALL): Promise<Outcome> {
    const from = `--from=http://127.0.0.1:${this.#listener.addr.port}`;
    const { code, stderr } = await new Deno.Command("/bin/sh", {
      args: [script, from, ...args],
      cwd: this.at("work"),
      clearEnv: true,
      env: { PATH: this.at("tools"), HOME: this.at("home"), RAN: this.at("ran") },
      stdin: "null",
    }).output();
    return { code, stderr: new TextDecoder().decode(stderr) };
  }

  async read(path: string): Promise<string | undefined> {
    return await Deno.readTextFile(this.at(path)).catch(() => undefined);
  }

  list(path: string): string[] {
    return Array.from(Deno.readDirSync(this.at(path)), ({ name }) => name).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#serving;
    await Deno.remove(this.home, { recursive: true });
  }
}

for (const fetcher of ["curl", "wget"]) {
  Deno.test(`install.sh installs into ~/.local/bin with ${fetcher}, and says what to do about PATH`, async () => {
    await using release = await Release.create();
    await release.has([...TOOLS, fetcher]);
    const { code, stderr } = await release.install();
    assert.equal(code, 0, stderr);
    assert.equal(await release.read("home/.local/bin/tombolo"), PROGRAM);
    assert.equal((Deno.statSync(release.at("home/.local/bin/tombolo")).mode ?? 0) & 0o777, 0o755);
    assert.match(stderr, /tombolo 9\.9\.9 is in .*\/\.local\/bin\ninstall: add it to PATH/);
    assert.deepEqual(release.list("home/.local/bin"), ["tombolo"]);
  });
}

Deno.test("install.sh installs into a named directory, in the place of what runs there", async () => {
  await using release = await Release.create();
  const to = "--to=its own";
  assert.equal((await release.install([to])).code, 0);
  const running = await Deno.open(release.at("work/its own/tombolo"));
  const other = PROGRAM.replace("9.9.9", "9.9.10");
  release.files.set(BINARY, other).set("SHA256SUMS", `${await sha256Of(other)} *${BINARY}\n`);
  assert.match((await release.install([to])).stderr, /tombolo 9\.9\.10/);
  assert.equal(await release.read("work/its own/tombolo"), other);
  assert.equal(await new Response(running.readable).text(), PROGRAM);
});

interface Refusal {
  readonly where: string;
  readonly change: (files: Map<string, string>) => void;
  readonly says: RegExp;
}

const REFUSALS: readonly Refusal[] = [
  {
    where: "the checksum is another",
    change: (files) => files.set(BINARY, `${PROGRAM}# evil\n`),
    says:
      /Cannot trust tombolo-\S+: its checksum is [0-9a-f]{64} instead of [0-9a-f]{64}; nothing was installed/,
  },
  {
    where: "the binary ends early",
    change: (files) => files.set(BINARY, `short:${PROGRAM}`),
    says: /Cannot fetch .*\/tombolo-/,
  },
  {
    where: "the binary is shorter than it was",
    change: (files) => files.set(BINARY, PROGRAM.slice(0, 30)),
    says: /Cannot trust/,
  },
  {
    where: "the checksums end early",
    change: (files) => files.set("SHA256SUMS", `short:${files.get("SHA256SUMS")}`),
    says: /Cannot fetch .*\/SHA256SUMS/,
  },
  {
    where: "there is no binary",
    change: (files) => files.delete(BINARY),
    says: /Cannot fetch .*\/tombolo-/,
  },
  {
    where: "there are no checksums",
    change: (files) => files.delete("SHA256SUMS"),
    says: /Cannot fetch .*\/SHA256SUMS/,
  },
  {
    where: "the checksums are empty",
    change: (files) => files.set("SHA256SUMS", ""),
    says: /SHA256SUMS does not name it/,
  },
  {
    where: "the checksums name another binary alone",
    change: (files) =>
      files.set("SHA256SUMS", (files.get("SHA256SUMS") ?? "").replace(BINARY, `${BINARY}.old`)),
    says: /SHA256SUMS does not name it/,
  },
];

for (const fetcher of ["curl", "wget"]) {
  for (const { where, change, says } of REFUSALS) {
    Deno.test(`install.sh with ${fetcher} runs and installs nothing where ${where}`, async () => {
      await using release = await Release.create();
      await release.has([...TOOLS, fetcher]);
      await Deno.mkdir(release.at("work/to"));
      await Deno.writeTextFile(release.at("work/to/tombolo"), "the old one");
      change(release.files);
      const { code, stderr } = await release.install(["--to=to"]);
      assert.equal(code, 1);
      assert.match(stderr, says);
      assert.equal(await release.read("ran"), undefined);
      assert.equal(await release.read("work/to/tombolo"), "the old one");
      assert.deepEqual(release.list("work/to"), ["tombolo"]);
    });
  }
}

Deno.test("install.sh keeps the old binary where the new one does not run here", async () => {
  await using release = await Release.create();
  const broken = "#!/nonexistent\n";
  release.files.set(BINARY, broken).set("SHA256SUMS", `${await sha256Of(broken)}  ${BINARY}\n`);
  const { code, stderr } = await release.install(["--to=to"]);
  assert.equal(code, 1);
  assert.match(stderr, /Cannot run tombolo-\S+ on this machine .*; nothing was installed/);
  assert.deepEqual(release.list("work/to"), []);
});

for (
  const [without, says] of [
    ["curl", /neither curl nor wget is on PATH/],
    ["sha256sum", /neither sha256sum nor shasum is on PATH/],
  ] as const
) {
  Deno.test(`install.sh says so where there is no ${without}`, async () => {
    await using release = await Release.create();
    await release.has([...TOOLS, "curl"].filter((tool) => tool !== without));
    const { code, stderr } = await release.install(["--to=to"]);
    assert.equal(code, 1);
    assert.match(stderr, says);
    assert.equal(await release.read("ran"), undefined);
  });
}

Deno.test("install.sh refuses another system, an unknown argument, and to guess where from", async () => {
  await using release = await Release.create();
  assert.match((await release.install(["--prefix=/"])).stderr, /Unknown argument --prefix=\//);
  assert.match((await release.install(["--from="])).stderr, /Cannot tell where from/);
  await Deno.remove(release.at("tools/uname"));
  await Deno.writeTextFile(release.at("tools/uname"), "#!/bin/sh\necho Plan9\n", { mode: 0o755 });
  assert.match((await release.install()).stderr, /Cannot install tombolo on Plan9-Plan9/);
});

Deno.test("install.sh does nothing where it arrives in part", async () => {
  await using release = await Release.create();
  const text = await Deno.readTextFile(INSTALL);
  const lines = text.split("\n");
  for (let count = 0; count < lines.length - 2; count++) {
    await Deno.writeTextFile(release.at("part.sh"), lines.slice(0, count).join("\n"));
    await release.install(["--to=to"], release.at("part.sh"));
    assert.deepEqual(release.list("work"), [], `after line ${count}`);
  }
});
