import assert from "node:assert/strict";
import { hello, helloMessage, inRecords, serverName, TLS13 } from "./fixtures/client_hello.ts";
import { Recorder } from "./fixtures/recorder.ts";
import { retryRequest } from "./fixtures/retry_request.ts";
import { startGateway } from "./fixtures/running_gateway.ts";
import { echoServer, TcpServer } from "./fixtures/tcp_server.ts";
import { byConnect, DECODE_ERROR, TUNNELS, UNRECOGNIZED_NAME } from "./fixtures/tunnel_through.ts";

const LOCAL = { allow: ["127.0.0.1", "*.test"], resolve: { "ok.test": ["127.0.0.1"] } };

function text(data: Uint8Array): string {
  return String.fromCharCode(...data);
}

for (const [how, tunnel] of Object.entries(TUNNELS)) {
  Deno.test(`a ClientHello for the host that was asked for passes whole, ${how}, its name in the event`, async () => {
    await using server = echoServer();
    await using running = await startGateway(LOCAL);
    for (const name of ["ok.test", "OK.Test."]) {
      const sent = text(hello(name)) + "and what follows";
      const wire = await tunnel(running, "ok.test", server.port);
      await wire.send(sent);
      await wire.endWriting();
      assert.equal(await wire.toEnd(), sent);
      const { decision, detail } = await running.events.next();
      assert.deepEqual([decision, detail?.["serverName"], detail?.["sent"], detail?.["ended"]], [
        "allow",
        name,
        sent.length,
        "eof",
      ]);
    }
  });

  Deno.test(`a ClientHello for another host is refused by an alert, ${how}, and recorded once`, async () => {
    await using server = new Recorder();
    await using running = await startGateway(LOCAL);
    const wire = await tunnel(running, "ok.test", server.port);
    await wire.send(hello("Other.example"));
    assert.equal(await wire.toEnd(), UNRECOGNIZED_NAME);
    assert.equal(await server.next(), "");
    const { decision, target, reason, rule, suggestion, detail } = await running.events.next();
    assert.deepEqual([decision, target, reason], [
      "deny",
      `ok.test:${server.port}`,
      "the TLS server name is other.example",
    ]);
    assert.deepEqual([rule, suggestion], [undefined, undefined]);
    assert.deepEqual([detail?.["serverName"], detail?.["sent"], detail?.["received"]], [
      "Other.example",
      0,
      0,
    ]);
    assert.equal(running.events.all.length, 1);
  });
}

Deno.test("a ClientHello passes however it is cut into records and segments", async () => {
  await using server = echoServer();
  await using running = await startGateway(LOCAL);
  const message = helloMessage({ extensions: [serverName("ok.test"), ...TLS13] });
  for (const records of [[], [1, 1, 1, 1, 1], [60, 1, 30], Array(message.length).fill(1)]) {
    const sent = inRecords(message, ...records);
    const wire = await byConnect(running, "ok.test", server.port);
    for (const byte of sent) await wire.send(Uint8Array.of(byte));
    assert.equal(await wire.exactly(sent.length), text(sent));
  }
});

Deno.test("a ClientHello that comes with the request is looked at as any other", async () => {
  await using server = echoServer();
  await using running = await startGateway(LOCAL);
  for (const name of ["ok.test", "other.test"]) {
    const wire = await running.connect();
    await wire.send(`CONNECT ok.test:${server.port} HTTP/1.1\r\n\r\n${text(hello(name))}`);
    assert.equal((await wire.response("CONNECT")).status, 200);
    await wire.endWriting();
    assert.equal(await wire.toEnd(), name === "ok.test" ? text(hello(name)) : UNRECOGNIZED_NAME);
  }
});

Deno.test("a server may speak first, and a client that answers it speaks no TLS", async () => {
  await using server = new TcpServer(async (wire) => {
    await wire.send("220 welcome\r\n");
    await wire.send(`heard ${await wire.exactly(4)}`);
  });
  await using running = await startGateway(LOCAL);
  const wire = await byConnect(running, "ok.test", server.port);
  assert.equal(await wire.until("\r\n"), "220 welcome\r\n");
  // As a MySQL client's, whose first byte is a length.
  await wire.send("\x16\0\0\x01");
  assert.equal(await wire.toEnd(), "heard \x16\0\0\x01");
});

Deno.test("a client that says nothing meets no limit but the idle one", async () => {
  await using server = new TcpServer(async (wire) => {
    await wire.send(`heard ${await wire.toEnd()}`);
  });
  await using running = await startGateway(LOCAL, { limits: { handshake: 40 } });
  const silent = await byConnect(running, "ok.test", server.port);
  // The end of one that began later and said half of a ClientHello shows that the limit has passed.
  const slow = await byConnect(running, "ok.test", server.port);
  await slow.send(hello("ok.test").subarray(0, 60));
  assert.equal(await slow.toEnd(), DECODE_ERROR);
  const { decision, reason } = await running.events.next();
  assert.equal(decision, "deny");
  assert.equal(reason, "the TLS handshake is malformed: it was not complete in time");
  await silent.endWriting();
  assert.equal(await silent.toEnd(), "heard ");
});

