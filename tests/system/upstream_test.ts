import assert from "node:assert/strict";
import { lookup } from "node:dns/promises";
import { TcpServer } from "../egress/fixtures/tcp_server.ts";
import type { Wire } from "../egress/fixtures/wire.ts";
import { AUTHORITY, TlsServer } from "../egress/upstream/fixtures/tls_server.ts";
import { Box, said, until } from "./tombolo.ts";

const CURL = "curl --silent --show-error --max-time 20";
const RULES = "--allow-net=web.test,fail.test";

/** Answers as the server behind it would: in a tunnel, or what comes in absolute form. Refuses fail.test. */
function answerFor(heads: string[]): (wire: Wire) => Promise<void> {
  return async (wire) => {
    let head = await wire.until("\r\n\r\n");
    heads.push(head);
    if (/^\S+ (?:http:\/\/)?fail\.test/.test(head)) {
      return await wire.send("HTTP/1.1 403 Not Here\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
    let way = "in absolute form";
    if (head.startsWith("CONNECT ")) {
      await wire.send("HTTP/1.1 200 Connection established\r\n\r\n");
      head = await wire.until("\r\n\r\n");
      way = "in a tunnel";
    }
    const body = `${head.split(" ")[1]} ${way}\n`;
    await wire.send(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
  };
}

/** The head without what clients add of their own. */
function essentials(head: string): string {
  return head.split("\r\n").filter((line) => /^(?:\S+ \S+ HTTP|Host:|Proxy-)/i.test(line)).join("\n");
}

const SCRIPT = `
${CURL} http://web.test/one
${CURL} --proxytunnel http://web.test/two
${CURL} --proxy "$ALL_PROXY" http://web.test/three`;

Deno.test("the caller's proxy carries what leaves: plain HTTP, CONNECT and SOCKS, with its credentials", async () => {
  await using box = await Box.create();
  const heads: string[] = [];
  await using proxy = new TcpServer(answerFor(heads));
  const url = `http://me:s%C3%A9same@127.0.0.1:${proxy.port}`;
  const callers: readonly (readonly [flags: readonly string[], env: Record<string, string>])[] = [
    [[], { http_proxy: url, HTTPS_PROXY: url }],
    [[], { ALL_PROXY: url, NO_PROXY: "example.com" }],
    [[`--upstream=${url}`], { HTTP_PROXY: "http://127.0.0.1:1", ALL_PROXY: "not a proxy" }],
  ];
  for (const [flags, env] of callers) {
    heads.length = 0;
    const outcome = await box.shell([RULES, "--events=../events", ...flags], SCRIPT, { env });
    assert.equal(
      outcome.stdout,
      "http://web.test/one in absolute form\n/two in a tunnel\n/three in a tunnel\n",
      outcome.stderr,
    );
    assert.deepEqual(said(outcome), []);
    const authorization = `Proxy-Authorization: Basic ${
      new TextEncoder().encode("me:s\u00e9same").toBase64()
    }`;
    assert.deepEqual(heads.map(essentials), [
      `GET http://web.test/one HTTP/1.1\nHost: web.test\n${authorization}`,
      `CONNECT web.test:80 HTTP/1.1\nHost: web.test:80\n${authorization}`,
      `CONNECT web.test:80 HTTP/1.1\nHost: web.test:80\n${authorization}`,
    ]);
  }
  const events = (await box.read("events") ?? "").trim().split("\n").map((line) => JSON.parse(line));
  assert.equal(events.length, 9);
  for (const { detail } of events) assert.equal(detail.upstream, `http://127.0.0.1:${proxy.port}`);
});

Deno.test("a proxy over TLS is trusted by the system's certificates and by the policy's", async () => {
  await using box = await Box.create();
  const heads: string[] = [];
  await using proxy = new TlsServer(answerFor(heads));
  const flags = [RULES, `--upstream=https://127.0.0.1:${proxy.port}`];
  const unknown = await box.shell(flags, SCRIPT);
  assert.match(
    unknown.stdout,
    /^tombolo: cannot reach web\.test:80: the upstream proxy .* over TLS: .*UnknownIssuer/,
  );
  assert.deepEqual(heads, []);
  const authority = await box.write("authority.pem", AUTHORITY);
  const policy = await box.write("policy.json", JSON.stringify({ net: { caBundle: "./authority.pem" } }));
  const trusting: readonly (readonly [readonly string[], Record<string, string>])[] = [
    [flags, { SSL_CERT_FILE: authority }],
    [[...flags, `--policy=${policy}`], {}],
  ];
  for (const [all, env] of trusting) {
    const { stdout, stderr } = await box.shell(all, SCRIPT, { env });
    assert.match(stdout, /^\S+ in absolute form\n\S+ in a tunnel\n\S+ in a tunnel\n$/, stderr);
  }
});

Deno.test("credentials of the proxy appear in nothing that anybody sees", async () => {
  await using box = await Box.create();
  const heads: string[] = [];
  await using proxy = new TcpServer(answerFor(heads));
  const url = `http://CANARYUSER:CANARYPASS@127.0.0.1:${proxy.port}`;
  const token = new TextEncoder().encode("CANARYUSER:CANARYPASS").toBase64();
  const script = `env; cat /proc/*/environ /proc/*/cmdline; ${SCRIPT}
for host in fail.test denied.test; do
  ${CURL} -i http://$host/; ${CURL} -v --proxytunnel http://$host/; ${CURL} -v --proxy "$ALL_PROXY" http://$host/
done; exit 7`;
  const names = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"];
  const env = Object.fromEntries(names.map((name) => [name, url]));
  const seen: string[] = [];
  // Even where the command may have the caller's whole environment.
  for (const flags of [[RULES], [RULES, "--allow-env"], [RULES, `--upstream=${url}`]]) {
    heads.length = 0;
    const outcome = await box.shell(["--verbose", "--events=../events", ...flags], script, { env });
    assert.equal(outcome.code, 7);
    assert.match(outcome.stdout, /\/three in a tunnel\n/);
    assert.match(
      outcome.stderr,
      new RegExp(`upstream proxy http://127\\.0\\.0\\.1:${proxy.port} answered 403 Not Here`),
    );
    assert.match(outcome.stdout, /^HTTPS_PROXY=http:\/\/127\.0\.0\.1:\d+$/m);
    // They did reach the proxy.
    assert.equal(heads.filter((head) => head.includes(`Basic ${token}\r\n`)).length, heads.length);
    assert.equal(heads.length, 6);
    const explained = await box.tombolo(["explain", ...flags, "--", "true"], { env });
    const json = await box.tombolo(["explain", "--json", ...flags, "--", "true"], { env });
    assert.match(explained.stdout, new RegExp(`^upstream: http://127\\.0\\.0\\.1:${proxy.port} `, "m"));
    assert.equal(JSON.parse(json.stdout).plan.upstream.connect.proxy, `http://127.0.0.1:${proxy.port}`);
    seen.push(...[outcome, explained, json].flatMap(({ stdout, stderr }) => [stdout, stderr]));
  }
  seen.push(await box.read("events") ?? "");
  assert.ok(seen.every((text) => !/CANARY/.test(text) && !text.includes(token)));
});

Deno.test("why an allowed host was not reached is said where the command failed, for clients do not say it", async () => {
  await using box = await Box.create();
  await using proxy = new TcpServer(answerFor([]));
  const upstream = `--upstream=http://127.0.0.1:${proxy.port}`;
  const ask = `${CURL} --output /dev/null --proxytunnel http://fail.test/`;
  const failed = await box.shell([RULES, upstream], ask);
  assert.notEqual(failed.code, 0);
  assert.doesNotMatch(failed.stdout + failed.stderr.replaceAll(/^tombolo: .*$/gm, ""), /403 Not Here/);
  assert.deepEqual(said(failed), [
    `tombolo: could not reach fail.test:80: the upstream proxy http://127.0.0.1:${proxy.port} answered 403 Not Here`,
  ]);
  const madeDo = await box.shell([RULES, upstream], `${ask} || true`);
  assert.deepEqual([madeDo.code, said(madeDo)], [0, []]);
});

Deno.test("what NO_PROXY lists goes direct, and an entry that is no host is said", async () => {
  await using box = await Box.create();
  await using server = new TcpServer(async (wire) => {
    await wire.until("\r\n\r\n");
    await wire.send("HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\ndirect\n");
  });
  await using proxy = new TcpServer(() => Promise.resolve());
  const port = `${server.port}`;
  const env = {
    ALL_PROXY: `http://127.0.0.1:${proxy.port}`,
    no_proxy: "ip6-nowhere.test, localhost:1, http://x\x1b",
  };
  const outcome = await box.shell(
    [`--allow-net=127.0.0.1:${port},localhost:${port},fixed.test`, "--resolve=fixed.test:127.0.0.1"],
    ["127.0.0.1", "localhost", "fixed.test"].map((host) => `${CURL} --noproxy '' http://${host}:${port}/`)
      .join("\n"),
    { env },
  );
  assert.equal(outcome.stdout, "direct\ndirect\ndirect\n", outcome.stderr);
  assert.equal(proxy.accepted, 0);
  assert.deepEqual(said(outcome), [
    'tombolo: no_proxy holds what is no host, which matches nothing: "http://x\\x1b"',
  ]);
});

Deno.test("a variable that is no proxy's address is 125 and names the way round, where there is a gateway", async () => {
  await using box = await Box.create();
  const env = { https_proxy: "http://user:CANARY" };
  const refused = await box.run([RULES], ["true"], { env });
  assert.equal(refused.code, 125);
  assert.deepEqual(said(refused), [
    "tombolo: Cannot parse proxy address: wanted [SCHEME://][USER:PASSWORD@]HOST[:PORT] (https_proxy); --upstream=none goes direct",
  ]);
  assert.doesNotMatch(refused.stderr, /CANARY/);
  assert.equal((await box.run([RULES, "--upstream=none"], ["true"], { env })).code, 0);
  assert.equal((await box.run([], ["true"], { env })).code, 0);
});

/** A server of this machine, under the one name that its own resolver knows and that is not localhost. */
async function ownServer(): Promise<{ name: string; port: number } & AsyncDisposable> {
  const name = Deno.hostname().toLowerCase();
  const { address } = await lookup(name, 4);
  const server = Deno.serve(
    { hostname: address, port: 0, onListen: () => {} },
    (request) => new Response(`hello from ${new URL(request.url).pathname}\n`),
  );
  return { name, port: server.addr.port, [Symbol.asyncDispose]: () => server.shutdown() };
}

/** A real proxy on a free port of loopback, up and accepting. */
async function realProxy(
  command: (port: number) => readonly string[],
): Promise<{ port: number } & AsyncDisposable> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const [program = "", ...args] = command(port);
  const child = new Deno.Command(program, { args, stdin: "null", stdout: "null", stderr: "null" }).spawn();
  const answers = async () => {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return true;
    } catch {
      return false;
    }
  };
  await until(answers, `${program} to listen`);
  return {
    port,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.status;
    },
  };
}

