import assert from "node:assert/strict";
import { ByteReader } from "../../lib/egress/byte_reader.ts";
import { IdleConnections } from "../../lib/egress/idle_connections.ts";
import { TcpServer } from "./fixtures/tcp_server.ts";

async function connect(port: number): Promise<{ connection: Deno.Conn; reader: ByteReader }> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  return { connection, reader: new ByteReader(connection) };
}

Deno.test("each connection has its own time, however busy the others are", async () => {
  let ended = false;
  await using server = new TcpServer(async (wire) => {
    await wire.toEnd();
    ended = true;
  });
  await using busy = new TcpServer(async (wire) => {
    for (;;) await wire.send(await wire.exactly(1));
  });
  using idle = new IdleConnections(50);
  idle.park("quiet", await connect(server.port));
  while (!ended) {
    const used = idle.take("busy") ?? await connect(busy.port);
    await used.connection.write(new Uint8Array(1));
    assert.ok(await used.reader.fill());
    used.reader.skip(1);
    idle.park("busy", used);
  }
  assert.equal(idle.take("quiet"), undefined);
});

Deno.test("a connection that has said something unasked is not given out", async () => {
  await using server = new TcpServer(async (wire) => {
    await wire.send("HTTP/1.1 200 OK\r\n\r\n");
    await wire.toEnd();
  });
  using idle = new IdleConnections();
  const connection = await connect(server.port);
  assert.ok(await connection.reader.fill());
  idle.park("key", connection);
  assert.equal(idle.take("key"), undefined);
});
