import assert from "node:assert/strict";
import { FLAGS } from "../../lib/cli/flags.ts";
import { parseListenAddress } from "../../lib/cli/listen_address.ts";
import { parseProxyFlags, PROXY_FLAGS } from "../../lib/cli/proxy_flags.ts";
import { spokenEvents } from "../../lib/cli/spoken_events.ts";
import type { DecisionEvent } from "../../lib/report/event.ts";
import { TomboloError } from "../../lib/report/tombolo_error.ts";
import type { Voice } from "../../lib/report/voice.ts";

function refuses(action: () => unknown, message: RegExp): void {
  assert.throws(
    action,
    (error) =>
      error instanceof TomboloError && error.status === 125 && message.test(error.message) &&
      !/\p{Cc}/u.test(error.message),
    String(message),
  );
}

Deno.test("the flags of proxy are those that speak of the network, and where to listen", () => {
  const names = PROXY_FLAGS.map(({ name }) => name).sort();
  assert.deepEqual(names, [
    "allow-net",
    "deny-net",
    "events",
    "external-proxy",
    "help",
    "json",
    "listen",
    "policy",
    "preset",
    "quiet",
    "resolve",
    "upstream",
    "verbose",
  ]);
  const flags = parseProxyFlags(["-N=a.test", "--listen", "127.0.0.1:0", "-q"]);
  assert.deepEqual(flags.map(({ name, value }) => [name, value]), [
    ["allow-net", "a.test"],
    ["listen", "127.0.0.1:0"],
    ["quiet", undefined],
  ]);
});

Deno.test("every flag that speaks of a command is refused by name", () => {
  const shared = new Set(PROXY_FLAGS.map(({ name }) => name));
  const foreign = FLAGS.filter(({ name }) => !shared.has(name));
  assert.ok(foreign.length > 5);
  for (const { name, short, value } of foreign) {
    for (const written of [`--${name}`, ...(short === undefined ? [] : [`-${short}`])]) {
      const argument = value === "none" ? written : `${written}=x`;
      refuses(
        () => parseProxyFlags([argument]),
        new RegExp(`^Flag ${written} means nothing to tombolo proxy`),
      );
    }
  }
});

Deno.test("a command and an unknown flag are refused", () => {
  refuses(() => parseProxyFlags(["--", "make"]), /^Cannot run a command with tombolo proxy/);
  refuses(() => parseProxyFlags(["make"]), /^Cannot run a command with tombolo proxy/);
  refuses(() => parseProxyFlags(["--lisen=x"]), /^Unknown flag "--lisen"/);
  refuses(() => parseProxyFlags(["--listen"]), /needs a value: --listen=ADDRESS:PORT\|unix:PATH/);
});

Deno.test("an address to listen on is a literal address with a port, or a socket", () => {
  const tcp = (text: string) => {
    const where = parseListenAddress(text, "/work");
    return where.kind === "tcp" ? [where.address.toString(), where.port] : undefined;
  };
  assert.deepEqual(tcp("127.0.0.1:8080"), ["127.0.0.1", 8080]);
  assert.deepEqual(tcp("[::1]:0"), ["::1", 0]);
  assert.deepEqual(tcp("0.0.0.0:65535"), ["0.0.0.0", 65535]);
  assert.deepEqual(parseListenAddress("unix:run/../p.sock", "/work"), { kind: "unix", path: "/work/p.sock" });
  assert.deepEqual(parseListenAddress("unix:/run/p.sock", "/work"), { kind: "unix", path: "/run/p.sock" });
  const bad = [
    "",
    "8080",
    ":8080",
    "127.0.0.1",
    "127.0.0.1:",
    "127.0.0.1:65536",
    "127.0.0.1:-1",
    "127.0.0.1:1x",
  ]
    .concat([
      "localhost:80",
      "example.com:80",
      "::1:80",
      "[127.0.0.1]:80",
      "127.1:80",
      "0x7f.0.0.1:80",
      "[::1%lo]:80",
    ])
    .concat([
      "unix:",
      "unix",
      "Unix:/x",
      "tcp://127.0.0.1:80",
      "127.0.0.1:80 ",
      " 127.0.0.1:80",
      "127.0.0.1:80\n",
    ]);
  for (const text of bad) refuses(() => parseListenAddress(text, "/work"), /^Cannot listen on "/);
});

/** What a voice is asked to say. */
class Recorder {
  readonly said: string[] = [];
  readonly details: string[] = [];
  readonly voice = {
    say: (line: string) => this.said.push(line),
    detail: (line: string) => this.details.push(line),
  } as unknown as Voice;
}

function event(target: string, decision: "allow" | "deny" = "deny"): DecisionEvent {
  return {
    time: "",
    kind: "net",
    decision,
    target,
    reason: "no rule allows it",
    suggestion: `--allow-net=${target}`,
  };
}

Deno.test("what is allowed and cannot be reached is said with its cause, each cause once", () => {
  const { voice, said, details } = new Recorder();
  const sink = spokenEvents(voice, () => {});
  const unreached = (error: string) => ({ ...event("a.test:1", "allow"), detail: { via: "connect", error } });
  for (const error of ["the host refused the connection", "no\x1bname", "no\x1bname"]) sink(unreached(error));
  assert.deepEqual(said, [
    "could not reach a.test:1: the host refused the connection",
    "could not reach a.test:1: no\\x1bname",
  ]);
  assert.deepEqual(details, []);
});

Deno.test("a denial is said as it happens, each once, and every event is passed on", () => {
  const { voice, said, details } = new Recorder();
  const passed: DecisionEvent[] = [];
  const sink = spokenEvents(voice, (one) => passed.push(one));
  for (const target of ["a.test:1", "b.test:1", "a.test:1", "a.test:2"]) sink(event(target));
  sink(event("ok.test:1", "allow"));
  assert.deepEqual(said, [
    "denied net a.test:1 (no rule allows it); to allow: --allow-net=a.test:1",
    "denied net b.test:1 (no rule allows it); to allow: --allow-net=b.test:1",
    "denied net a.test:2 (no rule allows it); to allow: --allow-net=a.test:2",
  ]);
  assert.deepEqual(details, ["allowed net ok.test:1 (no rule allows it)"]);
  assert.equal(passed.length, 5);
});

Deno.test("a client that asks for ever new names fills neither the terminal nor the memory", () => {
  const { voice, said } = new Recorder();
  let passed = 0;
  const sink = spokenEvents(voice, () => passed++);
  for (let n = 0; n < 5000; n++) sink(event(`n${n}.test:1`));
  assert.equal(said.length, 1001);
  assert.match(said.at(-1) ?? "", /^more of this is not shown/);
  assert.equal(passed, 5000);
});
