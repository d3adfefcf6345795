import assert from "node:assert/strict";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { Box, processesWith, TOMBOLO, until } from "../system/tombolo.ts";
import { environmentOf } from "./raw_worker.ts";

/** The SDK's own client, connected to `tombolo mcp` in a box's work tree. */
class Session implements AsyncDisposable {
  private constructor(private readonly client: Client, private readonly transport: StdioClientTransport) {}

  get pid(): number {
    return this.transport.pid ?? 0;
  }

  static async open(box: Box, flags: readonly string[] = []): Promise<Session> {
    const client = new Client({ name: "test", version: "1" });
    const transport = new StdioClientTransport({
      command: TOMBOLO,
      args: ["mcp", `--root=${box.work}`, ...flags],
      env: environmentOf(box),
      cwd: box.root,
    });
    await client.connect(transport);
    return new Session(client, transport);
  }

  async tools(): Promise<string[]> {
    return (await this.client.listTools()).tools.map(({ name }) => name).sort();
  }

  /** What a tool says, and whether that is an error. */
  async call(name: string, args: Record<string, unknown>): Promise<{ text: string; isError: boolean }> {
    const result = await this.client.callTool({ name, arguments: args });
    const [first] = result.content as { text: string }[];
    return { text: first?.text ?? "", isError: result.isError === true };
  }

  async says(name: string, args: Record<string, unknown>): Promise<string> {
    const { text, isError } = await this.call(name, args);
    assert.equal(isError, false, text);
    return text;
  }

  async refuses(name: string, args: Record<string, unknown>): Promise<string> {
    const { text, isError } = await this.call(name, args);
    assert.equal(isError, true, text);
    return text;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
  }
}

Deno.test("an MCP client lists the tools, works on files, and is refused outside of the root", async () => {
  await using box = await Box.create();
  await box.write("outside", "canary");
  await using session = await Session.open(box, ["--deny-write=dist"]);
  assert.deepEqual(
    await session.tools(),
    "edit glob grep list make_dir read remove rename run stat write".split(" "),
  );
  assert.equal(await session.says("write", { path: "d/a.txt", content: "one\ntwo\n" }), "8 bytes written");
  assert.equal(
    await session.says("edit", { path: "d/a.txt", old_string: "two", new_string: "zw\u00f6" }),
    "1 replaced",
  );
  assert.equal(await session.says("read", { path: "d/a.txt" }), "one\nzw\u00f6\n");
  assert.equal(
    await session.says("read", { path: "d/a.txt", max_bytes: 7 }),
    "one\nzw\n[9 bytes in all; read on at offset 6]",
  );
  assert.equal(await session.says("list", { path: "d" }), "file\t9\ta.txt");
  assert.match(await session.says("stat", { path: "d" }), /"kind":"directory"/);
  assert.equal(await session.says("glob", { pattern: "**/*.txt" }), "d/a.txt");
  assert.equal(await session.says("grep", { pattern: "^z" }), "d/a.txt:2:zw\u00f6");
  await session.says("make_dir", { path: "e" });
  await session.says("rename", { path: "d/a.txt", to: "e/b.txt" });
  await session.says("remove", { path: "d" });
  assert.deepEqual(await box.list("work"), ["e"]);
  for (const path of ["../outside", `${box.root}/outside`, "/etc/passwd"]) {
    assert.match(await session.refuses("read", { path }), /^policy_denied: /);
    assert.match(await session.refuses("write", { path, content: "x" }), /^policy_denied: /);
  }
  assert.match(await session.refuses("write", { path: "dist", content: "x" }), /rule dist, --deny-write/);
  assert.match(
    await session.refuses("edit", { path: "e/b.txt", old_string: "no", new_string: "" }),
    /^edit_not_found: /,
  );
  assert.equal(await box.read("outside"), "canary");
});

