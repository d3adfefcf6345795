import assert from "node:assert/strict";
import { COMMANDS } from "../egress/fixtures/external.ts";
import { commandText, EXTERNAL, externalScript, REAL_PROXIES, runningProxies } from "./external_commands.ts";
import { SecureServer } from "./secure_server.ts";
import { WebServer } from "./servers.ts";
import { Box, processesWith, said, until } from "./tombolo.ts";

// Loopback is direct for every client; a name leads to the proxy, and the fixture takes it to this host.
const CURL = "curl --silent --show-error --max-time 20";
const VIA_PROXY = `${CURL} --noproxy ''`;

Deno.test("with a bare --allow-net clients are led to the external proxy, and it alone decides", async () => {
  await using box = await Box.create();
  await using server = new WebServer();
  const url = `http://any.test:${server.port}`;
  const outcome = await box.shell(
    ["--allow-net", EXTERNAL],
    `${CURL} ${url}/plain; ${CURL} --proxytunnel ${url}/tunnel; ${VIA_PROXY} http://127.0.0.1:${server.port}/address`,
  );
  assert.equal(
    outcome.stdout.split("\n").filter((line) => line.startsWith("hello")).length,
    3,
    outcome.stderr,
  );
  assert.deepEqual(server.requests, ["GET /plain 0", "GET /tunnel 0", "GET /address 0"]);
  assert.deepEqual([outcome.code, outcome.stderr], [0, ""]);
});

Deno.test("straight to an HTTP proxy no variable speaks of SOCKS, and to a SOCKS proxy none of HTTP", async () => {
  await using box = await Box.create();
  const schemes = async (flags: readonly string[]) => {
    const { stdout, stderr } = await box.shell(
      flags,
      "env | grep -Eo '://127[.]0[.]0[.]1|^[A-Za-z_]*=[a-z0-9]*://127'",
    );
    assert.notEqual(stdout, "", stderr);
    return new Set([...stdout.matchAll(/=([a-z0-9]+):\/\/127/g)].map(([, scheme]) => scheme));
  };
  assert.deepEqual(await schemes(["--allow-net", EXTERNAL]), new Set(["http"]));
  await box.write(
    "rules/socks.json",
    JSON.stringify({ net: { allow: true, external: { command: COMMANDS.socks5, protocol: "socks5" } } }),
  );
  assert.deepEqual(await schemes(["--policy=../rules/socks.json"]), new Set(["socks5h"]));
  assert.deepEqual(await schemes(["--allow-net=a.test", EXTERNAL]), new Set(["http", "socks5h"]));
});

Deno.test("a proxy that speaks SOCKS alone is used straight and behind the gateway", async () => {
  await using box = await Box.create();
  await using server = new WebServer();
  const external = { command: COMMANDS.socks5, protocol: "socks5" };
  const url = `http://any.test:${server.port}`;
  for (const allow of [true, ["any.test"]]) {
    await box.write("rules/socks.json", JSON.stringify({ net: { allow, external } }));
    const outcome = await box.shell(["--policy=../rules/socks.json"], `${CURL} ${url}/${allow === true}`);
    assert.equal(outcome.stdout, `hello from any.test:${server.port}\n`, outcome.stderr);
  }
  assert.deepEqual(server.requests, ["GET /true 0", "GET /false 0"]);
});

Deno.test("with rules the gateway stays in front: it decides, and dials through the external proxy", async () => {
  await using box = await Box.create();
  await using server = new WebServer();
  const flags = [`--allow-net=ok.test:${server.port}`, EXTERNAL, `--events=${box.root}/events`];
  const url = (host: string) => `http://${host}:${server.port}/`;
  const outcome = await box.shell(
    flags,
    `${CURL} ${url("ok.test")}; ${CURL} -p ${url("ok.test")}; ${CURL} -x "$ALL_PROXY" ${url("ok.test")}
    ${CURL} ${url("other.test")}`,
  );
  assert.equal(
    outcome.stdout.split("\n").filter((line) => line.startsWith("hello")).length,
    3,
    outcome.stderr,
  );
  assert.equal(server.requests.length, 3);
  assert.deepEqual(said(outcome), [
    `tombolo: denied net other.test:${server.port} (no rule allows it); to allow: --allow-net=other.test:${server.port}`,
  ]);
  const events = (await box.read("events") ?? "").trim().split("\n").map((line) => JSON.parse(line));
  const allowed = events.filter(({ decision }) => decision === "allow");
  assert.deepEqual(allowed.map(({ detail }) => detail.via), ["http", "connect", "socks5"]);
  for (const { target, detail } of allowed) {
    assert.equal(target, `ok.test:${server.port}`);
    assert.match(detail.upstream, /^http:\/\/127\.0\.0\.1:[0-9]+$/);
  }
});

