import assert from "node:assert/strict";
import { echoServer } from "../egress/fixtures/tcp_server.ts";
import { Wire } from "../egress/fixtures/wire.ts";
import { EXTERNAL, runningProxies } from "./external_commands.ts";
import { WebServer } from "./servers.ts";
import { Box, type Running, said, until } from "./tombolo.ts";

const CURL = "curl --silent --show-error --max-time 20";

/** What `tombolo proxy` says on stdout, up to the line that tells that it listens. */
interface Started {
  readonly running: Running;
  /** Shell text that makes clients use it. */
  readonly exports: string;
  readonly environment: ReadonlyMap<string, string>;
  readonly listening: string;
}

async function start(box: Box, args: readonly string[], env: Record<string, string> = {}): Promise<Started> {
  const running = box.startTombolo(["proxy", ...args], { env });
  const lines: string[] = [];
  do lines.push(await running.line()); while (!lines.at(-1)?.startsWith("#"));
  const [, listening = "", pid] =
    /^# tombolo proxy: listening on (\S+) \(pid (\d+)\)$/.exec(lines.at(-1) ?? "") ?? [];
  assert.equal(Number(pid), running.pid);
  const environment = new Map(
    lines.slice(0, -1).map((line) => {
      const [, name = "", value = ""] = /^export ([A-Za-z0-9_]+)='([^']*)'$/.exec(line) ?? [];
      assert.notEqual(name, "", line);
      return [name, value];
    }),
  );
  return { running, exports: lines.join("\n"), environment, listening };
}

/** Ends it, and gives back what it said. */
async function end({ running }: Started, signal: Deno.Signal = "SIGTERM"): Promise<string[]> {
  running.kill(signal);
  const outcome = await running.outcome();
  assert.deepEqual([outcome.code, outcome.signal], [0, null], outcome.stderr);
  return said(outcome);
}

function toServer(server: WebServer): string[] {
  return ["--resolve=web.test:127.0.0.1", `--allow-net=web.test,127.0.0.1:${server.port}`];
}

/** A tunnel, opened as a client does that heeds HTTPS_PROXY. */
async function tunnel({ environment }: Started, port: number): Promise<Wire> {
  const proxy = new URL(environment.get("HTTPS_PROXY") ?? "");
  const wire = new Wire(await Deno.connect({ hostname: proxy.hostname, port: Number(proxy.port) }));
  const field = `Proxy-Authorization: Basic ${btoa(`${proxy.username}:${proxy.password}`)}`;
  await wire.send(`CONNECT 127.0.0.1:${port} HTTP/1.1\r\n${field}\r\n\r\n`);
  assert.equal((await wire.response("CONNECT")).status, 200);
  return wire;
}

/** Whether nobody listens where it did. */
async function isClosed({ listening }: Started): Promise<boolean> {
  const { hostname, port } = new URL(`http://${listening}`);
  return await Deno.connect({ hostname, port: Number(port) }).then((late) => {
    late.close();
    return false;
  }, () => true);
}

Deno.test("what it prints makes clients use it, by each protocol, and nobody else can", async () => {
  await using box = await Box.create();
  await using server = new WebServer();
  const started = await start(box, ["--listen=127.0.0.1:0", ...toServer(server)]);
  const url = `http://web.test:${server.port}/`;
  const { stdout, stderr } = await box.host([
    "bash",
    "-c",
    `eval "$1"; ${CURL} ${url}; ${CURL} -p ${url}; ${CURL} -x "$ALL_PROXY" ${url}
    ${CURL} -x "http://${started.listening}" ${url}; ${CURL} -x "http://tombolo:x@${started.listening}" ${url}
    ${CURL} -x "socks5h://${started.listening}" ${url}; ${CURL} -x "socks5h://a:b@${started.listening}" ${url}`,
    "bash",
    started.exports,
  ]);
  const lines = stdout.trim().split("\n");
  assert.deepEqual(lines.slice(0, 3), Array(3).fill(`hello from web.test:${server.port}`), stderr);
  assert.equal(lines.length, 5);
  for (const line of lines.slice(3)) assert.match(line, /^tombolo: this proxy asks for a credential/);
  assert.equal(server.requests.length, 3);
  const spoken = await end(started);
  assert.deepEqual(spoken, [
    `tombolo: denied net web.test:${server.port} (the proxy credential is wrong)`,
    "tombolo: denied net SOCKS5 (the proxy credential is wrong)",
  ]);
});

