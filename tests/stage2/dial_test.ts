import assert from "node:assert/strict";
import { PORT_PLACEHOLDER } from "../../lib/egress/port_placeholder.ts";
import { sshProxyCommand } from "../../lib/launch/ssh_proxy_command.ts";
import { TcpServer, textServer } from "../egress/fixtures/tcp_server.ts";

const ENTRY = new URL("../../stage2/main.ts", import.meta.url).pathname;
const OPEN = "HTTP/1.1 200 OK\r\n\r\n";

/** The real ProxyCommand, with the sources in the place of the bundle. */
function proxyCommand(port: number, host: string, hostPort: string): string[] {
  const words = sshProxyCommand({ program: [Deno.execPath()], script: ENTRY }).split(" ");
  const replaced: Record<string, string> = { "%h": host, "%p": hostPort };
  return words
    .map((word) => replaced[word] ?? word.replace(PORT_PLACEHOLDER, `${port}`))
    // On the host that directory could be made.
    .map((word) => word.replace(/^DENO_DIR=.*/, `DENO_DIR=/proc/none`));
}

function start(port: number, host = "web.test", hostPort = "22"): Deno.ChildProcess {
  const [program = "", ...args] = proxyCommand(port, host, hostPort);
  return new Deno.Command(program, { args, stdin: "piped", stdout: "piped", stderr: "piped" }).spawn();
}