Deno.test("a deny rule beside a bare --allow-net keeps the gateway in front", async () => {
  await using box = await Box.create();
  await using server = new WebServer();
  const flags = ["--allow-net", "--deny-net=bad.test", EXTERNAL];
  const script = `${CURL} http://bad.test:${server.port}/; ${CURL} http://good.test:${server.port}/`;
  const outcome = await box.shell(flags, script);
  assert.match(outcome.stdout, /^tombolo: denied net bad\.test:.*\nhello from good\.test/);
  assert.equal(server.requests.length, 1);
});

Deno.test("the command has no other way out than the proxy", async () => {
  await using box = await Box.create();
  await using server = new WebServer();
  const outcome = await box.shell(
    ["--allow-net", EXTERNAL],
    `tail -n +3 /proc/net/dev; tail -n +2 /proc/net/route; ${CURL} http://127.0.0.1:${server.port}/ || echo refused`,
  );
  assert.match(outcome.stdout, /^\s*lo:[^\n]*\nrefused\n$/);
  assert.deepEqual(server.requests, []);
});

const UNABLE: readonly (readonly [name: string, command: string, said: RegExp])[] = [
  [
    "ends early",
    `/bin/sh -c 'echo "no port free" >&2; exit 9'`,
    /ended with status 9 .*; it said: no port free\n$/,
  ],
  ["is not there", "no-such-proxy {port}", /"no-such-proxy" is in no directory on PATH\n$/],
];

for (const [name, command, reason] of UNABLE) {
  Deno.test(`nothing runs where the external proxy ${name}`, async () => {
    await using box = await Box.create();
    const outcome = await box.run(
      ["--allow-net", `--external-proxy=${command}`, `--events=${box.root}/events`],
      ["touch", "ran"],
    );
    assert.equal(outcome.code, 125);
    assert.match(outcome.stderr, /^tombolo: Cannot start external proxy "[^\n]*\n$/);
    assert.match(outcome.stderr, reason);
    assert.deepEqual([await box.exists("work/ran"), await box.exists("events")], [false, false]);
    assert.deepEqual(await box.runDirectories(), []);
  });
}

Deno.test("nothing runs where the external proxy does not listen in its time", async () => {
  await using box = await Box.create();
  const mark = box.marker();
  await box.write(
    "rules/net.json",
    JSON.stringify({ net: { allow: true, external: { command: ["sleep", mark], startupTimeout: "100ms" } } }),
  );
  const outcome = await box.run(["--policy=../rules/net.json"], ["touch", "ran"]);
  assert.equal(outcome.code, 125);
  assert.match(
    outcome.stderr,
    /\/net\.json:1\): it did not accept connections on port [0-9]+ within 100 ms; .*\{port\}/,
  );
  assert.equal(await box.exists("work/ran"), false);
  await until(() => processesWith(mark).length === 0, "the end of its processes");
});

Deno.test('with "onFailure": "warn" the command runs without network, and that is said', async () => {
  await using box = await Box.create();
  await using server = new WebServer();
  const external = { command: ["/bin/sh", "-c", "exit 3"], onFailure: "warn" };
  for (const allow of [true, ["127.0.0.1", "any.test"]]) {
    await box.write("rules/net.json", JSON.stringify({ net: { allow, external } }));
    const outcome = await box.shell(
      ["--policy=../rules/net.json", "-q"],
      `env | grep -i _proxy; tail -n +3 /proc/net/dev | grep -c .
      ${CURL} -o out http://127.0.0.1:${server.port}/; exit 4`,
    );
    assert.deepEqual([outcome.code, outcome.stdout], [4, "1\n"]);
    assert.match(
      said(outcome).join("\n"),
      /^tombolo: Cannot start .* status 3 .*; the command runs without network$/,
    );
    assert.deepEqual(server.requests, []);
    // Started through stage2, too.
    const leaking = await box.shell(["--policy=../rules/net.json"], "env | grep -i _proxy; exit 5", {
      fds: [63],
    });
    assert.deepEqual([leaking.code, leaking.stdout], [5, ""]);
  }
});