Deno.test("it starts in the background with its output in a file, as its help has it", async () => {
  await using box = await Box.create();
  await using server = new WebServer();
  const flags = ["--listen=127.0.0.1:0", ...toServer(server)].map((flag) => `'${flag}'`).join(" ");
  const { code, stdout, stderr } = await box.host([
    "sh",
    "-c",
    `
    env=$(mktemp); "$1" proxy ${flags} >"$env" &
    until grep -q '^# tombolo proxy' "$env" || ! kill -0 $!; do sleep 0.1; done; . "$env"; rm "$env"
    ${CURL} http://web.test:${server.port}/
    kill $!; wait $!; echo "status $?"`,
    "sh",
    `${import.meta.dirname}/../../bin/tombolo`,
  ]);
  assert.deepEqual([code, stdout], [0, `hello from web.test:${server.port}\nstatus 0\n`], stderr);
});

Deno.test("denials are said as they happen, each target once, and every one is an event", async () => {
  await using box = await Box.create();
  const started = await start(box, [
    "--listen=127.0.0.1:0",
    "--allow-net=ok.test",
    `--events=${box.root}/events`,
  ]);
  const ask =
    `${CURL} -o /dev/null http://a.test/; ${CURL} -o /dev/null http://a.test/; ${CURL} -o /dev/null http://b.test/`;
  await box.host(["bash", "-c", `eval "$1"; ${ask}`, "bash", started.exports]);
  assert.deepEqual(await end(started), [
    "tombolo: denied net a.test:80 (no rule allows it); to allow: --allow-net=a.test:80",
    "tombolo: denied net b.test:80 (no rule allows it); to allow: --allow-net=b.test:80",
  ]);
  const events = (await box.read("events") ?? "").trim().split("\n").map((line) => JSON.parse(line).target);
  assert.deepEqual(events, ["a.test:80", "a.test:80", "b.test:80"]);
});

Deno.test("it listens on IPv6 loopback, too, and the credential is another one each time", async () => {
  await using box = await Box.create();
  await using server = new WebServer();
  const url = `http://web.test:${server.port}/`;
  const passwords: string[] = [];
  for (let n = 0; n < 2; n++) {
    const started = await start(box, ["--listen=[::1]:0", ...toServer(server)]);
    assert.match(started.listening, /^\[::1\]:[1-9][0-9]*$/);
    const { stdout } = await box.host(["bash", "-c", `eval "$1"; ${CURL} ${url}`, "bash", started.exports]);
    assert.equal(stdout, `hello from web.test:${server.port}\n`);
    passwords.push(new URL(started.environment.get("HTTPS_PROXY") ?? "").password);
    await end(started);
  }
  assert.notEqual(passwords[0], passwords[1]);
});

Deno.test("on a unix socket it asks for no credential: only this user can connect", async () => {
  await using box = await Box.create();
  await using server = echoServer();
  const path = `${box.work}/proxy.sock`;
  const started = await start(box, ["--listen=unix:proxy.sock", `--allow-net=127.0.0.1:${server.port}`]);
  assert.equal(started.listening, `unix:${path}`);
  assert.deepEqual([...started.environment], [["TOMBOLO_PROXY_SOCKET", path]]);
  assert.equal((Deno.lstatSync(path).mode ?? 0) & 0o777, 0o600);
  using wire = new Wire(await Deno.connect({ transport: "unix", path }));
  await wire.send(`CONNECT 127.0.0.1:${server.port} HTTP/1.1\r\n\r\n`);
  assert.equal((await wire.response("CONNECT")).status, 200);
  await wire.send("hello");
  assert.equal(await wire.exactly(5), "hello");
  wire[Symbol.dispose]();
  const second = await box.tombolo(["proxy", "--allow-net=a.test", "--listen=unix:proxy.sock"]);
  assert.equal(second.code, 125);
  assert.match(
    second.stderr,
    /^tombolo: Cannot listen on socket ".*proxy\.sock": another process listens on it\n$/,
  );
  await end(started);
  assert.deepEqual(await box.list("work"), []);
});

