import assert from "node:assert/strict";
import { openProxy } from "../../lib/egress/open_proxy.ts";
import type { ProxyHandle } from "../../lib/egress/proxy_handle.ts";
import type { ExternalProxy } from "../../lib/egress/external_proxy.ts";
import { externalRule, fixtureCommand, startExternal } from "../egress/fixtures/external.ts";
import { netPolicy, type PolicyText } from "../egress/fixtures/net_policy.ts";
import { EventLog } from "../egress/fixtures/running_gateway.ts";
import { Wire } from "../egress/fixtures/wire.ts";
import { TempDirectory } from "../launch/temp_directory.ts";
import { EXTERNAL, runningProxies } from "../system/external_commands.ts";
import { WebServer } from "../system/servers.ts";
import { Box, isRoot } from "../system/tombolo.ts";

const CURL = "curl --silent --show-error --max-time 20 --noproxy ''";

/** A proxy that misbehaves, behind the gateway or alone. */
class Bad implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();
  readonly events = new EventLog();

  private constructor(readonly external: ExternalProxy) {}

  #handle: ProxyHandle | undefined;
  #path = "";

  static async start(policy: PolicyText): Promise<Bad> {
    const command = fixtureCommand("bad_proxy.ts");
    const bad = new Bad(await startExternal(command));
    bad.#path = bad.#stack.use(new TempDirectory()).at("s");
    bad.#handle = bad.#stack.use(
      await openProxy({
        net: { ...netPolicy(policy), external: externalRule(command) },
        listener: Deno.listen({ transport: "unix", path: bad.#path }),
        onEvent: bad.events.sink,
        external: bad.external,
        limits: { dial: 200 },
      }),
    );
    return bad;
  }

  async connect(): Promise<Wire> {
    return this.#stack.use(new Wire(await Deno.connect({ transport: "unix", path: this.#path })));
  }

  /** Asks for a tunnel, says nothing more, and gives back all that comes. */
  async ask(host: string): Promise<string> {
    const wire = await this.connect();
    await wire.send(`CONNECT ${host}:7777 HTTP/1.1\r\n\r\n`);
    return await wire.toEnd();
  }

  /** Others are still served. */
  async serves(): Promise<void> {
    using wire = await this.connect();
    await wire.send("CONNECT echo.test:7777 HTTP/1.1\r\n\r\n");
    assert.equal((await wire.response("CONNECT")).status, 200);
    await wire.send("hello");
    assert.equal(await wire.exactly(5), "hello");
  }

  get ended(): Promise<string> {
    return this.#handle?.ended ?? Promise.reject(new Error("not open"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

const MISDEEDS: readonly (readonly [deed: string, status: number, said: RegExp])[] = [
  ["refuse", 502, /answered 403/],
  ["redirect", 502, /answered 302/],
  ["garbage", 502, /does not answer as an HTTP proxy/],
  ["oversize", 502, /head above 8192 bytes/],
  ["close", 502, /closed the connection without an answer/],
  ["silent", 504, /did not answer in time/],
];

Deno.test("N12: an external proxy that answers wrongly behind the gateway is an error for its client alone", async () => {
  await using bad = await Bad.start({ allow: ["*.test"] });
  for (const [deed, status, said] of MISDEEDS) {
    const text = await bad.ask(`${deed}.test`);
    assert.match(text, new RegExp(`^HTTP/1\\.1 ${status} `), deed);
    assert.match(text.split("\r\n\r\n")[1] ?? "", said);
    assert.doesNotMatch(text, /evil|SSH|Location/, deed);
    const { decision, target, detail } = await bad.events.next();
    assert.deepEqual([decision, target], ["allow", `${deed}.test:7777`]);
    assert.match(String(detail?.["error"]), said);
    await bad.serves();
    await bad.events.next();
  }
});

Deno.test("N12: bytes that come with the proxy's answer reach the client, in order and none twice", async () => {
  for (const policy of [{ allow: ["*.test"] }, { allowAll: true }]) {
    await using bad = await Bad.start(policy);
    const wire = await bad.connect();
    await wire.send("CONNECT early.test:7777 HTTP/1.1\r\n\r\n");
    assert.equal((await wire.response("CONNECT")).status, 200);
    assert.equal(await wire.exactly(11), "early bytes");
  }
});

Deno.test("N12: straight to a proxy that misbehaves, each client meets only what was meant for it", async () => {
  await using bad = await Bad.start({ allowAll: true });
  const silent = await bad.connect();
  await silent.send("CONNECT silent.test:7777 HTTP/1.1\r\n\r\n");
  for (const deed of ["refuse", "garbage", "oversize", "close"]) {
    const text = await bad.ask(`${deed}.test`);
    assert.equal(text === "", deed === "close");
    await bad.serves();
  }
});

Deno.test("N12: death in mid-tunnel ends the tunnel, after what had come", async () => {
  for (const policy of [{ allow: ["*.test"] }, { allowAll: true }]) {
    await using bad = await Bad.start(policy);
    const wire = await bad.connect();
    await wire.send("CONNECT die.test:7777 HTTP/1.1\r\n\r\n");
    assert.equal((await wire.response("CONNECT")).status, 200);
    await wire.send("x");
    assert.equal(await wire.toEnd(), "half of it");
    assert.equal(await bad.ended, "ended with status 9");
  }
});

Deno.test("N11: another sandbox reaches neither the external proxy of this one nor its bridge", async () => {
  await using box = await Box.create();
  await using other = await Box.create();
  await using server = new WebServer();
  const run = box.start(["--allow-net", EXTERNAL], ["sh", "-c", "echo up; read -r _"], { stdin: "" });
  assert.equal(await run.line(), "up");
  const [{ port } = { port: 0 }] = runningProxies(box);
  assert.notEqual(port, 0);
  const proxy = `127.0.0.1:${port}`;
  const through =
    `${CURL} -x http://${proxy} http://any.test:${server.port}/; ${CURL} http://${proxy}/; ${CURL} -p http://${proxy}/; true`;
  for (const flags of [[], ["--allow-net"], ["--allow-net=any.test"]]) {
    const { stdout } = await other.shell(flags, through);
    assert.doesNotMatch(stdout, /hello/);
    // Asked for by way of its own gateway, which takes it for what it is.
    assert.equal(stdout.includes(`denied net ${proxy}`), flags.length > 0, stdout);
  }
  // Nor does a file lead there any more: the socket went when the sandbox was up.
  assert.deepEqual(await box.runDirectories(), []);
  assert.deepEqual(server.requests, []);
  await run.child.stdin.close();
  await run.status();
});

Deno.test({
  name: "N11: another user can use neither kind of listener of tombolo proxy",
  ignore: !isRoot,
  fn: async () => {
    await using box = await Box.create();
    await using server = new WebServer();
    await Deno.chmod(box.root, 0o755);
    const rule = `--allow-net=127.0.0.1:${server.port}`;
    const tcp = box.startTombolo(["proxy", rule, "--listen=127.0.0.1:0"]);
    const unix = box.startTombolo(["proxy", rule, `--listen=unix:${box.work}/s`]);
    let line = "";
    while (!line.startsWith("#")) line = await tcp.line();
    const address = /listening on (\S+)/.exec(line)?.[1];
    for (line = ""; !line.startsWith("#");) line = await unix.line();
    const nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"];
    const script = `
import socket, sys
try:
    s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); print("connected")
except OSError as error:
    print(error.errno)`;
    const { stdout: denied } = await box.host([...nobody, "python3", "-c", script, `${box.work}/s`]);
    assert.equal(denied, "13\n");
    const { stdout: allowed } = await box.host(["python3", "-c", script, `${box.work}/s`]);
    assert.equal(allowed, "connected\n");
    for (const proxy of [`http://${address}`, `socks5h://${address}`, `http://tombolo:guess@${address}`]) {
      const { stdout } = await box.host([
        ...nobody,
        ...CURL.replaceAll("'", "").trim().split(" "),
        "",
        "-x",
        proxy,
        `http://127.0.0.1:${server.port}/`,
      ]);
      assert.doesNotMatch(stdout, /hello/);
    }
    assert.deepEqual(server.requests, []);
  },
});
