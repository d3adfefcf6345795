import assert from "node:assert/strict";
import { startGateway } from "./fixtures/running_gateway.ts";
import { TcpServer } from "./fixtures/tcp_server.ts";

const LOCAL = {
  allow: ["127.0.0.1", "*.test"],
  resolve: { "ok.test": ["127.0.0.1"], "two.test": ["127.0.0.1"] },
};

function request(port: number, path: string, method = "GET", rest = "\r\n", host = "ok.test"): string {
  return `${method} http://${host}:${port}${path} HTTP/1.1\r\nHost: ${host}:${port}\r\n${rest}`;
}

function response(body: string, fields = ""): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n${fields}\r\n${body}`;
}

/** Answers every request of a connection with its path and how many connections have come. */
function pathServer(fields = ""): TcpServer {
  const server: TcpServer = new TcpServer(async (wire) => {
    const number = server.accepted;
    for (;;) {
      const head = await wire.until("\r\n\r\n");
      const length = Number(/^content-length: ([0-9]+)\r$/im.exec(head)?.[1] ?? 0);
      await wire.exactly(length);
      await wire.send(response(`${head.split(" ")[1]} ${number}`, fields));
    }
  });
  return server;
}

Deno.test("plain requests share a connection to the server, also those of different clients", async () => {
  await using server = pathServer();
  await using running = await startGateway(LOCAL);
  const wire = await running.connect();
  for (const path of ["/a", "/b", "/c"]) {
    await wire.send(request(server.port, path));
    assert.equal((await wire.response()).body, `${path} 1`);
  }
  const other = await running.connect();
  await other.send(request(server.port, "/d"));
  assert.equal((await other.response()).body, "/d 1");
  for (let i = 0; i < 4; i++) {
    const { decision, detail } = await running.events.next();
    assert.deepEqual([decision, detail?.["via"], detail?.["address"]], ["allow", "http", "127.0.0.1"]);
  }
});

Deno.test("requests at the same time have a connection each", async () => {
  await using server = pathServer();
  await using running = await startGateway(LOCAL);
  const wires = await Promise.all([running.connect(), running.connect(), running.connect()]);
  const bodies = await Promise.all(wires.map(async (wire, i) => {
    await wire.send(request(server.port, `/${i}`));
    return (await wire.response()).body.slice(0, 2);
  }));
  assert.deepEqual(bodies, ["/0", "/1", "/2"]);
  assert.ok(server.accepted >= 1 && server.accepted <= 3);
});

Deno.test("two names of one server do not share a connection", async () => {
  await using server = pathServer();
  await using running = await startGateway(LOCAL);
  const wire = await running.connect();
  await wire.send(request(server.port, "/a"));
  assert.equal((await wire.response()).body, "/a 1");
  await wire.send(request(server.port, "/b", "GET", "\r\n", "two.test"));
  assert.equal((await wire.response()).body, "/b 2");
});

Deno.test("what cannot be sent twice gets a connection of its own", async () => {
  await using server = pathServer();
  await using running = await startGateway(LOCAL);
  const wire = await running.connect();
  await wire.send(request(server.port, "/a"));
  assert.equal((await wire.response()).body, "/a 1");
  await wire.send(request(server.port, "/b", "POST", "\r\n"));
  assert.equal((await wire.response()).body, "/b 2");
  await wire.send(request(server.port, "/c", "PUT", "Content-Length: 2\r\n\r\nhi"));
  assert.equal((await wire.response()).body, "/c 3");
});

Deno.test("a server that ends the connection, or says that it will, is not asked again on it", async () => {
  for (const last of ["Connection: close\r\n", "Connection: Close, x\r\n"]) {
    await using server = pathServer(last);
    await using running = await startGateway(LOCAL);
    const wire = await running.connect();
    await wire.send(request(server.port, "/a") + request(server.port, "/b"));
    assert.equal((await wire.response()).body, "/a 1");
    assert.equal((await wire.response()).body, "/b 2");
  }
  await using http10 = new TcpServer(async (wire) => {
    await wire.until("\r\n\r\n");
    await wire.send("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    await wire.toEnd();
  });
  await using running = await startGateway(LOCAL);
  const wire = await running.connect();
  await wire.send(request(http10.port, "/a") + request(http10.port, "/b"));
  assert.equal((await wire.response()).body + (await wire.response()).body, "hihi");
  assert.equal(http10.accepted, 2);
});

Deno.test("a request that meets a connection's end is sent again on a new one, once and without a second event", async () => {
  // The end comes only when the second request has arrived, so that nobody can have seen it before.
  await using server: TcpServer = new TcpServer(async (wire) => {
    const number = server.accepted;
    await wire.until("\r\n\r\n");
    await wire.send(response(`${number}`));
    await wire.until("\r\n\r\n");
  });
  await using running = await startGateway(LOCAL);
  const wire = await running.connect();
  for (const body of ["1", "2", "3"]) {
    await wire.send(request(server.port, "/"));
    assert.equal((await wire.response()).body, body);
  }
  await wire.endWriting();
  await wire.toEnd();
  assert.equal(running.events.all.length, 3);
});

Deno.test("a connection that has said more than was asked is not used again", async () => {
  await using server: TcpServer = new TcpServer(async (wire) => {
    const number = server.accepted;
    for (;;) {
      await wire.until("\r\n\r\n");
      await wire.send(response(`${number}`) + (number === 1 ? response("stale") : ""));
    }
  });
  await using running = await startGateway(LOCAL);
  const wire = await running.connect();
  await wire.send(request(server.port, "/a"));
  assert.equal((await wire.response()).body, "1");
  await wire.send(request(server.port, "/b"));
  assert.equal((await wire.response()).body, "2");
});

Deno.test("trailers pass both ways, less those that would change the message", async () => {
  await using server = new TcpServer(async (wire) => {
    const head = await wire.until("\r\n\r\n");
    const body = await wire.until("0\r\n");
    const trailers = await wire.until("\r\n\r\n");
    assert.match(head, /^TE: trailers\r$/m);
    const echo = `${body}${trailers}`.replaceAll("\r\n", "|");
    await wire.send(
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${echo.length.toString(16)}\r\n${echo}\r\n0\r\n` +
        "X-Sum: 7\r\nContent-Length: 9\r\nset-cookie: a=b\r\n\r\n",
    );
  });
  await using running = await startGateway(LOCAL);
  const wire = await running.connect();
  await wire.send(
    request(server.port, "/", "POST", "TE: trailers\r\nTransfer-Encoding: chunked\r\n\r\n") +
      "2\r\nhi\r\n0\r\nX-Digest: abc\r\nHost: evil.test\r\n\r\n",
  );
  const { body, trailers } = await wire.response();
  assert.equal(body, "2|hi|0|X-Digest: abc||");
  assert.equal(trailers, "X-Sum: 7\r\n");
});