Deno.test("a socket that a killed one has left is replaced, anything else is an error", async () => {
  await using box = await Box.create();
  const first = await start(box, ["--listen=unix:proxy.sock", "--allow-net=a.test"]);
  first.running.kill("SIGKILL");
  await first.running.status();
  assert.deepEqual(await box.list("work"), ["proxy.sock"]);
  await end(await start(box, ["--listen=unix:proxy.sock", "--allow-net=a.test"]));
  await box.write("work/proxy.sock", "kept");
  const outcome = await box.tombolo(["proxy", "--allow-net=a.test", "--listen=unix:proxy.sock"]);
  assert.equal(outcome.code, 125);
  assert.match(
    outcome.stderr,
    /^tombolo: Cannot listen on socket ".*proxy\.sock": something that is no socket stands there\n$/,
  );
  assert.equal(await box.read("work/proxy.sock"), "kept");
});

for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
  Deno.test(`after ${signal} nobody new is let in, and a live tunnel may come to its end`, async () => {
    await using box = await Box.create();
    await using server = echoServer();
    const started = await start(box, ["--listen=127.0.0.1:0", `--allow-net=127.0.0.1:${server.port}`]);
    using wire = await tunnel(started, server.port);
    started.running.kill(signal);
    await until(() => isClosed(started), "the refusal");
    await wire.send("still open");
    assert.equal(await wire.exactly(10), "still open");
    await wire.endWriting();
    assert.equal(await wire.toEnd(), "");
    const outcome = await started.running.outcome();
    assert.deepEqual([outcome.code, outcome.signal, outcome.stderr], [0, null, ""]);
  });
}

Deno.test("a second signal ends live tunnels at once", async () => {
  await using box = await Box.create();
  await using server = echoServer();
  const started = await start(box, ["--listen=127.0.0.1:0", `--allow-net=127.0.0.1:${server.port}`]);
  using wire = await tunnel(started, server.port);
  started.running.kill("SIGTERM");
  await until(() => isClosed(started), "the refusal");
  started.running.kill("SIGTERM");
  assert.equal(await wire.toEnd(), "");
  assert.equal((await started.running.outcome()).code, 0);
});

Deno.test("a tunnel that does not come to its end is ended after the grace", async () => {
  await using box = await Box.create();
  await using server = echoServer();
  const started = await start(box, ["--listen=127.0.0.1:0", `--allow-net=127.0.0.1:${server.port}`]);
  using wire = await tunnel(started, server.port);
  await end(started);
  assert.equal(await wire.toEnd(), "");
});

Deno.test("an address that cannot be bound is an error that names it", async () => {
  await using box = await Box.create();
  await using server = new WebServer();
  for (const address of [`127.0.0.1:${server.port}`, "192.0.2.1:0"]) {
    const outcome = await box.tombolo(["proxy", "--allow-net=a.test", `--listen=${address}`]);
    assert.deepEqual([outcome.code, outcome.stdout], [125, ""]);
    assert.match(outcome.stderr, /^tombolo: Cannot listen on [^\n]*\n$/);
    assert.ok(outcome.stderr.includes(`Cannot listen on ${address}: `), outcome.stderr);
  }
});

Deno.test("mistakes on the command line are said in one line, and nothing listens", async () => {
  await using box = await Box.create();
  const cases: readonly (readonly [args: string[], message: RegExp])[] = [
    [[], /No place to listen given; wanted: --listen=/],
    [["--listen=localhost:0"], /Cannot listen on "localhost:0": wanted an address and a port/],
    [["--listen=127.0.0.1:0", "--allow-read=/"], /Flag --allow-read means nothing to tombolo proxy/],
    [["--listen=127.0.0.1:0", "-C", "/"], /Flag -C means nothing to tombolo proxy/],
    [["--listen=127.0.0.1:0", "--", "make"], /Cannot run a command with tombolo proxy/],
    [["--listen=127.0.0.1:0", "--allow-net=*"], /^tombolo: /],
    [["--listen=127.0.0.1:0", EXTERNAL], /no rule allows any host; .*--allow-net/],
    [["--listen=127.0.0.1:0", "--allow-net", "--external-proxy=no-such-proxy"], /in no directory on PATH/],
    [["--listen=127.0.0.1:0", "--policy=absent.json"], /absent\.json/],
  ];
  for (const [args, message] of cases) {
    const outcome = await box.tombolo(["proxy", ...args, `--events=${box.root}/events`]);
    assert.deepEqual([outcome.code, outcome.stdout], [125, ""], args.join(" "));
    assert.match(outcome.stderr, /^tombolo: [^\n]*\n$/);
    assert.match(outcome.stderr, message);
    assert.equal(await box.exists("events"), false, args.join(" "));
  }
});

