import assert from "node:assert/strict";
import { bridgeUnixToTcp, UnixToTcpBridge } from "../../lib/egress/bridge_unix_to_tcp.ts";
import { TomboloError } from "../../lib/report/tombolo_error.ts";
import { TempDirectory } from "../launch/temp_directory.ts";
import { echoServer, TcpServer } from "./fixtures/tcp_server.ts";
import { Wire } from "./fixtures/wire.ts";

async function connect(path: string): Promise<Wire> {
  return new Wire(await Deno.connect({ transport: "unix", path }));
}

async function echoes(wire: Wire, text: string): Promise<void> {
  await wire.send(text);
  assert.equal(await wire.exactly(text.length), text);
}

async function refused(path: string, reason: RegExp): Promise<void> {
  await assert.rejects(
    bridgeUnixToTcp(path, 1),
    (error) =>
      error instanceof TomboloError && error.status === 125 && reason.test(error.message) &&
      error.message.startsWith("Cannot listen on socket "),
  );
}

Deno.test("the bridge carries many connections, both ways", async () => {
  using directory = new TempDirectory();
  await using server = echoServer();
  await using _ = await bridgeUnixToTcp(directory.at("s"), server.port);
  const wires = await Promise.all(Array.from({ length: 10 }, () => connect(directory.at("s"))));
  await Promise.all(wires.map((wire, n) => echoes(wire, `${n}`.repeat(100_000))));
  assert.equal(server.accepted, 10);
  for (const wire of wires) wire[Symbol.dispose]();
});

Deno.test("a half-close passes: what comes after it still arrives", async () => {
  using directory = new TempDirectory();
  await using server = new TcpServer(async (wire) => {
    const asked = await wire.toEnd();
    await wire.send(`all of ${asked.length}`);
  });
  await using _ = await bridgeUnixToTcp(directory.at("s"), server.port);
  using wire = await connect(directory.at("s"));
  await wire.send("x".repeat(50_000));
  await wire.endWriting();
  assert.equal(await wire.toEnd(), "all of 50000");
});

Deno.test("only this user may connect to the socket, and it goes with the bridge", async () => {
  using directory = new TempDirectory();
  const path = directory.at("s");
  await using server = echoServer();
  {
    await using _ = await bridgeUnixToTcp(path, server.port);
    const { mode, isSocket } = Deno.lstatSync(path);
    assert.deepEqual([(mode ?? 0) & 0o777, isSocket], [0o600, true]);
    assert.deepEqual(Array.from(Deno.readDirSync(directory.path), ({ name }) => name), ["s"]);
  }
  assert.deepEqual(Array.from(Deno.readDirSync(directory.path)), []);
});

Deno.test("a socket that nobody answers is replaced", async () => {
  using directory = new TempDirectory();
  const path = directory.at("s");
  // Moved away from where it was bound, it stays when its listener is closed.
  const stale = Deno.listen({ transport: "unix", path: directory.at("old") });
  Deno.renameSync(directory.at("old"), path);
  stale.close();
  assert.equal(Deno.lstatSync(path).isSocket, true);
  await using server = echoServer();
  await using _ = await bridgeUnixToTcp(path, server.port);
  using wire = await connect(path);
  await echoes(wire, "new");
});

Deno.test("anything else at the path is an error and stays as it is", async () => {
  using directory = new TempDirectory();
  Deno.writeTextFileSync(directory.at("file"), "kept");
  await refused(directory.at("file"), /no socket/);
  assert.equal(Deno.readTextFileSync(directory.at("file")), "kept");
  Deno.mkdirSync(directory.at("directory"));
  await refused(directory.at("directory"), /no socket/);
  Deno.symlinkSync(directory.at("gone"), directory.at("link"));
  await refused(directory.at("link"), /no socket/);
  await using server = echoServer();
  await using _ = await bridgeUnixToTcp(directory.at("live"), server.port);
  await refused(directory.at("live"), /another process listens/);
  using wire = await connect(directory.at("live"));
  await echoes(wire, "still there");
});

Deno.test("a socket that cannot be bound is an error", async () => {
  using directory = new TempDirectory();
  await refused(directory.at("absent/s"), /No such file/i);
  await refused(directory.at("x".repeat(107)), /longer than 107 bytes/);
  assert.deepEqual(Array.from(Deno.readDirSync(directory.path)), []);
});

Deno.test("a connection that fails ends alone", async () => {
  using directory = new TempDirectory();
  let visits = 0;
  const server = new TcpServer(async (wire) => {
    if (++visits === 2) return;
    await wire.send(await wire.exactly(3));
    await wire.toEnd();
  });
  await using _ = await bridgeUnixToTcp(directory.at("s"), server.port);
  using first = await connect(directory.at("s"));
  await echoes(first, "one");
  using second = await connect(directory.at("s"));
  assert.equal(await second.toEnd(), "");
  using third = await connect(directory.at("s"));
  await echoes(third, "two");
  await server[Symbol.asyncDispose]();
  // Nobody listens there any more: each connection is ended, the next one too.
  for (let n = 0; n < 3; n++) {
    using wire = await connect(directory.at("s"));
    assert.equal(await wire.toEnd(), "");
  }
});

Deno.test("so many connections at once, and the next when one has ended", async () => {
  using directory = new TempDirectory();
  await using server = echoServer();
  await using bridge = new UnixToTcpBridge(server.port, 2);
  bridge.serve(Deno.listen({ transport: "unix", path: directory.at("s") }));
  using first = await connect(directory.at("s"));
  using second = await connect(directory.at("s"));
  await echoes(first, "1");
  await echoes(second, "2");
  using third = await connect(directory.at("s"));
  await third.send("3");
  for (let n = 0; n < 20; n++) await echoes(first, "again");
  assert.equal(server.accepted, 2);
  first[Symbol.dispose]();
  assert.equal(await third.exactly(1), "3");
  assert.equal(server.accepted, 3);
});

Deno.test("it takes a listener over, with a connection that was accepted before", async () => {
  using directory = new TempDirectory();
  await using server = echoServer();
  const listener = Deno.listen({ transport: "unix", path: directory.at("s") });
  using early = await connect(directory.at("s"));
  const accepted = await listener.accept();
  await using bridge = new UnixToTcpBridge(server.port);
  bridge.serve(listener, accepted);
  await echoes(early, "early");
  using late = await connect(directory.at("s"));
  await echoes(late, "late");
});

Deno.test("disposal ends live connections and waiting ones", async () => {
  using directory = new TempDirectory();
  await using server = echoServer();
  const bridge = new UnixToTcpBridge(server.port, 1);
  bridge.serve(Deno.listen({ transport: "unix", path: directory.at("s") }));
  using live = await connect(directory.at("s"));
  await echoes(live, "live");
  using waiting = await connect(directory.at("s"));
  await bridge.close();
  assert.deepEqual([await live.toEnd(), await waiting.toEnd()], ["", ""]);
  await assert.rejects(connect(directory.at("s")));
  await bridge.close();
});
