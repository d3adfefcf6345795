import assert from "node:assert/strict";
import type { ExternalProxy } from "../../lib/egress/external_proxy.ts";
import { ListenerCredential } from "../../lib/egress/listener_credential.ts";
import { openProxy } from "../../lib/egress/open_proxy.ts";
import type { ProxyHandle } from "../../lib/egress/proxy_handle.ts";
import type { NetPolicy } from "../../lib/policy/net_policy.ts";
import { TempDirectory } from "../launch/temp_directory.ts";
import { COMMANDS, externalRule, killExternal, startExternal } from "./fixtures/external.ts";
import { netPolicy } from "./fixtures/net_policy.ts";
import { portBytes } from "./fixtures/attempt.ts";
import { echoServer, TcpServer } from "./fixtures/tcp_server.ts";
import { Wire } from "./fixtures/wire.ts";

/** One way to have a proxy. What a client sees must be the same with each. */
interface Variant {
  readonly name: string;
  readonly net: NetPolicy;
  readonly external?: keyof typeof COMMANDS;
  readonly tcp?: boolean;
}

function external(net: NetPolicy, protocol: keyof typeof COMMANDS): NetPolicy {
  return { ...net, external: externalRule(COMMANDS[protocol], { protocol }) };
}

const LOCAL = netPolicy({ allow: ["127.0.0.1"] });
const BARE = netPolicy({ allowAll: true });

const VARIANTS: readonly Variant[] = [
  { name: "the gateway on a unix socket", net: LOCAL },
  { name: "the gateway on a TCP port", net: LOCAL, tcp: true },
  { name: "an external proxy", net: external(BARE, "http"), external: "http" },
  { name: "an external proxy that speaks SOCKS alone", net: external(BARE, "socks5"), external: "socks5" },
  { name: "the gateway before an external proxy", net: external(LOCAL, "http"), external: "http" },
  {
    name: "the gateway before one that speaks SOCKS alone",
    net: external(LOCAL, "socks5"),
    external: "socks5",
  },
  { name: "the gateway on a TCP port before one", net: external(LOCAL, "http"), external: "http", tcp: true },
];

class Setup implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();
  external: ExternalProxy | undefined;

  async open({ net, external, tcp = false }: Variant): Promise<ProxyHandle> {
    const directory = this.#stack.use(new TempDirectory());
    const listener = tcp
      ? Deno.listen({ hostname: "127.0.0.1", port: 0 })
      : Deno.listen({ transport: "unix", path: directory.at("s") });
    const proxy = external === undefined ? undefined : await startExternal(COMMANDS[external]);
    this.external = proxy;
    return this.#stack.use(
      await openProxy({
        net,
        listener,
        onEvent: () => {},
        ...(proxy && { external: proxy }),
        ...(tcp && { credential: ListenerCredential.random() }),
      }),
    );
  }

  /** A connection to where the handle says that it listens. */
  async connect({ place }: ProxyHandle): Promise<Wire> {
    return this.#stack.use(
      new Wire(
        place.kind === "unix"
          ? await Deno.connect({ transport: "unix", path: place.path })
          : await Deno.connect({ hostname: place.host, port: place.port }),
      ),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

const BRIDGE_PORT = 4711;

/** Asks for a tunnel as a client does that knows nothing but its environment; whether it opened. */
async function ask(wire: Wire, handle: ProxyHandle, variable: string, port: number): Promise<boolean> {
  const value = handle.environment(handle.place.kind === "unix" ? BRIDGE_PORT : undefined).get(variable);
  const url = new URL(value ?? "");
  const user = `${url.username}:${url.password}`;
  if (url.protocol === "http:") {
    const header = user === ":" ? "" : `Proxy-Authorization: Basic ${btoa(user)}\r\n`;
    await wire.send(`CONNECT 127.0.0.1:${port} HTTP/1.1\r\n${header}\r\n`);
    return (await wire.response("CONNECT")).status === 200;
  }
  assert.equal(url.protocol, "socks5h:");
  await wire.send(`\x05\x01${user === ":" ? "\0" : "\x02"}`);
  const [, method] = await wire.exactly(2);
  if (method === "\x02") {
    const field = (text: string) => String.fromCharCode(text.length) + text;
    await wire.send(`\x01${field(url.username)}${field(url.password)}`);
    assert.equal(await wire.exactly(2), "\x01\0");
  }
  await wire.send(`\x05\x01\0\x01\x7f\0\0\x01${portBytes(port)}`);
  return (await wire.exactly(10))[1] === "\0";
}

async function open(wire: Wire, handle: ProxyHandle, variable: string, port: number): Promise<void> {
  assert.ok(await ask(wire, handle, variable, port));
}

Deno.test("a handle tells of the CA bundle as well, and on a unix socket where that stands", async () => {
  using directory = new TempDirectory();
  const listener = Deno.listen({ transport: "unix", path: directory.at("s") });
  const options = { net: LOCAL, listener, onEvent: () => {}, caBundle: "/etc/corp.pem" };
  await using handle = await openProxy({ ...options, path: "/moved/s" });
  assert.deepEqual(handle.place, { kind: "unix", path: "/moved/s" });
  assert.deepEqual([...handle.environment()], [["TOMBOLO_PROXY_SOCKET", "/moved/s"]]);
  assert.equal(handle.environment(BRIDGE_PORT).get("SSL_CERT_FILE"), "/etc/corp.pem");
  assert.equal(handle.environment(BRIDGE_PORT).get("HTTP_PROXY"), `http://127.0.0.1:${BRIDGE_PORT}`);
});

const VARIABLES = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "ALL_PROXY"];

