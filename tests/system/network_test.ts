import assert from "node:assert/strict";
import { WebServer } from "./servers.ts";
import { Box, MODES, said } from "./tombolo.ts";

const CURL = ["curl", "--silent", "--show-error", "--max-time", "20"];

interface NetEvent {
  readonly kind: string;
  readonly decision: string;
  readonly target: string;
  readonly reason: string;
  readonly suggestion?: string;
  readonly rule?: { readonly text: string; readonly origin: string };
  readonly detail?: Readonly<Record<string, string | number | boolean>>;
}

async function events(box: Box, path: string): Promise<NetEvent[]> {
  const text = await box.read(path) ?? "";
  return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as NetEvent);
}

/** Flags that let web.test lead to a server on the host's loopback. */
function toServer(server: WebServer): string[] {
  return ["--resolve=web.test:127.0.0.1", `--allow-net=web.test,127.0.0.1:${server.port}`];
}

Deno.test("without net rules there is only loopback, and no proxy is named", async () => {
  await using box = await Box.create();
  for (const mode of MODES.slice(0, 2)) {
    const { stdout } = await box.runIn(mode, [], [
      "sh",
      "-c",
      "cat /proc/net/dev | tail -n +3; env | grep -i proxy; cat /proc/net/route | tail -n +2",
    ]);
    assert.match(stdout, /^\s*lo:[^\n]*\n$/, mode.name);
  }
});

Deno.test("with a gateway, too, there is only loopback and no route", async () => {
  await using box = await Box.create();
  const { stdout } = await box.shell(
    ["--allow-net=a.test"],
    "tail -n +3 /proc/net/dev; tail -n +2 /proc/net/route",
  );
  assert.match(stdout, /^\s*lo:[^\n]*\n$/);
});

const CLIENTS: readonly (readonly [name: string, script: (url: string) => string])[] = [
  ["plain HTTP", (url) => `${CURL.join(" ")} ${url}`],
  ["CONNECT", (url) => `${CURL.join(" ")} --proxytunnel ${url}`],
  ["socks5h", (url) => `${CURL.join(" ")} --proxy "$ALL_PROXY" ${url}`],
  [
    "Python's urllib",
    (url) => `python3 -c 'import urllib.request as u; print(u.urlopen("${url}").read().decode(), end="")'`,
  ],
];

for (const [name, script] of CLIENTS) {
  Deno.test(`an allowed host is reached by ${name}`, async () => {
    await using box = await Box.create();
    await using server = new WebServer();
    const outcome = await box.shell(toServer(server), script(`http://web.test:${server.port}/path`));
    assert.equal(outcome.stdout, `hello from web.test:${server.port}\n`, outcome.stderr);
    assert.equal(outcome.code, 0);
    assert.deepEqual(server.requests, ["GET /path 0"]);
    assert.deepEqual(said(outcome), []);
  });

  Deno.test(`a host that no rule allows is not reached by ${name}`, async () => {
    await using box = await Box.create();
    await using server = new WebServer();
    const outcome = await box.shell(
      ["--resolve=other.test:127.0.0.1", ...toServer(server)],
      script(`http://other.test:${server.port}/path`),
    );
    assert.deepEqual(server.requests, []);
    assert.doesNotMatch(outcome.stdout, /hello/);
    assert.deepEqual(
      said(outcome),
      [
        `tombolo: denied net other.test:${server.port} (no rule allows it); to allow: --allow-net=other.test:${server.port}`,
      ],
    );
  });
}

Deno.test("an upload and a download pass whole, both ways", async () => {
  await using box = await Box.create();
  await using server = new WebServer();
  const script = `head -c 3000000 /dev/zero > big; ${
    CURL.join(" ")
  } --data-binary @big http://web.test:${server.port}/up`;
  const { code } = await box.shell(toServer(server), script);
  assert.equal(code, 0);
  assert.deepEqual(server.requests, ["POST /up 3000000"]);
});

Deno.test("a denied host answers 403 with the hint, and following the hints leads through", async () => {
  await using box = await Box.create();
  await using server = new WebServer();
  const flags = ["--resolve=web.test:127.0.0.1", "--allow-net=unused.test"];
  const url = `http://web.test:${server.port}/`;
  for (let step = 0; step < 3; step++) {
    const outcome = await box.shell(flags, `${CURL.join(" ")} --write-out '%{http_code}' ${url}`);
    const hint = /to allow: (--allow-net=\S+)/.exec(outcome.stdout)?.[1];
    if (hint === undefined) {
      assert.equal(outcome.stdout, `hello from web.test:${server.port}\n200`);
      assert.ok(step > 0);
      return;
    }
    assert.match(outcome.stdout, /\n403$/);
    const line = said(outcome).find((text) => text.includes("denied net"));
    assert.ok(line?.endsWith(`to allow: ${hint}`), line);
    flags.push(hint);
  }
  assert.fail("three hints did not lead through");
});

Deno.test("a name that leads to loopback needs a rule for the address", async () => {
  await using box = await Box.create();
  await using server = new WebServer();
  const url = `http://web.test:${server.port}/`;
  const { stdout } = await box.shell(
    ["--resolve=web.test:127.0.0.1", "--allow-net=web.test"],
    `${CURL.join(" ")} ${url}`,
  );
  assert.match(stdout, /127\.0\.0\.1[^\n]*loopback/);
  assert.deepEqual(server.requests, []);
  const bare = await box.shell(["--resolve=web.test:127.0.0.1", "--allow-net"], `${CURL.join(" ")} ${url}`);
  assert.match(bare.stdout, /loopback/);
  assert.deepEqual(server.requests, []);
});