Deno.test("tinyproxy carries plain HTTP and CONNECT, and its refusals are told apart", async () => {
  await using box = await Box.create();
  await using server = await ownServer();
  const configuration = (port: number) =>
    Deno.writeTextFileSync(
      `${box.root}/tinyproxy.conf`,
      `Port ${port}\nListen 127.0.0.1\nAllow 127.0.0.1\nBasicAuth me secret\nConnectPort ${server.port}\n`,
    );
  await using proxy = await realProxy((port) => {
    configuration(port);
    return ["tinyproxy", "-d", "-c", `${box.root}/tinyproxy.conf`];
  });
  const { name, port } = server;
  const rule = `--allow-net=${name}`;
  const to = (path: string) => `http://${name}:${port}/${path}`;
  const run = (userinfo: string, script: string) =>
    box.shell([rule], script, { env: { ALL_PROXY: `http://${userinfo}127.0.0.1:${proxy.port}` } });

  const { stdout, stderr } = await run(
    "me:secret@",
    `${CURL} ${to("one")} ${to("two")}; ${CURL} -p ${to("three")}; ${CURL} --proxy "$ALL_PROXY" ${
      to("four")
    }`,
  );
  assert.equal(
    stdout,
    ["one", "two", "three", "four"].map((path) => `hello from /${path}\n`).join(""),
    stderr,
  );

  const show = `--proxytunnel --output /dev/null --dump-header -`;
  const wrong = await run("me:wrong@", `${CURL} ${show} ${to("x")}`);
  assert.match(
    wrong.stdout,
    /^HTTP\/1\.1 502 [^]*error=proxy_configuration_error; details=".*answered 401 /,
  );
  const closed = await run("me:secret@", `${CURL} ${show} http://${name}:1/`);
  assert.match(closed.stdout, /^HTTP\/1\.1 502 [^]*answered 403 /);
});