Deno.test("what makes no sense with an external proxy is an error that names the remedy", async () => {
  await using box = await Box.create();
  const cases: readonly (readonly [flags: string[], message: RegExp])[] = [
    [[EXTERNAL], /no rule allows any host; .*--allow-net/],
    [[EXTERNAL, "--deny-net=a.test"], /no rule allows any host; .*--allow-net/],
    [[EXTERNAL, "--allow-net", "--resolve=a.test:127.0.0.1"], /resolves names itself.*"a\.test"/],
    [[EXTERNAL, "--allow-net", "--upstream=none"], /an upstream is given too, "none" \(--upstream\)/],
    [[EXTERNAL, "--allow-net", "--upstream=http://p.test:1"], /an upstream is given too/],
    [["--external-proxy='", "--allow-net"], /^tombolo: /],
  ];
  for (const [flags, message] of cases) {
    const outcome = await box.run(flags, ["touch", "ran"]);
    assert.equal(outcome.code, 125, flags.join(" "));
    assert.match(outcome.stderr, /^tombolo: [^\n]*\n$/);
    assert.match(outcome.stderr, message);
  }
  assert.equal(await box.exists("work/ran"), false);
});

Deno.test("with --deny-net for everything the proxy is not even started", async () => {
  await using box = await Box.create();
  const external = `--external-proxy=touch ${box.root}/started`;
  const { code, stdout } = await box.shell(
    ["--allow-net", "--deny-net", external],
    "env | grep -ic proxy; true",
  );
  assert.deepEqual([code, stdout, await box.exists("started")], [0, "0\n", false]);
});

Deno.test("P14: a proxy that the sandbox could replace is refused, and its script cannot be written inside", async () => {
  await using box = await Box.create();
  await box.write(
    "work/bin/proxy",
    `#!/bin/sh\nexec ${commandText(COMMANDS.http.slice(0, -1))} "$1"\n`,
    0o755,
  );
  const refusals = [
    { flag: "--external-proxy=proxy {port}", env: { PATH: `${box.work}/bin:/usr/bin:/bin` } },
    { flag: "--external-proxy=./bin/proxy {port}", env: {} },
  ];
  for (const { flag, env } of refusals) {
    const outcome = await box.run(["--allow-net", flag], ["touch", "ran"], { env });
    assert.equal(outcome.code, 125);
    assert.match(
      outcome.stderr,
      /the sandbox may write "[^"]*\/work\/bin\/proxy", which would then run outside of it/,
    );
  }
  assert.equal(await box.exists("work/ran"), false);
  const outcome = await box.shell(
    ["--allow-net", "--external-proxy=sh bin/proxy {port}"],
    "echo x >bin/proxy; rm -f bin/proxy; mv bin/proxy other; ln -f /etc/passwd bin/proxy; echo y >bin/new; true",
  );
  assert.match(await box.read("work/bin/proxy") ?? "", /^#!\/bin\/sh\nexec [^\n]*\n$/, outcome.stderr);
  assert.equal(await box.read("work/bin/new"), "y\n");
});

Deno.test("the proxy's output does not mix with the command's, and it leaves the command its stdin", async () => {
  await using box = await Box.create();
  const noisy = externalScript("echo to-stdout; echo to-stderr >&2; cat");
  const outcome = await box.run(["--allow-net", noisy], ["cat"], { stdin: "for the command" });
  assert.deepEqual([outcome.code, outcome.stdout, outcome.stderr], [0, "for the command", ""]);
  const verbose = await box.run(["-v", "--allow-net", noisy], ["true"]);
  assert.ok(said(verbose).includes("tombolo: external proxy: to-stderr"), verbose.stderr);
  assert.doesNotMatch(verbose.stderr + verbose.stdout, /to-stdout/);
});