Deno.test("trailers are read as strictly as heads", async () => {
  await using server = pathServer();
  await using running = await startGateway(LOCAL);
  for (const trailer of ["X : y", " folded", "no colon", "X: a\rb", "X: \x01"]) {
    const wire = await running.connect();
    await wire.send(
      request(server.port, "/", "POST", "Transfer-Encoding: chunked\r\n\r\n") + `0\r\n${trailer}\r\n\r\n`,
    );
    assert.equal((await wire.response()).status, 400, trailer);
  }
});

Deno.test("closing the gateway ends the connections that wait for another request", async () => {
  const ended = Promise.withResolvers<string>();
  await using server = new TcpServer(async (wire) => {
    await wire.until("\r\n\r\n");
    await wire.send(response("hi"));
    ended.resolve(await wire.toEnd());
  });
  await using running = await startGateway(LOCAL);
  const wire = await running.connect();
  await wire.send(request(server.port, "/"));
  assert.equal((await wire.response()).body, "hi");
  await running.gateway.close();
  assert.equal(await ended.promise, "");
});

Deno.test("closing the gateway ends a request that waits for its answer", async () => {
  const asked = Promise.withResolvers<void>();
  await using server = new TcpServer(async (wire) => {
    await wire.until("\r\n\r\n");
    asked.resolve();
    await wire.toEnd();
  });
  await using running = await startGateway(LOCAL);
  const wire = await running.connect();
  await wire.send(request(server.port, "/"));
  await asked.promise;
  await running.gateway.close();
  await wire.toEnd();
});

Deno.test("requests that take no connection which another has used leave none behind either", async () => {
  let open = 0;
  let most = 0;
  await using server = new TcpServer(async (wire) => {
    most = Math.max(most, ++open);
    await wire.until("\r\n\r\n");
    await wire.send(response("hi"));
    await wire.toEnd();
    open--;
  });
  await using running = await startGateway(LOCAL);
  const wire = await running.connect();
  for (let i = 0; i < 20; i++) {
    await wire.send(request(server.port, "/", "POST"));
    assert.equal((await wire.response()).body, "hi");
  }
  assert.ok(most <= 4, `${most} connections at once`);
});