Deno.test("a client that closes inside its ClientHello is refused, one that closes before is not", async () => {
  await using server = new Recorder();
  await using running = await startGateway(LOCAL);
  for (
    const [length, heard] of [[0, ""], [1, DECODE_ERROR], [5, DECODE_ERROR], [100, DECODE_ERROR]] as const
  ) {
    const wire = await byConnect(running, "ok.test", server.port);
    await wire.send(hello("ok.test").subarray(0, length));
    await wire.endWriting();
    assert.equal(await wire.toEnd(), heard);
    assert.equal(await server.next(), "");
    const { decision, reason } = await running.events.next();
    assert.equal(decision, length === 0 ? "allow" : "deny");
    if (length > 0) assert.equal(reason, "the TLS handshake is malformed: it is cut off");
  }
});

Deno.test("a refusal reaches a client that goes on sending, and gives its place to the next", async () => {
  await using server = echoServer();
  await using running = await startGateway(LOCAL, { limits: { tunnels: 1 } });
  const wire = await byConnect(running, "ok.test", server.port);
  const sending = wire.send(text(hello("other.test")) + "x".repeat(300_000));
  assert.equal(await wire.toEnd(), UNRECOGNIZED_NAME);
  await sending;
  const next = await byConnect(running, "ok.test", server.port);
  await next.send("plain");
  assert.equal(await next.exactly(5), "plain");
});

Deno.test("on port 443 only TLS passes, unless a rule names the port", async () => {
  await using server = echoServer();
  const connect = (_address: string, _port: number, signal: AbortSignal) =>
    Deno.connect({ hostname: "127.0.0.1", port: server.port, signal });
  await using running = await startGateway({
    ...LOCAL,
    allow: [...LOCAL.allow, "named.test:443"],
    resolve: {
      ...LOCAL.resolve,
      "named.test": ["127.0.0.1"],
    },
  }, { connect });
  const refused = await byConnect(running, "ok.test", 443);
  await refused.send("SSH-2.0-x\r\n");
  assert.equal(await refused.toEnd(), "");
  const { decision, reason, suggestion, detail } = await running.events.next();
  assert.deepEqual([decision, reason, suggestion, detail?.["sent"]], [
    "deny",
    "the first bytes are not TLS, and no rule for the host names port 443",
    "--allow-net=ok.test:443",
    0,
  ]);
  const named = await byConnect(running, "named.test", 443);
  await named.send("SSH-2.0-x\r\n");
  assert.equal(await named.exactly(11), "SSH-2.0-x\r\n");
  const tls = await byConnect(running, "ok.test", 443);
  await tls.send(hello("ok.test"));
  assert.equal(await tls.exactly(hello("ok.test").length), text(hello("ok.test")));
});

Deno.test("a second ClientHello that a server asks for passes if it names the host again", async () => {
  await using server = new Recorder(retryRequest());
  await using running = await startGateway(LOCAL);
  const padding = "\x14\x03\x03\0\x01\x01";
  const wire = await byConnect(running, "ok.test", server.port);
  await wire.send(hello("ok.test"));
  await wire.exactly(retryRequest().length);
  await wire.send(padding);
  await wire.send(text(hello("ok.test")) + "\x17\x03\x03\0\x02ab");
  await wire.endWriting();
  await wire.toEnd();
  assert.equal(
    await server.next(),
    `${text(hello("ok.test"))}${padding}${text(hello("ok.test"))}\x17\x03\x03\0\x02ab`,
  );
  assert.equal((await running.events.next()).decision, "allow");
});

Deno.test("what begins like an alert, or like SSL 2, and goes on as something else passes however it is cut", async () => {
  await using server = echoServer();
  await using running = await startGateway(LOCAL);
  for (
    const sent of ["\x15", "\x15\x01\0\0\x04more", "\x80", "\x80\0\x01\x04", "\xff\xfd\x03", "\x19\x03\x01"]
  ) {
    const wire = await byConnect(running, "ok.test", server.port);
    for (const byte of sent) await wire.send(byte);
    await wire.endWriting();
    assert.equal(await wire.toEnd(), sent);
  }
});

Deno.test("a warning before the ClientHello is refused however it is cut", async () => {
  await using server = new Recorder();
  await using running = await startGateway(LOCAL);
  for (const warning of ["\x15\x03\x01\0\x02\x01\x5a", "\x15\0\0\0\x02\x01\x5a", "\x80\x1c\x01\x03"]) {
    const wire = await byConnect(running, "ok.test", server.port);
    for (const byte of warning) await wire.send(byte).catch(() => {});
    assert.equal(await wire.toEnd(), DECODE_ERROR);
    assert.equal(await server.next(), "");
  }
});