Deno.test("it has the caller's environment and its port, not the command's", async () => {
  await using box = await Box.create();
  const script = `env | grep -E "^(SECRET|TOMBOLO)" >${box.root}/seen`;
  const outcome = await box.shell(["--allow-net", externalScript(script)], 'echo "${SECRET-none}"', {
    env: { SECRET: "of the caller" },
  });
  assert.equal(outcome.stdout, "none\n");
  const seen = await box.read("seen") ?? "";
  assert.match(seen, /^SECRET=of the caller$/m);
  assert.match(seen, /^TOMBOLO_PROXY_PORT=[0-9]+$/m);
  assert.deepEqual(seen.match(/^TOMBOLO_[A-Z_]*/gm)?.sort(), ["TOMBOLO_PROXY_MARK", "TOMBOLO_PROXY_PORT"]);
});

Deno.test("its death in mid-run is said and recorded, connections fail, and the run goes on", async () => {
  for (const allow of ["--allow-net", "--allow-net=any.test"]) {
    await using box = await Box.create();
    await using server = new WebServer();
    const url = `http://any.test:${server.port}/`;
    const run = box.start([allow, EXTERNAL, `--events=${box.root}/events`], [
      "sh",
      "-c",
      `${CURL} -o /dev/null ${url} && echo reached; read -r _; ${CURL} --fail -o /dev/null ${url} || echo failed; exit 6`,
    ], { stdin: "" });
    assert.equal(await run.line(), "reached");
    const proxies = runningProxies(box);
    assert.equal(proxies.length, 1);
    for (const { pid } of proxies) Deno.kill(pid, "SIGKILL");
    await until(async () => (await box.read("events") ?? "").includes('"lifecycle"'), "the event");
    await run.child.stdin.close();
    assert.equal(await run.line(), "failed");
    const outcome = await run.outcome();
    assert.equal(outcome.code, 6);
    assert.match(
      said(outcome).join("\n"),
      /^tombolo: the external proxy "[^\n]* ended with status 137: nothing can be reached any more$/m,
    );
    assert.equal(server.requests.length, 1);
    const events = (await box.read("events") ?? "").trim().split("\n").map((line) => JSON.parse(line));
    const death = events.filter(({ kind }) => kind === "lifecycle");
    assert.deepEqual(death.map(({ decision, reason }) => [decision, reason]), [
      ["deny", "the external proxy ended with status 137"],
    ]);
  }
});

const ENDS: readonly (readonly [name: string, signal: Deno.Signal | undefined])[] = [
  ["ends", undefined],
  ["is ended by TERM to tombolo", "SIGTERM"],
  ["is ended by KILL to tombolo", "SIGKILL"],
];

for (const [name, signal] of ENDS) {
  Deno.test(`nothing of the external proxy is left when the run ${name}`, async () => {
    await using box = await Box.create();
    const mark = box.marker();
    const external = externalScript(`sleep ${mark} & setsid sleep ${mark} &`);
    const run = box.start(["--allow-net", external], ["sh", "-c", "echo up; read -r _; sleep 0"], {
      stdin: "",
    });
    assert.equal(await run.line(), "up");
    assert.ok(processesWith(`sleep\0${mark}`).length >= 2);
    if (signal === undefined) await run.child.stdin.close();
    else run.kill(signal);
    await run.status();
    await until(() => processesWith(mark).length === 0, "the end of its processes");
    if (signal !== undefined) await run.child.stdin.close();
  });
}

Deno.test("a tombolo that is killed while the proxy starts leaves nothing of it", async () => {
  await using box = await Box.create();
  const mark = box.marker();
  const run = box.start(["--allow-net", `--external-proxy=sh -c "sleep ${mark}"`], ["touch", "ran"]);
  await until(() => processesWith(`sleep\0${mark}`).length > 0, "the start of the proxy");
  run.kill("SIGKILL");
  await run.status();
  await until(() => processesWith(mark).length === 0, "the end of its processes");
  assert.equal(await box.exists("work/ran"), false);
});

