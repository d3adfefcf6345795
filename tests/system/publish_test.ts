import assert from "node:assert/strict";
import { exchange, PublishedRun } from "./published_run.ts";
import { Box, processesWith, until } from "./tombolo.ts";

const PUBLISH = "--publish=0:3000";

function text(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
}

async function echoes(port: number, message: string): Promise<void> {
  assert.equal(text(await exchange(port, new TextEncoder().encode(message))), message);
}

for (const address of ["127.0.0.1", "0.0.0.0", "::1", "::"]) {
  Deno.test(`the host reaches a server that listens on ${address} inside`, async () => {
    await using box = await Box.create();
    const published = await PublishedRun.withServer(box, [PUBLISH], [`${address}:3000`]);
    await echoes(published.port, "from the host");
    assert.equal(published.said, `tombolo: published 127.0.0.1:${published.port} -> 3000\n`);
    assert.equal((await published.end()).code, 143);
  });
}

Deno.test("several ports lead each to its own, beside hosts that are allowed", async () => {
  await using box = await Box.create();
  const published = await PublishedRun.withServer(
    box,
    ["--publish=0:3001", "--publish=[::1]:0:3000", "--allow-net=unused.test"],
    ["127.0.0.1:3000"],
  );
  const [dead = 0, live = 0] = published.ports;
  assert.equal(text(await exchange(dead, new Uint8Array(1))), "");
  assert.equal(text(await exchange(live, new TextEncoder().encode("six"), "::1")), "six");
  assert.equal(await exchange(live, new Uint8Array(1)), undefined);
  await published.end();
});

Deno.test("where nothing listens yet the connection is closed; a server that starts later is reached", async () => {
  await using box = await Box.create();
  const script = "echo ready; until [ -e go ]; do sleep 0.01; done; exec python3 -m http.server 3000";
  const published = await PublishedRun.start(box, [PUBLISH], ["sh", "-c", script]);
  assert.equal(await published.run.line(), "ready");
  const request = new TextEncoder().encode("GET /go HTTP/1.0\r\n\r\n");
  assert.equal(text(await exchange(published.port, request)), "");
  await box.write("work/go", "now");
  await until(
    async () => text(await exchange(published.port, request))?.endsWith("\r\n\r\nnow") === true,
    "the server inside",
  );
  await published.end();
});

Deno.test("20 MB pass each way at once, and the end of one direction does not end the other", async () => {
  await using box = await Box.create();
  const published = await PublishedRun.withServer(box, [PUBLISH]);
  const sent = new Uint8Array(20_000_000).map((_, index) => index * 7 % 251);
  const received = await exchange(published.port, sent);
  assert.ok(received !== undefined && received.length === sent.length);
  assert.ok(received.every((byte, index) => byte === sent[index]));
  await published.end();
});

Deno.test("100 clients at once are served, and one that never reads holds up nobody", async () => {
  await using box = await Box.create();
  const published = await PublishedRun.withServer(box, [PUBLISH]);
  using stuck = await Deno.connect({ hostname: "127.0.0.1", port: published.port });
  const flood = stuck.write(new Uint8Array(50_000_000)).catch(() => 0);
  await Promise.all(
    Array.from({ length: 100 }, (_, index) => echoes(published.port, `client ${index} `.repeat(1000))),
  );
  await published.end();
  await flood;
});

Deno.test("a port that is in use is an error before anything runs, and names address, port and rule", async () => {
  await using box = await Box.create();
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const rule = `${taken.addr.port}:3000`;
  const { code, stderr } = await box.run([`--publish=${rule}`, `--events=${box.root}/events`], [
    "touch",
    "ran",
  ]);
  assert.equal(code, 125);
  assert.equal(await box.exists("events"), false);
  assert.equal(
    stderr,
    `tombolo: Cannot publish "${rule}" (--publish): 127.0.0.1:${taken.addr.port} is in use; ` +
      "name another port, or 0 for any that is free\n",
  );
  assert.equal(await box.exists("work/ran"), false);
  assert.deepEqual(await box.runDirectories(), []);
});

