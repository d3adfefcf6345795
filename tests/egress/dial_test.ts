import assert from "node:assert/strict";
import { type Connect, dial, DialError, type DialOptions } from "../../lib/egress/dial.ts";
import type { Resolver } from "../../lib/egress/resolve.ts";
import { HostPort } from "../../lib/host/host_port.ts";
import { ip, netPolicy, type PolicyText } from "./fixtures/net_policy.ts";
import { TcpServer } from "./fixtures/tcp_server.ts";

/** Answers with one list after another, and counts the look-ups. */
function answers(...lists: readonly (readonly string[])[]): { resolver: Resolver; asked: string[] } {
  const asked: string[] = [];
  const resolver: Resolver = (name) => {
    const list = lists[Math.min(asked.length, lists.length - 1)] ?? [];
    asked.push(name);
    return Promise.resolve(list.map(ip));
  };
  return { resolver, asked };
}

/** Attempts that a test settles by hand, by address. */
function attempts() {
  const started: string[] = [];
  const byAddress = new Map<string, PromiseWithResolvers<Deno.Conn>>();
  const waiting = new Map<string, () => void>();
  const connect: Connect = (address, _, signal) => {
    const attempt = Promise.withResolvers<Deno.Conn>();
    signal.addEventListener("abort", () => attempt.reject(signal.reason));
    byAddress.set(address, attempt);
    started.push(address);
    waiting.get(address)?.();
    return attempt.promise;
  };
  const begun = async (address: string) => {
    if (!byAddress.has(address)) await new Promise<void>((resolve) => waiting.set(address, resolve));
    const attempt = byAddress.get(address);
    assert.ok(attempt);
    return attempt;
  };
  return { connect, started, begun };
}

function options(policy: PolicyText, more: Partial<DialOptions>): DialOptions {
  return { policy: netPolicy(policy), resolver: () => Promise.resolve([]), ownAddresses: () => [], ...more };
}

async function failure(target: string, given: DialOptions): Promise<DialError> {
  try {
    const { connection } = await dial(HostPort.parse(target), given);
    connection.close();
  } catch (error) {
    assert.ok(error instanceof DialError, String(error));
    return error;
  }
  assert.fail(`${target} was dialed`);
}

const refused = () => new Deno.errors.ConnectionRefused("refused");

/** A connection that only remembers whether it was closed. */
function fakeConnection(): Deno.Conn & { closed: Promise<void> } {
  const closed = Promise.withResolvers<void>();
  return { close: closed.resolve, closed: closed.promise } as unknown as Deno.Conn & {
    closed: Promise<void>;
  };
}

Deno.test("a name is looked up once for each dial, and the checked address is dialed", async () => {
  await using server = new TcpServer((wire) => wire.send("hi"));
  const { resolver, asked } = answers(["127.0.0.1"], ["10.0.0.1"]);
  const given = options({ allow: ["db.test", "127.0.0.1"] }, { resolver });
  const { connection, address } = await dial(HostPort.of("db.test", server.port), given);
  connection.close();
  assert.equal(String(address), "127.0.0.1");
  assert.deepEqual(asked, ["db.test"]);
});

Deno.test("N5: an answer that turns private is refused at the next dial", async () => {
  const { resolver, asked } = answers(["203.0.113.1"], ["169.254.169.254"]);
  const dialed: string[] = [];
  const connect: Connect = (address) => {
    dialed.push(address);
    return Promise.reject(refused());
  };
  const given = options({ allowAll: true }, { resolver, connect });
  assert.equal((await failure("rebind.test:80", given)).failure, "refused");
  const second = await failure("rebind.test:80", given);
  assert.deepEqual([second.failure, second.decision?.reason], [
    "denied",
    "it resolves to 169.254.169.254, which is metadata",
  ]);
  assert.deepEqual([asked.length, dialed], [2, ["203.0.113.1"]]);
});

Deno.test("N5: of mixed answers only the public ones are dialed", async () => {
  const { resolver } = answers(["127.0.0.1", "203.0.113.1", "fd00::1", "::ffff:10.0.0.1", "203.0.113.2"]);
  const { connect, started, begun } = attempts();
  const dialing = failure("mixed.test:80", options({ allowAll: true }, { resolver, connect }));
  for (const address of ["203.0.113.1", "203.0.113.2"]) (await begun(address)).reject(refused());
  assert.equal((await dialing).failure, "refused");
  assert.deepEqual(started, ["203.0.113.1", "203.0.113.2"]);
});

Deno.test("N5: where the guard leaves no answer, the dial is denied and says how to allow it", async () => {
  const { resolver } = answers(["10.0.0.1", "127.0.0.1"]);
  const error = await failure(
    "inside.test:80",
    options({ allowAll: true }, { resolver, connect: () => assert.fail() }),
  );
  assert.deepEqual([error.failure, error.decision?.suggestion], ["denied", "--allow-net=10.0.0.1:80"]);
});

Deno.test("one answer under a deny rule denies the whole dial", async () => {
  const { resolver } = answers(["203.0.113.1", "198.51.100.1"]);
  const given = options({ allowAll: true, deny: ["198.51.100.0/24"] }, {
    resolver,
    connect: () => assert.fail(),
  });
  const error = await failure("split.test:80", given);
  assert.deepEqual([error.failure, error.decision?.rule?.text], ["denied", "198.51.100.0/24"]);
});