Deno.test("run runs a command under the same policy, and says how it ended", async () => {
  await using box = await Box.create();
  await box.write("outside/file", "kept");
  await box.write("work/sub/here", "x");
  await using session = await Session.open(box, ["--deny-write=dist", "--env=WORD=hello"]);
  const script =
    'echo "$WORD"; echo problem >&2; echo new > made; echo x > ../outside/file; mkdir dist; exit 3';
  const text = await session.says("run", { command: ["sh", "-c", script] });
  assert.match(text, /^exit status 3\nstdout:\nhello\n\nstderr:\nproblem\n/);
  assert.equal(await box.read("work/made"), "new\n");
  assert.equal(await box.read("outside/file"), "kept");
  assert.equal(await box.exists("work/dist"), false);
  const inSub = await session.says("run", {
    command: ["sh", "-c", "pwd; cat; ls"],
    cwd: "sub",
    stdin: "given\n",
  });
  assert.match(inSub, /\/work\/sub\ngiven\nhere\n/);
  assert.match(
    await session.refuses("run", { command: ["sleep", "60"], timeout_seconds: 0.3 }),
    /^timed out/,
  );
  const long = await session.says("run", { command: ["sh", "-c", "yes | head -c 1000000"] });
  assert.match(long, /\[934464 bytes left out\]/);
  assert.ok(long.length < 70_000);
  assert.match(await session.says("run", { command: ["no-such-program"] }), /^exit status 127/);
});

Deno.test("the client cannot choose the policy: neither by the arguments of a tool nor by a flag in a command", async () => {
  await using box = await Box.create();
  await box.write("outside/secret", "canary");
  await using session = await Session.open(box, [`--deny-read=${box.root}/outside`]);
  const attempts: Record<string, unknown>[] = [
    { command: [`--allow-read=${box.root}/outside`, "--", "cat", `${box.root}/outside/secret`] },
    { command: ["--", "cat", `${box.root}/outside/secret`] },
    { command: ["cat", "../outside/secret"] },
    { command: ["cat", "secret"], cwd: "../outside" },
    { command: ["cat", "secret"], cwd: `${box.root}/outside` },
    { command: ["cat", "../outside/secret"], flags: [`--allow-read=${box.root}/outside`], policy: {} },
  ];
  for (const attempt of attempts) {
    const text = await session.call("run", attempt).then(({ text }) => text, (error: Error) => error.message);
    assert.doesNotMatch(text, /canary/);
  }
});

Deno.test("a command that heeds no signal ends with the server, however that ends", async () => {
  for (const how of ["close", "SIGTERM", "SIGKILL"] as const) {
    await using box = await Box.create();
    const mark = box.marker();
    const session = await Session.open(box);
    const script = "trap '' TERM INT HUP; echo x > started; while :; do sleep 0.1; done";
    const running = session.call("run", { command: ["sh", "-c", script, mark] }).catch(() => {});
    await until(() => box.exists("work/started"), "the command to start");
    if (how !== "close") Deno.kill(session.pid, how);
    const closed = session[Symbol.asyncDispose]();
    await until(() => processesWith(mark).length === 0, `the command to end after ${how}`);
    await closed;
    await running;
  }
});

Deno.test("a worker that is killed between two calls is replaced, and arguments of a wrong form are refused", async () => {
  await using box = await Box.create();
  await box.write("work/a", `${"a".repeat(4000)}!`);
  await using session = await Session.open(box);
  assert.equal(await session.says("grep", { pattern: "b" }), "");
  const { stdout } = await new Deno.Command("pgrep", { args: ["-f", `worker --socket=.*--root=${box.work}`] })
    .output();
  for (const pid of new TextDecoder().decode(stdout).trim().split("\n")) Deno.kill(Number(pid), "SIGKILL");
  await session.call("stat", { path: "a" });
  assert.match(await session.says("stat", { path: "a" }), /"size":4001/);
  const wrong = await session.call("read", { path: 7 }).then(({ isError }) => isError, () => true);
  assert.equal(wrong, true);
});

Deno.test("a policy with a mistake is said at the start, with status 125", async () => {
  await using box = await Box.create();
  const { code, stderr, stdout } = await box.tombolo(["mcp", `--root=${box.work}`, "--deny-read=["]);
  assert.equal(code, 125);
  assert.equal(stdout, "");
  assert.match(stderr, /^tombolo: Cannot start worker[^\n]*status 125[^\n]*"\["[^\n]*\n$/);
});

Deno.test("the server ends with its client", async () => {
  await using box = await Box.create();
  const { code } = await box.tombolo(["mcp", `--root=${box.work}`], { stdin: "" });
  assert.equal(code, 0);
  assert.deepEqual(await box.runDirectories(), []);
});
