import assert from "node:assert/strict";
import { Listeners, WebServer } from "../system/servers.ts";
import { Box, fixture, MODES } from "../system/tombolo.ts";

const SCRIPT = fixture(`${import.meta.dirname}/../system`, "direct_network.py");

/** The errno that each direct way out must fail with: `any` where a local service answers for the kernel. */
const WANTED: Readonly<Record<string, RegExp>> = {
  "tcp loopback": /^ECONNREFUSED$/,
  "tcp loopback v6": /^ECONNREFUSED$/,
  "tcp private": /^ENETUNREACH$/,
  "tcp metadata": /^ENETUNREACH$/,
  "tcp public": /^ENETUNREACH$/,
  "tcp public v6": /^ENETUNREACH$/,
  "udp private": /^ENETUNREACH$/,
  "udp loopback": /^ECONNREFUSED$/,
  "udp public": /^ENETUNREACH$/,
  "udp public v6": /^ENETUNREACH$/,
  "multicast": /^ENETUNREACH$/,
  "broadcast": /^(?:ENETUNREACH|EACCES)$/,
  "resolver": /^EAI$/,
  "raw icmp": /^EPERM$/,
  "raw icmp v6": /^EPERM$/,
  "raw ip": /^EPERM$/,
  "packet": /^EPERM$/,
  "vsock": /^EPERM$/,
  "bluetooth": /^EPERM$/,
  "alg": /^EPERM$/,
  "unix stream": /^EPERM$/,
  "unix datagram": /^EPERM$/,
  "netlink generic": /^EPERM$/,
  "netlink audit": /^EPERM$/,
  "new interface": /^EPERM$/,
};

for (const mode of MODES) {
  Deno.test(`${mode.name}: N9 every direct way out fails at once and nothing arrives`, async () => {
    await using box = await Box.create();
    await using listeners = await Listeners.listen();
    const { stdout, stderr } = await box.runIn(mode, [], ["python3", SCRIPT, ...listeners.ports]);
    assert.notEqual(stdout, "", stderr);
    const found = JSON.parse(stdout) as Record<string, string>;
    assert.deepEqual(Object.keys(found).sort(), Object.keys(WANTED).sort());
    for (const [name, wanted] of Object.entries(WANTED)) assert.match(found[name] ?? "", wanted, name);
    assert.equal(listeners.visits, 0);
  });
}

const NOTHING: readonly (readonly [name: string, flags: readonly string[], policy?: string])[] = [
  ["no rule at all", []],
  ["an empty list", ["--policy=net.json"], '{ "net": { "allow": [] } }'],
  ["a missing list", ["--policy=net.json"], '{ "net": {} }'],
  ["a deny list alone", ["--policy=net.json"], '{ "net": { "deny": ["a.test"] } }'],
  ["a static name alone", ["--resolve=web.test:127.0.0.1"]],
  [
    "an empty list in a file that another one extends",
    ["--policy=net.json", "--policy=net.json"],
    '{ "net": { "allow": [] } }',
  ],
];

for (const [name, flags, policy] of NOTHING) {
  Deno.test(`N1 nothing leaves with ${name}`, async () => {
    await using box = await Box.create();
    await using server = new WebServer();
    if (policy !== undefined) await box.write("work/net.json", policy);
    const script =
      `env | grep -i _proxy; curl -s --max-time 20 http://127.0.0.1:${server.port}/ && echo reached
      curl -s --max-time 20 --resolve web.test:${server.port}:127.0.0.1 http://web.test:${server.port}/ && echo reached; true`;
    const { code, stdout } = await box.shell(flags, script);
    assert.deepEqual([code, stdout], [0, ""]);
    assert.deepEqual(server.requests, []);
  });
}

const REFUSED: readonly (readonly [name: string, flags: readonly string[], policy?: string])[] = [
  ["a blank list", ["--allow-net= "]],
  ["an empty flag value", ["--allow-net="]],
  ["a null list", ["--policy=net.json"], '{ "net": { "allow": null } }'],
  ["a null section", ["--policy=net.json"], '{ "net": null }'],
  ["an empty entry", ["--policy=net.json"], '{ "net": { "allow": [""] } }'],
  ["a blank entry", ["--policy=net.json"], '{ "net": { "allow": [" "] } }'],
  ["a null entry", ["--policy=net.json"], '{ "net": { "allow": [null] } }'],
  ["a star entry", ["--policy=net.json"], '{ "net": { "allow": ["*"] } }'],
];

for (const [name, flags, policy] of REFUSED) {
  Deno.test(`N1 ${name} is an error, not everything`, async () => {
    await using box = await Box.create();
    if (policy !== undefined) await box.write("work/net.json", policy);
    const { code, stderr } = await box.run(flags, ["touch", "ran"]);
    assert.equal(code, 125);
    assert.match(stderr, /^tombolo: [^\n]*\n$/);
    assert.equal(await box.exists("work/ran"), false);
  });
}

Deno.test("N1 a bare --deny-net beside allowed hosts lets nothing leave", async () => {
  await using box = await Box.create();
  await using server = new WebServer();
  const flags = [`--allow-net=127.0.0.1:${server.port}`, "--deny-net"];
  const { stdout } = await box.shell(
    flags,
    `curl -s --max-time 20 http://127.0.0.1:${server.port}/ && echo reached; true`,
  );
  assert.equal(stdout, "");
  assert.deepEqual(server.requests, []);
});