Deno.test("explain says which proxy is started and who decides, and starts nothing", async () => {
  await using box = await Box.create();
  const external = `--external-proxy=touch ${box.root}/started {port}`;
  const straight = await box.tombolo(["explain", "--allow-net", external]);
  assert.match(straight.stdout, /^network: through the external proxy only$/m);
  assert.match(
    straight.stdout,
    /^external proxy: touch .*\{port\} \(--external-proxy\), on the host .* decides alone/m,
  );
  const behind = await box.tombolo(["explain", "--allow-net=a.test", external]);
  assert.match(behind.stdout, /^network: through the gateway only$/m);
  assert.match(behind.stdout, /^external proxy: .* the gateway decides, and dials through it/m);
  assert.deepEqual([straight.code, behind.code, await box.exists("started")], [0, 0, false]);
});

for (const { name, command, protocol } of REAL_PROXIES) {
  Deno.test(`${name} is used straight and behind the gateway, for plain requests and for tunnels`, async () => {
    await using box = await Box.create();
    await using server = new WebServer();
    const target = `127.0.0.1:${server.port}`;
    const external = { command: command(box.root), protocol, startupTimeout: "30s" };
    for (const allow of [true, [target]]) {
      await box.write("rules/net.json", JSON.stringify({ net: { allow, external } }));
      const outcome = await box.shell(
        ["--policy=../rules/net.json"],
        `${VIA_PROXY} http://${target}/plain; ${VIA_PROXY} --proxytunnel http://${target}/tunnel`,
      );
      assert.equal(outcome.stdout, `hello from ${target}\n`.repeat(2), outcome.stderr);
      assert.deepEqual(server.requests.splice(0), ["GET /plain 0", "GET /tunnel 0"]);
    }
    await until(() => processesWith(box.root).length === 0, "the end of the proxy");
  });
}

Deno.test("mitmproxy reads what the command sends over TLS, where its authority is trusted inside", async () => {
  await using box = await Box.create();
  await using server = await SecureServer.start(box);
  await box.write("mitmproxy/mitmproxy-ca.pem", `${await box.read("ca.key")}${await box.read("ca.pem")}`);
  const origin = `web.test:${server.port}`;
  const command = ["mitmdump", "--quiet", "--set", `confdir=${box.root}/mitmproxy`]
    .concat([
      "--ssl-insecure",
      "--set",
      "connection_strategy=lazy",
      "--modify-headers",
      "/~s/x-seen/by mitmproxy",
    ])
    .concat(["--map-remote", `|https://${origin}/|https://127.0.0.1:${server.port}/`])
    .concat(["--listen-host", "127.0.0.1", "--listen-port", "{port}"]);
  const external = { command, startupTimeout: "30s" };
  for (const allow of [true, [origin]]) {
    await box.write(
      "rules/net.json",
      JSON.stringify({ net: { allow, external, caBundle: `${box.root}/ca.pem` } }),
    );
    const outcome = await box.shell(
      ["--policy=../rules/net.json"],
      `${CURL} --dump-header - https://${origin}/secret; ${CURL} --cacert /etc/hostname https://${origin}/`,
    );
    assert.match(outcome.stdout, /^x-seen: by mitmproxy\r$/m, outcome.stderr);
    assert.match(outcome.stdout, /hello from/);
    assert.deepEqual(server.requests.splice(0), ["GET /secret"]);
  }
});

Deno.test("an ordinary user's external proxy is used, also where the rules let everything be written", async () => {
  await using box = await Box.create({ ordinaryUser: true });
  await using server = new WebServer();
  const tinyproxy = REAL_PROXIES.find(({ name }) => name === "tinyproxy");
  const target = `127.0.0.1:${server.port}`;
  await box.write(
    "rules/net.json",
    JSON.stringify({ net: { allow: true, external: { command: tinyproxy?.command(box.root) } } }),
  );
  for (const flags of [[], ["--allow-write"]]) {
    const outcome = await box.shell(
      [...flags, "--policy=../rules/net.json"],
      `${VIA_PROXY} http://${target}/`,
    );
    assert.equal(outcome.stdout, `hello from ${target}\n`, outcome.stderr);
  }
  await until(() => processesWith(box.root).length === 0, "the end of the proxy");
});