Deno.test("two rules for one port are an error before anything runs, be one in a file", async () => {
  await using box = await Box.create();
  await box.write("work/net.json", '{ "net": { "publish": ["127.0.0.1:8080:3000"] } }');
  const { code, stderr } = await box.run(["--policy=net.json", "--publish=8080:3001"], ["touch", "ran"]);
  assert.equal(code, 125);
  assert.match(
    stderr,
    /^tombolo: Cannot publish "8080:3001" \(--publish\): "127\.0\.0\.1:8080:3000" \(.*net\.json:1\)/,
  );
  assert.equal(await box.exists("work/ran"), false);
});

Deno.test("an address that is not loopback is said loudly, also with --quiet; a loopback one is not", async () => {
  await using box = await Box.create();
  const quiet = await box.run(["--quiet", PUBLISH], ["true"]);
  assert.deepEqual([quiet.code, quiet.stderr], [0, ""]);
  const loud = await box.run(["--quiet", "--publish=0.0.0.0:0:3000"], ["true"]);
  assert.match(loud.stderr, /^tombolo: published port 0\.0\.0\.0:\d+ is reachable from other machines\n$/);
});

Deno.test("with --json what was bound can be read by a program", async () => {
  await using box = await Box.create();
  const { stderr } = await box.run(["--json", PUBLISH], ["true"]);
  const { published } = JSON.parse(stderr) as {
    published: { address: string; port: number; innerPort: number };
  };
  assert.ok(published.port > 0);
  assert.deepEqual({ ...published, port: 0 }, { address: "127.0.0.1", port: 0, innerPort: 3000 });
});

Deno.test("the events file has one event for each connection from the host", async () => {
  await using box = await Box.create();
  const published = await PublishedRun.withServer(box, [PUBLISH, `--events=${box.root}/events`]);
  await echoes(published.port, "12345");
  await published.end();
  const event: unknown = JSON.parse(await box.read("events") ?? "");
  const { time: _, detail, ...rest } = event as { time: string; detail: Record<string, unknown> };
  assert.deepEqual(rest, {
    kind: "net",
    decision: "allow",
    target: `127.0.0.1:${published.port}`,
    reason: "published",
    rule: { text: "0:3000", origin: "--publish" },
  });
  const { via, port, sent, received, peer } = detail;
  assert.deepEqual({ via, port, sent, received }, { via: "publish", port: 3000, sent: 5, received: 5 });
  assert.match(String(peer), /^127\.0\.0\.1:\d+$/);
});

for (const signal of ["SIGTERM", "SIGKILL"] as const) {
  Deno.test(`after ${signal} nothing listens, live connections end, and nothing is left`, async () => {
    await using box = await Box.create();
    const mark = box.marker();
    const published = await PublishedRun.start(box, [PUBLISH], [
      "sh",
      "-c",
      `sleep ${mark} & exec python3 -c "$1"`,
      "sh",
      `import socket
listener = socket.create_server(("127.0.0.1", 3000))
print("listening", flush=True)
client = listener.accept()[0]
client.sendall(b"x")
client.recv(1)
listener.accept()`,
    ]);
    assert.equal(await published.run.line(), "listening");
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: published.port });
    assert.equal(await connection.read(new Uint8Array(2)), 1);
    published.run.kill(signal);
    assert.equal(await connection.read(new Uint8Array(1)).catch(() => null), null);
    connection.close();
    await published.run.status();
    assert.equal(await exchange(published.port, new Uint8Array(1)), undefined);
    await until(() => processesWith(mark).length === 0, "the end of the command");
    assert.deepEqual(await box.runDirectories(), []);
    assert.deepEqual(await box.list("work"), []);
  });
}

Deno.test("what the command knows of its environment does not name the channel", async () => {
  await using box = await Box.create();
  const { stdout } = await box.shell([PUBLISH], "env | grep -ic publish; ls /run/tombolo | grep sock");
  assert.equal(stdout, "0\ngateway.sock\npublish.sock\n");
  const without = await box.shell(["--allow-net=unused.test"], "ls /run/tombolo | grep sock");
  assert.equal(without.stdout, "gateway.sock\n");
});

Deno.test("explain shows what is published, and binds nothing", async () => {
  await using box = await Box.create();
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const rule = `${taken.addr.port}:3000`;
  const { code, stdout } = await box.tombolo(["explain", `--publish=${rule}`, "--", "true"]);
  assert.equal(code, 0);
  assert.match(stdout, new RegExp(`\\npublished \\(the host reaches in\\):\\n  ${rule}  --publish\\n`));
});
