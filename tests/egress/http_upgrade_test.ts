import assert from "node:assert/strict";
import { startGateway } from "./fixtures/running_gateway.ts";
import { headServer, TcpServer } from "./fixtures/tcp_server.ts";
import type { Wire } from "./fixtures/wire.ts";

const LOCAL = { allow: ["*.test", "127.0.0.1"], resolve: { "ok.test": ["127.0.0.1"] } };

function get(port: number, path = "/", fields = ""): string {
  return `GET http://ok.test:${port}${path} HTTP/1.1\r\nHost: ok.test:${port}\r\n${fields}\r\n`;
}

async function upgrade(wire: Wire, port: number, early: string): Promise<string> {
  await wire.send(get(port, "/chat", "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n") + early);
  const { status, head } = await wire.response();
  assert.equal(status, 101);
  return head;
}

Deno.test("an upgrade becomes a tunnel, early bytes of both sides included", async () => {
  await using server = new TcpServer(async (wire) => {
    const head = await wire.until("\r\n\r\n");
    assert.match(head, /^Connection: Upgrade\r\nUpgrade: websocket\r$/m);
    await wire.send(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nwelcome ",
    );
    await wire.send(await wire.exactly(5));
    await wire.send(await wire.toEnd());
  });
  await using running = await startGateway(LOCAL);
  const wire = await running.connect();
  assert.match(await upgrade(wire, server.port, "early"), /^Upgrade: websocket\r$/m);
  assert.equal(await wire.exactly(13), "welcome early");
  await wire.send("later");
  await wire.endWriting();
  assert.equal(await wire.toEnd(), "later");
  const { detail } = await running.events.next();
  assert.ok(Number(detail?.["sent"]) > 10 && Number(detail?.["received"]) > 18);
});

Deno.test("N8: protocols in which further requests could follow are not offered to the server", async () => {
  await using server = headServer();
  await using running = await startGateway(LOCAL);
  const cases: readonly (readonly [offered: string, passed: string | undefined])[] = [
    ["h2c", undefined],
    ["TLS/1.0, HTTP/2.0", undefined],
    ["H2C, websocket", "websocket"],
    ["SPDY/3.1", "SPDY/3.1"],
  ];
  for (const [offered, passed] of cases) {
    const wire = await running.connect();
    await wire.send(
      get(
        server.port,
        "/",
        `Connection: Upgrade, HTTP2-Settings\r\nUpgrade: ${offered}\r\nHTTP2-Settings: AAA\r\n`,
      ),
    );
    const { body } = await wire.response();
    assert.equal(/^Upgrade: (.*)\r$/m.exec(body)?.[1], passed, offered);
    assert.equal(/^Connection: Upgrade\r$/m.test(body), passed !== undefined, offered);
    assert.doesNotMatch(body, /HTTP2-Settings/);
  }
});