Deno.test("deny beats allow, also by address and behind a bare --allow-net", async () => {
  await using box = await Box.create();
  await using server = new WebServer();
  const url = `http://web.test:${server.port}/`;
  const denials = ["--deny-net=web.test", "--deny-net=127.0.0.0/8", `--deny-net=*.test:${server.port}`];
  for (const deny of denials) {
    const outcome = await box.shell([...toServer(server), "--allow-net", deny], `${CURL.join(" ")} ${url}`);
    assert.doesNotMatch(outcome.stdout, /hello/, deny);
    assert.match(said(outcome).join("\n"), /denied net/, deny);
    assert.deepEqual(server.requests, []);
  }
  const { stdout } = await box.shell([...toServer(server), "--deny-net"], "env | grep -ic proxy");
  assert.equal(stdout, "0\n");
});

Deno.test("the events file has exact events, also of several runs, one JSON object a line", async () => {
  await using box = await Box.create();
  await using server = new WebServer();
  const base = `http://web.test:${server.port}`;
  const script = `${CURL.join(" ")} --proxytunnel ${base}/one; ${
    CURL.join(" ")
  } -o /dev/null http://denied.test/; exit 7`;
  const run = () => box.shell([...toServer(server), `--events=${box.root}/events`], script);
  for (const { code } of await Promise.all([run(), run()])) assert.equal(code, 7);
  const net = (await events(box, "events")).filter(({ kind }) => kind === "net");
  const allowed = net.filter(({ decision }) => decision === "allow");
  const denied = net.filter(({ decision }) => decision === "deny");
  assert.deepEqual([allowed.length, denied.length, net.length], [2, 2, 4]);
  for (const { target, detail, rule } of allowed) {
    assert.equal(target, `web.test:${server.port}`);
    assert.deepEqual(rule?.origin, "--allow-net");
    const { sent, received, address } = detail ?? {};
    assert.ok(typeof sent === "number" && sent > 50 && sent < 1000, `${sent}`);
    assert.ok(typeof received === "number" && received > 50 && received < 1000, `${received}`);
    assert.match(String(address), /^127\.0\.0\.1/);
  }
  for (const event of denied) {
    assert.equal(event.target, "denied.test:80");
    assert.equal(event.reason, "no rule allows it");
    assert.equal(event.suggestion, "--allow-net=denied.test:80");
  }
});

Deno.test("rules of a policy file work as flags do, and its origin is named", async () => {
  await using box = await Box.create();
  await using server = new WebServer();
  await box.write(
    "rules/net.json",
    `{\n"net": { "allow": [\n"web.test", "127.0.0.1:${server.port}"],\n"deny": ["ads.test"],\n"resolve": { "web.test": ["127.0.0.1"] } } }`,
  );
  const outcome = await box.shell(
    ["--policy=../rules/net.json"],
    `${CURL.join(" ")} http://web.test:${server.port}/; ${CURL.join(" ")} http://ads.test/`,
  );
  assert.match(outcome.stdout, /^hello from web\.test/);
  assert.match(outcome.stdout, /net\.json:4/);
});

Deno.test("several connections at once and one after the other all pass", async () => {
  await using box = await Box.create();
  await using server = new WebServer();
  const url = `http://web.test:${server.port}/`;
  const script = `for n in 1 2 3 4 5 6 7 8 9 10; do ${CURL.join(" ")} -p ${url}$n & done; wait; ${
    CURL.join(" ")
  } ${url}a ${url}b`;
  const { stdout } = await box.shell(toServer(server), script);
  assert.equal(stdout.split("\n").filter((line) => line.startsWith("hello")).length, 12);
  assert.equal(server.requests.length, 12);
});

Deno.test("a long home still has a gateway, and leaves nothing in the shorter place", async () => {
  await using box = await Box.create();
  await using server = new WebServer();
  const home = `${box.root}/${"h".repeat(120)}`;
  await Deno.mkdir(home);
  const { code, stdout } = await box.shell(
    toServer(server),
    `${CURL.join(" ")} http://web.test:${server.port}/`,
    {
      env: { HOME: home },
    },
  );
  assert.equal(code, 0);
  assert.match(stdout, /^hello/);
  const { stdout: left } = await box.host(["find", home, "-type", "s"]);
  assert.equal(left, "");
});

Deno.test("loopback inside is the sandbox's own and works without the gateway", async () => {
  await using box = await Box.create();
  const script = `
import socket, threading
server = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=lambda: server.accept()[0].send(b"inside"), daemon=True).start()
print(socket.create_connection(server.getsockname()).recv(10).decode())`;
  for (const mode of MODES) {
    assert.equal((await box.runIn(mode, [], ["python3", "-c", script])).stdout, "inside\n", mode.name);
  }
});

Deno.test("git clones over HTTP through the gateway", async () => {
  await using box = await Box.create();
  await using server = new WebServer();
  const outcome = await box.shell(toServer(server), `git clone http://web.test:${server.port}/repo.git`);
  assert.notEqual(outcome.code, 0);
  assert.deepEqual(server.requests, ["GET /repo.git/info/refs 0"]);
});