Deno.test("N5: this host's own public address is refused", async () => {
  const { resolver } = answers(["203.0.113.9"]);
  const given = options({ allowAll: true }, {
    resolver,
    ownAddresses: () => [ip("203.0.113.9")],
    connect: () => assert.fail(),
  });
  assert.match((await failure("self.test:80", given)).message, /this host's own/);
});

Deno.test("static names and localhost names ask no resolver", async () => {
  await using server = new TcpServer((wire) => wire.send("hi"));
  const resolver: Resolver = () => assert.fail("asked");
  const policy = { allow: ["db.test", "localhost", "127.0.0.1"], resolve: { "db.test": ["127.0.0.1"] } };
  for (const name of ["db.test", "localhost", "sub.localhost"]) {
    const { connection } = await dial(HostPort.of(name, server.port), options(policy, { resolver }));
    connection.close();
  }
  assert.equal(server.accepted, 3);
});

Deno.test("an IPv4 address inside an answer is dialed as IPv4", async () => {
  const { resolver } = answers(["::ffff:203.0.113.1"]);
  const { connect, started, begun } = attempts();
  const dialing = failure("mapped.test:80", options({ allowAll: true }, { resolver, connect }));
  (await begun("203.0.113.1")).reject(refused());
  await dialing;
  assert.deepEqual(started, ["203.0.113.1"]);
});

Deno.test("the next address is tried while the first is still silent; the late one is closed", async () => {
  const { resolver } = answers(["203.0.113.1", "203.0.113.2"]);
  const { connect, started, begun } = attempts();
  const stubborn: Connect = (address, port, signal) =>
    address === "203.0.113.1"
      ? connect(address, port, new AbortController().signal)
      : connect(address, port, signal);
  const dialing = dial(
    HostPort.parse("two.test:80"),
    options({ allowAll: true }, { resolver, connect: stubborn }),
  );
  const winner = fakeConnection();
  const loser = fakeConnection();
  (await begun("203.0.113.2")).resolve(winner);
  assert.equal((await dialing).connection, winner);
  (await begun("203.0.113.1")).resolve(loser);
  await loser.closed;
  assert.deepEqual(started, ["203.0.113.1", "203.0.113.2"]);
});

Deno.test("the families of addresses take turns, the resolver's first choice first", async () => {
  const list = ["2001:db8::1", "2001:db8::2", "2001:db8::3", "203.0.113.1", "203.0.113.2"];
  const { resolver } = answers(list);
  const started: string[] = [];
  const connect: Connect = (address) => {
    started.push(address);
    return Promise.reject(refused());
  };
  const { failure: why } = await failure("many.test:80", options({ allowAll: true }, { resolver, connect }));
  assert.equal(why, "refused");
  assert.deepEqual(started, ["2001:db8::1", "203.0.113.1", "2001:db8::2", "203.0.113.2", "2001:db8::3"]);
});

Deno.test("a failed look-up and an empty one are not found, a silent one is a timeout", async () => {
  const fail: Resolver = () => Promise.reject(new Error("SERVFAIL"));
  const hang: Resolver = () => new Promise(() => {});
  assert.equal(
    (await failure("a.test:80", options({ allowAll: true }, { resolver: fail }))).failure,
    "not-found",
  );
  assert.equal((await failure("a.test:80", options({ allowAll: true }, {}))).failure, "not-found");
  assert.equal(
    (await failure("a.test:80", options({ allowAll: true }, { resolver: hang, resolveTimeout: 10 }))).failure,
    "resolve-timeout",
  );
});

Deno.test("each failure to connect keeps its cause", async () => {
  const { resolver } = answers(["203.0.113.1"]);
  const cases: readonly (readonly [Error, string])[] = [
    [refused(), "refused"],
    [Object.assign(new Error("no network"), { code: "ENETUNREACH" }), "network-unreachable"],
    [Object.assign(new Error("no route"), { code: "EHOSTUNREACH" }), "unreachable"],
  ];
  for (const [error, kind] of cases) {
    const given = options({ allowAll: true }, { resolver, connect: () => Promise.reject(error) });
    assert.equal((await failure("a.test:80", given)).failure, kind);
  }
  const { connect } = attempts();
  const silent = options({ allowAll: true }, { resolver, connect, connectTimeout: 10 });
  assert.equal((await failure("a.test:80", silent)).failure, "timeout");
});

Deno.test("a signal ends the look-up and the attempts", async () => {
  const controller = new AbortController();
  const { connect, begun } = attempts();
  const { resolver } = answers(["203.0.113.1"]);
  const connecting = failure(
    "a.test:80",
    options({ allowAll: true }, { resolver, connect, signal: controller.signal }),
  );
  await begun("203.0.113.1");
  controller.abort();
  assert.equal((await connecting).failure, "aborted");
  const hang: Resolver = () => new Promise(() => {});
  const late = options({ allowAll: true }, { resolver: hang, signal: controller.signal });
  assert.equal((await failure("a.test:80", late)).failure, "aborted");
});
