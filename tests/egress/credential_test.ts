import assert from "node:assert/strict";
import { Gateway } from "../../lib/egress/gateway.ts";
import { ListenerCredential } from "../../lib/egress/listener_credential.ts";
import { portBytes } from "./fixtures/attempt.ts";
import { netPolicy } from "./fixtures/net_policy.ts";
import { EventLog } from "./fixtures/running_gateway.ts";
import { headServer } from "./fixtures/tcp_server.ts";
import { Wire } from "./fixtures/wire.ts";

/** A gateway on a TCP port that asks for a credential. */
class Guarded implements AsyncDisposable {
  readonly events = new EventLog();
  readonly credential = ListenerCredential.random();
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #wires: Wire[] = [];
  readonly #gateway = new Gateway({
    policy: netPolicy({ allow: ["ok.test", "127.0.0.1"], resolve: { "ok.test": ["127.0.0.1"] } }),
    onEvent: this.events.sink,
  });

  constructor() {
    this.#gateway.serve(this.#listener, { credential: this.credential });
  }

  /** A Proxy-Authorization field. */
  field(
    { username, password }: { username: string; password: string } = this.credential.credentials,
  ): string {
    return `Proxy-Authorization: Basic ${btoa(`${username}:${password}`)}\r\n`;
  }

  async connect(): Promise<Wire> {
    const wire = new Wire(await Deno.connect({ hostname: "127.0.0.1", port: this.#listener.addr.port }));
    this.#wires.push(wire);
    return wire;
  }

  /** Sends a request and gives back all that is answered. */
  async ask(request: string): Promise<string> {
    const wire = await this.connect();
    await wire.send(request);
    await wire.endWriting();
    return await wire.toEnd();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const wire of this.#wires) wire[Symbol.dispose]();
    await this.#gateway.close();
  }
}

/** Every way to have the credential not quite right. */
function wrongOnes({ username, password }: { username: string; password: string }) {
  const swapped = password[0] === "a" ? "b" : "a";
  return [
    { username, password: "" },
    { username: "", password },
    { username: "", password: "" },
    { username: "Tombolo", password },
    { username, password: password.slice(0, -1) },
    { username, password: `${password}0` },
    { username, password: swapped + password.slice(1) },
    { username, password: password.slice(0, -1) + (password.at(-1) === "a" ? "b" : "a") },
    { username, password: password.toUpperCase() + "x" },
    { username: `${username}:${password}`, password: "" },
    { username: "root", password: "x".repeat(200) },
  ];
}

Deno.test("a tunnel opens with the credential, and the server never sees it", async () => {
  await using server = headServer();
  await using guarded = new Guarded();
  const wire = await guarded.connect();
  await wire.send(`CONNECT ok.test:${server.port} HTTP/1.1\r\n${guarded.field()}\r\n`);
  assert.equal((await wire.response("CONNECT")).status, 200);
  const url = `http://ok.test:${server.port}/`;
  const host = `Host: ok.test:${server.port}\r\n`;
  const text = await guarded.ask(`GET ${url} HTTP/1.1\r\n${host}${guarded.field()}X: kept\r\n\r\n`);
  assert.match(text, /^HTTP\/1\.1 200 /);
  assert.match(text, /X: kept/i);
  assert.doesNotMatch(text, /authorization/i);
});

Deno.test("without a credential the answer is 407, says what is wanted, and ends the connection", async () => {
  await using server = headServer();
  await using guarded = new Guarded();
  const requests = [
    `CONNECT ok.test:${server.port} HTTP/1.1\r\n\r\n`,
    `GET http://ok.test:${server.port}/ HTTP/1.1\r\nHost: ok.test:${server.port}\r\n\r\n`,
    "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
  ];
  for (const request of requests) {
    const text = await guarded.ask(request + request);
    assert.match(text, /^HTTP\/1\.1 407 Proxy Authentication Required\r\n/);
    assert.match(text, /\r\nProxy-Authenticate: Basic realm="tombolo"\r\n/);
    assert.match(text, /\r\nProxy-Status: tombolo; error=http_request_denied; details="/);
    assert.match(text, /\r\n\r\ntombolo: [^\n]*HTTPS_PROXY[^\n]*\n$/);
    assert.equal(text.split("HTTP/1.1 ").length, 2, "only the first request is answered");
  }
  assert.match(
    await guarded.ask("HEAD http://ok.test/ HTTP/1.1\r\nHost: ok.test\r\n\r\n"),
    /^HTTP\/1\.1 407 .*\r\n\r\n$/s,
  );
  assert.equal(server.accepted, 0);
  assert.deepEqual(guarded.events.all, []);
});

Deno.test("a wrong credential is 407 and an event that does not hold it", async () => {
  await using server = headServer();
  await using guarded = new Guarded();
  const wrong = wrongOnes(guarded.credential.credentials);
  for (const credentials of wrong) {
    const text = await guarded.ask(
      `CONNECT ok.test:${server.port} HTTP/1.1\r\n${guarded.field(credentials)}\r\n`,
    );
    assert.match(text, /^HTTP\/1\.1 407 /, JSON.stringify(credentials));
  }
  assert.equal(guarded.events.all.length, wrong.length);
  for (const event of guarded.events.all) {
    assert.deepEqual([event.kind, event.decision, event.target], ["net", "deny", `ok.test:${server.port}`]);
    assert.equal(event.reason, "the proxy credential is wrong");
    assert.doesNotMatch(JSON.stringify(event), new RegExp(guarded.credential.credentials.password, "i"));
  }
  assert.equal(server.accepted, 0);
});

Deno.test("a header of another form is wrong, and so are two of them", async () => {
  await using guarded = new Guarded();
  const good = guarded.field();
  const token = good.slice("Proxy-Authorization: Basic ".length, -2);
  const headers = [
    good + good,
    `${good}Proxy-Authorization: Basic eA==\r\n`,
    `Proxy-Authorization: Bearer ${token}\r\n`,
    `Proxy-Authorization: ${token}\r\n`,
    "Proxy-Authorization: Basic\r\n",
    "Proxy-Authorization: Basic !!!!\r\n",
    "Proxy-Authorization:\r\n",
    `Proxy-Authorization: Basic ${token} ${token}\r\n`,
    `Proxy-Authorization: Basic ${token}, Basic ${token}\r\n`,
  ];
  for (const header of headers) {
    assert.match(
      await guarded.ask(`CONNECT ok.test:1 HTTP/1.1\r\n${header}\r\n`),
      /^HTTP\/1\.1 407 /,
      header,
    );
  }
  // The server's own credential is something else.
  const authorization = good.replace("Proxy-", "");
  assert.match(await guarded.ask(`CONNECT ok.test:1 HTTP/1.1\r\n${authorization}\r\n`), /^HTTP\/1\.1 407 /);
  // The scheme's name may be in any case (RFC 9110 section 11.1).
  const lower = good.replace("Basic", "bASIC ");
  assert.match(await guarded.ask(`CONNECT no.test:1 HTTP/1.1\r\n${lower}\r\n`), /^HTTP\/1\.1 403 /);
});

Deno.test("the event of a wrong credential holds the host, and nothing else of a URL", async () => {
  await using guarded = new Guarded();
  const wrong = guarded.field({ username: "a", password: "b" });
  await guarded.ask(
    `GET http://me:secret@ok.test/path?token=secret HTTP/1.1\r\nHost: ok.test\r\n${wrong}\r\n`,
  );
  assert.equal(guarded.events.all[0]?.target, "ok.test");
  assert.doesNotMatch(JSON.stringify(guarded.events.all), /secret/);
});

Deno.test("every request of a connection is asked for the credential", async () => {
  await using server = headServer();
  await using guarded = new Guarded();
  const wire = await guarded.connect();
  const request = (field: string) =>
    wire.send(`GET http://ok.test:${server.port}/ HTTP/1.1\r\nHost: ok.test:${server.port}\r\n${field}\r\n`);
  for (let n = 0; n < 2; n++) {
    await request(guarded.field());
    assert.equal((await wire.response()).status, 200);
  }
  await request("");
  assert.equal((await wire.response()).status, 407);
  assert.equal(await wire.toEnd(), "");
});

/** A SOCKS5 greeting that offers these methods. */
function greeting(...methods: readonly number[]): string {
  return String.fromCharCode(5, methods.length, ...methods);
}

/** The negotiation of RFC 1929. */
function negotiation(username: string, password: string): string {
  const field = (text: string) => String.fromCharCode(text.length) + text;
  return `\x01${field(username)}${field(password)}`;
}

Deno.test("SOCKS asks for the credential, and connects with it", async () => {
  await using server = headServer();
  await using guarded = new Guarded();
  const { username, password } = guarded.credential.credentials;
  for (const methods of [[2], [0, 2], [2, 0, 1]]) {
    const wire = await guarded.connect();
    await wire.send(greeting(...methods));
    assert.equal(await wire.exactly(2), "\x05\x02");
    await wire.send(negotiation(username, password));
    assert.equal(await wire.exactly(2), "\x01\0");
    await wire.send(`\x05\x01\0\x03\x07ok.test${portBytes(server.port)}`);
    assert.equal((await wire.exactly(10))[1], "\0");
    await wire.send("GET / HTTP/1.1\r\n\r\n");
    assert.equal((await wire.response()).status, 200);
  }
  assert.equal(server.accepted, 3);
});

Deno.test("SOCKS without a method that carries the credential is refused and ended", async () => {
  await using server = headServer();
  await using guarded = new Guarded();
  for (const methods of [[0], [1], [0, 1, 3, 0xff]]) {
    const text = await guarded.ask(
      `${greeting(...methods)}\x05\x01\0\x01\x7f\0\0\x01${portBytes(server.port)}`,
    );
    assert.equal(text, "\x05\xff");
  }
  assert.equal(server.accepted, 0);
});

Deno.test("SOCKS with a wrong credential is told so and ended, and an event says it without the credential", async () => {
  await using server = headServer();
  await using guarded = new Guarded();
  const wrong = wrongOnes(guarded.credential.credentials);
  for (const { username, password } of wrong) {
    const request = `\x05\x01\0\x01\x7f\0\0\x01${portBytes(server.port)}`;
    const text = await guarded.ask(`${greeting(2)}${negotiation(username, password)}${request}`);
    assert.equal(text, "\x05\x02\x01\x01");
  }
  assert.deepEqual(
    guarded.events.all.map(({ reason }) => reason),
    wrong.map(() => "the proxy credential is wrong"),
  );
  assert.doesNotMatch(
    JSON.stringify(guarded.events.all),
    new RegExp(guarded.credential.credentials.password),
  );
  assert.equal(server.accepted, 0);
});

Deno.test("a negotiation of another version, or cut off, is ended without an answer", async () => {
  await using guarded = new Guarded();
  const { username, password } = guarded.credential.credentials;
  const right = negotiation(username, password);
  for (
    const bad of [
      `\x05${right.slice(1)}`,
      `\0${right.slice(1)}`,
      right.slice(0, -1),
      right.slice(0, 3),
      "\x01",
      "",
    ]
  ) {
    assert.equal(await guarded.ask(greeting(2) + bad), "\x05\x02");
  }
});

Deno.test("no two credentials are alike, and a URL takes one as it is", () => {
  const made = Array.from({ length: 50 }, () => ListenerCredential.random().credentials);
  assert.equal(new Set(made.map(({ password }) => password)).size, 50);
  for (const { username, password } of made) {
    assert.equal(username, "tombolo");
    assert.match(password, /^[0-9a-f]{48}$/);
  }
});