Deno.test("microsocks carries HTTP and SOCKS clients, and its replies come through", async () => {
  await using box = await Box.create();
  await using server = await ownServer();
  await using proxy = await realProxy((
    port,
  ) => ["microsocks", "-i", "127.0.0.1", "-p", `${port}`, "-u", "me", "-P", "secret"]);
  const { name, port } = server;
  const to = (path: string) => `http://${name}:${port}/${path}`;
  const run = (userinfo: string, script: string) =>
    box.shell([`--allow-net=${name}`], script, {
      env: { ALL_PROXY: `socks5h://${userinfo}127.0.0.1:${proxy.port}` },
    });
  const { stdout, stderr } = await run(
    "me:secret@",
    `${CURL} ${to("one")}; ${CURL} -p ${to("two")}; ${CURL} --proxy "$ALL_PROXY" ${to("three")}`,
  );
  assert.equal(stdout, ["one", "two", "three"].map((path) => `hello from /${path}\n`).join(""), stderr);

  const closed = await run(
    "me:secret@",
    `${CURL} http://${name}:1/; ${CURL} --proxy "$ALL_PROXY" http://${name}:1/`,
  );
  assert.match(
    closed.stdout,
    /the upstream proxy socks5:\/\/127\.0\.0\.1:\d+ answered 5 \(connection refused\)/,
  );
  assert.match(closed.stderr, /SOCKS5 .*\(5\)/);
  const wrong = await run("me:wrong@", `${CURL} ${to("x")}`);
  assert.match(wrong.stdout, /the upstream proxy socks5:\/\/127\.0\.0\.1:\d+ refused the credentials/);
});
