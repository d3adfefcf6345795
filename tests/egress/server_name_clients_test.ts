import assert from "node:assert/strict";
import { startGateway } from "./fixtures/running_gateway.ts";
import { Wire } from "./fixtures/wire.ts";
import { AUTHORITY, TlsServer } from "./upstream/fixtures/tls_server.ts";

const FIXTURES = `${import.meta.dirname}/fixtures`;
const CERTIFICATES = `${import.meta.dirname}/upstream/fixtures`;
// proxy.test is the name in the server's certificate.
const LOCAL = {
  allow: ["127.0.0.1", "*.test"],
  resolve: { "proxy.test": ["127.0.0.1"], "other.test": ["127.0.0.1"] },
};

/** A gateway that real clients can reach. */
async function reachable() {
  const running = await startGateway(LOCAL);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  running.gateway.serve(listener);
  return { running, port: listener.addr.port };
}

function echo(): TlsServer {
  return new TlsServer(async (wire) => await wire.send(await wire.exactly(5)));
}

async function output(command: string, ...args: readonly string[]) {
  const { code, stdout, stderr } = await new Deno.Command(command, { args: [...args] }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

async function python(...args: readonly (string | number)[]): Promise<string> {
  const { stdout, stderr } = await output("python3", `${FIXTURES}/tls_client.py`, ...args.map(String));
  assert.equal(stderr, "");
  return stdout.trim();
}

Deno.test("Python's TLS reaches the host that it names, and is told when it names another or none", async () => {
  await using server = echo();
  const { running, port } = await reachable();
  await using _ = running;
  const ca = `${CERTIFICATES}/authority.pem`;
  const attempts: readonly (readonly [args: readonly string[], said: string, decision: string])[] = [
    [["proxy.test", "proxy.test", ca], "hello", "allow"],
    [["proxy.test", "other.test", ca], "TLSV1_UNRECOGNIZED_NAME", "deny"],
    [["proxy.test"], "TLSV1_UNRECOGNIZED_NAME", "deny"],
    [["127.0.0.1"], "hello", "allow"],
    [["127.0.0.1", "127.0.0.1", ca], "hello", "allow"],
    [["127.0.0.1", "proxy.test", ca], "hello", "allow"],
  ];
  for (const [[target, ...names], said, decision] of attempts) {
    assert.equal(await python(port, `${target}:${server.port}`, ...names), said, `${target} ${names}`);
    const event = await running.events.next();
    // Python names no server where it would have to be an address.
    const name = names[0] === "127.0.0.1" ? undefined : names[0];
    assert.deepEqual([event.decision, event.detail?.["serverName"]], [decision, name]);
  }
});

Deno.test("curl reaches the host that it names, and cannot put another in front", async () => {
  await using server = new TlsServer(async (wire) => {
    await wire.until("\r\n\r\n");
    await wire.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  });
  const { running, port } = await reachable();
  await using _ = running;
  const common = [
    "--silent",
    "--show-error",
    "--max-time",
    "20",
    "--proxy",
    `http://127.0.0.1:${port}`,
    "--cacert",
  ]
    .concat(`${CERTIFICATES}/authority.pem`);
  const url = `https://proxy.test:${server.port}/`;
  assert.equal((await output("curl", ...common, url)).stdout, "hello");
  const socks = common.map((argument) => argument.replace("http://", "socks5h://"));
  assert.equal((await output("curl", ...socks, url)).stdout, "hello");
  const front = ["--connect-to", `proxy.test:${server.port}:other.test:${server.port}`];
  const { code, stderr } = await output("curl", ...common, ...front, url);
  assert.equal(code, 35, stderr);
  assert.match(stderr, /unrecognized name/i);
  const denied = running.events.all.find(({ decision }) => decision === "deny");
  assert.equal(denied?.target, `other.test:${server.port}`);
});

Deno.test("Deno's own TLS reaches the host that it names, and is told when it names another", async () => {
  await using server = echo();
  const { running, port } = await reachable();
  await using _ = running;
  for (const hostname of ["proxy.test", "other.test"]) {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    const wire = new Wire(connection);
    await wire.send(`CONNECT proxy.test:${server.port} HTTP/1.1\r\n\r\n`);
    await wire.response("CONNECT");
    using secure = await Deno.startTls(connection, { hostname, caCerts: [AUTHORITY] });
    if (hostname === "other.test") {
      await assert.rejects(secure.handshake(), /unrecogni[sz]ed/i);
    } else {
      await secure.handshake();
      await secure.write(new TextEncoder().encode("hello"));
      const buffer = new Uint8Array(10);
      assert.equal(await secure.read(buffer), 5);
    }
  }
});

Deno.test("a server that asks for another hello gets it from a real client, and the name both times", async () => {
  const args = [
    `${FIXTURES}/tls_server.py`,
    `${CERTIFICATES}/proxy_certificate.pem`,
    `${CERTIFICATES}/proxy_key.pem`,
  ];
  const server = new Deno.Command("python3", { args, stdout: "piped" }).spawn();
  const lines = server.stdout.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
  let said = "";
  const until = async (mark: RegExp) => {
    for (let found = mark.exec(said);; found = mark.exec(said)) {
      if (found !== null) return found[0];
      const { value, done } = await lines.next();
      assert.ok(!done, `the server ended after ${said}`);
      said += value;
    }
  };
  try {
    const serverPort = Number(await until(/^\d+\n/));
    const { running, port } = await reachable();
    await using _ = running;
    const ca = `${CERTIFICATES}/authority.pem`;
    assert.equal(await python(port, `proxy.test:${serverPort}`, "proxy.test", ca), "hello");
    await until(/^\d+\nproxy\.test\nproxy\.test\n/);
    assert.equal((await running.events.next()).decision, "allow");
  } finally {
    server.kill();
    await server.status;
    await lines.return?.();
  }
});