Deno.test("an address that other machines can reach is said to be one", async () => {
  await using box = await Box.create();
  const started = await start(box, ["--listen=0.0.0.0:0", "--allow-net=a.test", "-q"]);
  assert.equal(new URL(started.environment.get("HTTPS_PROXY") ?? "").hostname, "127.0.0.1");
  const [warning = "", ...rest] = await end(started);
  assert.match(warning, /^tombolo: other machines may reach 0\.0\.0\.0/);
  assert.deepEqual(rest, []);
});

Deno.test("JSON is one object, and help is printed without anything being started", async () => {
  await using box = await Box.create();
  const running = box.startTombolo(["proxy", "--json", "--listen=127.0.0.1:0", "--allow-net=a.test"]);
  const { listening, pid, environment } = JSON.parse(await running.line());
  assert.equal(pid, running.pid);
  assert.ok(environment.HTTPS_PROXY.endsWith(`@${listening}`));
  running.kill("SIGTERM");
  assert.equal((await running.outcome()).code, 0);
  const help = await box.tombolo(["proxy", "--help"]);
  assert.equal(help.code, 0);
  assert.match(help.stdout, /--listen=ADDRESS:PORT\|unix:PATH/);
  assert.doesNotMatch(help.stdout, /--allow-read/);
});

Deno.test("clients are told of the CA bundle that a policy names", async () => {
  await using box = await Box.create();
  const path = await box.write("ca.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  await box.write("rules/net.json", JSON.stringify({ net: { allow: ["a.test"], caBundle: "../ca.pem" } }));
  const started = await start(box, ["--listen=127.0.0.1:0", "--policy=../rules/net.json"]);
  for (const name of ["SSL_CERT_FILE", "CURL_CA_BUNDLE"]) assert.equal(started.environment.get(name), path);
  await end(started);
});

Deno.test("rules of a policy file hold, and one proxy is the upstream of another by its environment", async () => {
  await using box = await Box.create();
  await using server = new WebServer();
  await box.write("rules/net.json", `{ "read": { "allow": ["/usr"] }, "net": { "allow": ["web.test"] } }`);
  const far = await start(box, ["--listen=127.0.0.1:0", ...toServer(server), `--events=${box.root}/far`]);
  const near = await start(
    box,
    ["--listen=127.0.0.1:0", "--policy=../rules/net.json"],
    Object.fromEntries([...far.environment].filter(([name]) => /^https?_proxy$/i.test(name))),
  );
  const { stdout, stderr } = await box.host([
    "bash",
    "-c",
    `eval "$1"; ${CURL} http://web.test:${server.port}/; ${CURL} -p http://web.test:${server.port}/
    ${CURL} http://other.test/`,
    "bash",
    near.exports,
  ]);
  assert.match(stdout, /^(?:hello from web\.test:[0-9]+\n){2}tombolo: denied net other\.test:80/, stderr);
  assert.equal((await end(near)).length, 1);
  assert.deepEqual(await end(far), []);
  assert.equal((await box.read("far") ?? "").trim().split("\n").length, 2);
});

Deno.test("an external proxy stands behind the gateway, which asks for the credential all the same", async () => {
  await using box = await Box.create();
  await using server = new WebServer();
  const started = await start(box, ["--listen=127.0.0.1:0", "--allow-net=any.test", EXTERNAL]);
  const url = `http://any.test:${server.port}/`;
  const { stdout } = await box.host([
    "bash",
    "-c",
    `eval "$1"; ${CURL} ${url}; ${CURL} -x "http://${started.listening}" ${url}`,
    "bash",
    started.exports,
  ]);
  assert.match(stdout, /^hello from any\.test:[0-9]+\ntombolo: this proxy asks for a credential/);
  await end(started);
});

Deno.test("when the external proxy dies, that is said and nothing is served any more", async () => {
  await using box = await Box.create();
  const started = await start(box, ["-v", "--listen=127.0.0.1:0", "--allow-net=any.test", EXTERNAL]);
  const [{ pid } = { pid: 0 }] = runningProxies(box);
  assert.notEqual(pid, 0);
  Deno.kill(pid, "SIGKILL");
  const outcome = await started.running.outcome();
  assert.equal(outcome.code, 125);
  assert.match(said(outcome).at(-1) ?? "", /^tombolo: the external proxy ".* ended with status 137/);
});