/** Runs dial with an input that ends, and waits for it. */
async function dial(port: number, input: Uint8Array | string, host?: string, hostPort?: string) {
  const child = start(port, host, hostPort);
  const writer = child.stdin.getWriter();
  // A refused dial does not read.
  const written = writer.write(typeof input === "string" ? new TextEncoder().encode(input) : input)
    .then(() => writer.close()).catch(() => {});
  const { code, stdout, stderr } = await child.output();
  await written;
  return { code, stdout, stderr: new TextDecoder().decode(stderr) };
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** A proxy that opens every tunnel and sends all back once the client has ended. */
function echoAtEnd(answer = OPEN): TcpServer {
  return new TcpServer(async (wire) => {
    await wire.until("\r\n\r\n");
    await wire.send(answer);
    await wire.send(await wire.toEnd());
  });
}

Deno.test("what comes on stdin reaches the host, its end too, and the answer comes on stdout", async () => {
  await using proxy = echoAtEnd();
  const { code, stdout, stderr } = await dial(proxy.port, "hello\0\xff");
  assert.deepEqual([code, text(stdout), stderr], [0, "hello\0\xff", ""]);
});

Deno.test("five million bytes pass whole", async () => {
  await using proxy = echoAtEnd();
  const bytes = new Uint8Array(5_000_000).map((_, index) => (index * 7) ^ (index >> 8));
  const { code, stdout } = await dial(proxy.port, bytes);
  assert.equal(code, 0);
  assert.ok(stdout.length === bytes.length && stdout.every((byte, index) => byte === bytes[index]));
});

Deno.test("bytes that come in one piece with the answer are not lost", async () => {
  for (
    const answer of [
      `${OPEN}SSH-2.0-early\r\n`,
      "HTTP/1.0 200 Connection established\nVia: x\n\nSSH-2.0-early\r\n",
    ]
  ) {
    await using proxy = echoAtEnd(answer);
    assert.equal(text((await dial(proxy.port, "x")).stdout), "SSH-2.0-early\r\nx");
  }
});

Deno.test("the host's end is the end, also while stdin is open", async () => {
  await using proxy = new TcpServer(async (wire) => {
    await wire.until("\r\n\r\n");
    await wire.send(`${OPEN}bye`);
  });
  const child = start(proxy.port);
  const [stdout, { code }] = await Promise.all([new Response(child.stdout).text(), child.status]);
  assert.deepEqual([code, stdout], [0, "bye"]);
  await child.stdin.abort();
  await child.stderr.cancel();
});

for (
  const [host, port, authority] of [
    ["web.test", "22", "web.test:22"],
    ["::1", "2222", "[::1]:2222"],
    ["[2001:db8::1]", "22", "[2001:db8::1]:22"],
  ] as const
) {
  Deno.test(`the proxy is asked for ${authority}`, async () => {
    const asked = Promise.withResolvers<string>();
    await using proxy = new TcpServer(async (wire) => {
      asked.resolve(await wire.until("\r\n\r\n"));
      await wire.send(OPEN);
    });
    await dial(proxy.port, "", host, port);
    assert.equal(await asked.promise, `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
  });
}

const DENIED = "denied net web.test:22 (no rule allows it); to allow: --allow-net=web.test:22";
const REFUSALS: readonly (readonly [name: string, answer: string, message: string])[] = [
  [
    "the gateway's own sentence is shown",
    `HTTP/1.1 403 Forbidden\r\nContent-Length: ${DENIED.length + 10}\r\n\r\ntombolo: ${DENIED}\n`,
    DENIED,
  ],
  [
    "of another proxy the status is shown",
    "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 6\r\n\r\n<html>",
    "the proxy refused: 407 Proxy Authentication Required",
  ],
  ["an answer without a body is enough", "HTTP/1.1 502 Bad\r\n\r\n", "the proxy refused: 502 Bad"],
  [
    "control characters are escaped",
    "HTTP/1.1 500 a\x1b[31m\u0007\r\n\r\n",
    "the proxy refused: 500 a\\x1b[31m\\x07",
  ],
  ["a proxy that hangs up has not answered", "", "the proxy refused: no answer of an HTTP proxy"],
  ["a head that does not end opens nothing", "HTTP/1.1 200 OK\r\nX: y", "the proxy refused: 200 OK"],
  ["something else opens nothing", "SSH-2.0-x\r\n\r\n", "the proxy refused: no answer of an HTTP proxy"],
  [
    "a head above 16 KiB opens nothing",
    `HTTP/1.1 200 OK\r\nX: ${"y".repeat(20_000)}\r\n\r\n`,
    "the proxy refused: 200 OK",
  ],
];

for (const [name, answer, message] of REFUSALS) {
  Deno.test(`refused: ${name}`, async () => {
    await using proxy = textServer(answer);
    const { code, stdout, stderr } = await dial(proxy.port, "secret");
    assert.deepEqual([code, text(stdout), stderr], [1, "", `tombolo: ${message}\n`]);
  });
}

Deno.test("where no proxy listens, it says so", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const { code, stderr } = await dial(port, "");
  assert.equal(code, 1);
  assert.match(stderr, /^tombolo: web\.test:22: .*refused/i);
});

Deno.test("a host that could end the request line is not asked for", async () => {
  await using proxy = echoAtEnd();
  for (const host of ["", "a b", "a\r\nX: y", "a\x01"]) {
    const { code, stderr } = await dial(proxy.port, "", host);
    assert.equal(code, 125);
    assert.match(stderr, /^tombolo: Cannot dial/);
  }
  assert.equal(proxy.accepted, 0);
});

Deno.test("with the permissions of the ProxyCommand nothing but the gateway can be reached, read or written", async () => {
  await using other = echoAtEnd();
  const script = `
    const attempts = {
      net: () => Deno.connect({ hostname: "127.0.0.1", port: ${other.port} }),
      read: () => Deno.readTextFile("/etc/passwd"),
      write: () => Deno.writeTextFile("/tmp/x", ""),
      env: () => Deno.env.get("PATH"),
      run: () => new Deno.Command("/bin/true").output(),
      ffi: () => Deno.dlopen("libc.so.6", {}),
    };
    for (const [name, attempt] of Object.entries(attempts)) {
      try { await attempt(); console.log(name, "done"); } catch (error) { console.log(name, error.name); }
    }`;
  const file = await Deno.makeTempFile({ suffix: ".js" });
  try {
    await Deno.writeTextFile(file, script);
    const [program = "", ...args] = proxyCommand(1, "h", "1").map((word) => word === ENTRY ? file : word);
    const { stdout } = await new Deno.Command(program, { args }).output();
    const lines = ["net", "read", "write", "env", "run", "ffi"].map((name) => `${name} NotCapable\n`);
    assert.equal(text(stdout), lines.join(""));
  } finally {
    await Deno.remove(file);
  }
});