for (const variant of VARIANTS) {
  Deno.test(`${variant.name}: a client that heeds its environment reaches a host`, async () => {
    await using setup = new Setup();
    await using server = echoServer();
    const handle = await setup.open(variant);
    for (const variable of VARIABLES) {
      const wire = await setup.connect(handle);
      await open(wire, handle, variable, server.port);
      await wire.send("to and fro");
      assert.equal(await wire.exactly(10), "to and fro", variable);
    }
    assert.equal(server.accepted, VARIABLES.length);
  });

  Deno.test(`${variant.name}: a half-close passes`, async () => {
    await using setup = new Setup();
    await using server = new TcpServer(async (wire) => wire.send(`got ${(await wire.toEnd()).length}`));
    const handle = await setup.open(variant);
    const wire = await setup.connect(handle);
    await open(wire, handle, "HTTPS_PROXY", server.port);
    await wire.send("x".repeat(10_000));
    await wire.endWriting();
    assert.equal(await wire.toEnd(), "got 10000");
  });

  Deno.test(`${variant.name}: a host that nobody serves is refused, and the next one is reached`, async () => {
    await using setup = new Setup();
    const gone = echoServer();
    const { port } = gone;
    await gone[Symbol.asyncDispose]();
    const handle = await setup.open(variant);
    assert.equal(await ask(await setup.connect(handle), handle, "HTTPS_PROXY", port), false);
    await using server = echoServer();
    assert.equal(await ask(await setup.connect(handle), handle, "HTTPS_PROXY", server.port), true);
  });

  Deno.test(`${variant.name}: closing ends what is open, settles its end, and nobody listens`, async () => {
    await using setup = new Setup();
    await using server = echoServer();
    const handle = await setup.open(variant);
    const wire = await setup.connect(handle);
    await open(wire, handle, "HTTPS_PROXY", server.port);
    await handle.close();
    assert.equal(await wire.toEnd(), "");
    assert.ok((await handle.ended).length > 0);
    await assert.rejects(setup.connect(handle));
    await handle.close();
  });
}

for (const variant of VARIANTS.filter(({ external }) => external !== undefined)) {
  Deno.test(`${variant.name}: when that has died nobody is led to its port any more`, async () => {
    await using setup = new Setup();
    await using server = echoServer();
    const handle = await setup.open(variant);
    await open(await setup.connect(handle), handle, "HTTPS_PROXY", server.port);
    const { external } = setup;
    assert.ok(external !== undefined);
    killExternal(external);
    assert.equal(await handle.ended, "ended with status 137");
    await using impostor = new TcpServer(() => Promise.resolve(), "127.0.0.1", external.port);
    const attempt = async () => await ask(await setup.connect(handle), handle, "HTTPS_PROXY", server.port);
    // Refused by the gateway, or there is nobody to ask.
    assert.equal(await attempt().catch(() => false), false);
    assert.equal(impostor.accepted, 0);
  });
}
