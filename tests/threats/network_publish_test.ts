import assert from "node:assert/strict";
import { classify } from "../../lib/host/address_class.ts";
import { ownAddresses } from "../../lib/egress/own_addresses.ts";
import { INBOUND_ANSWER } from "../../lib/launch/inbound_answer.ts";
import { serveInbound } from "../../stage2/inbound.ts";
import { Traffic } from "../../stage2/traffic.ts";
import { echoServer } from "../egress/fixtures/tcp_server.ts";
import { Wire } from "../egress/fixtures/wire.ts";
import { TempDirectory } from "../launch/temp_directory.ts";
import { exchange, PublishedRun } from "../system/published_run.ts";
import { Listeners, WebServer } from "../system/servers.ts";
import { Box, fixture } from "../system/tombolo.ts";

const PUBLISH = "--publish=0:3000";
const HELLO = new TextEncoder().encode("hello");

Deno.test("N14: the host's end can ask for published ports only: any other is refused and not dialed", async () => {
  using directory = new TempDirectory();
  const path = directory.at("publish.sock");
  await using published = echoServer();
  await using other = echoServer();
  using listener = Deno.listen({ transport: "unix", path });
  const served = serveInbound({ path, ports: new Set([published.port]), traffic: new Traffic() });
  for (const port of [other.port, published.port ^ 0x100, 0, 22, 65535]) {
    using wire = new Wire(await listener.accept());
    await wire.send(Uint8Array.of(port >> 8, port & 0xff));
    assert.equal((await wire.toEnd()).charCodeAt(0), INBOUND_ANSWER.refused);
  }
  assert.deepEqual([published.accepted, other.accepted], [0, 0]);
  listener.close();
  await served;
});

Deno.test("N14: a port inside that is not published is reached by no port of the host", async () => {
  await using box = await Box.create();
  const published = await PublishedRun.withServer(box, [PUBLISH], ["127.0.0.1:3001", "0.0.0.0:3002"]);
  assert.equal((await exchange(published.port, HELLO))?.length, 0);
  for (const port of [3001, 3002]) {
    const reached = await exchange(port, HELLO);
    assert.notEqual(new TextDecoder().decode(reached), "hello", "an echo from inside");
  }
  await published.end();
});

Deno.test("N14: the command cannot use the channel, neither by its socket nor through the bridge's port", async () => {
  await using box = await Box.create();
  await using listeners = await Listeners.listen();
  const flags = [PUBLISH, `--env=HOST_PORT=${listeners.ports[0]}`];
  for (const more of [[], ["--allow-net=unused.test"], ["--deny-net"]]) {
    const { stdout, stderr } = await box.run([...flags, ...more], [
      "python3",
      fixture(import.meta.dirname, "publish_channel.py"),
    ]);
    assert.equal(stdout, "attempted\n", stderr);
  }
  assert.equal(listeners.visits, 0);
});

Deno.test("N14: a published port lets nothing out: direct ways fail, the gateway denies every host", async () => {
  await using box = await Box.create();
  await using server = new WebServer();
  const url = `http://127.0.0.1:${server.port}/`;
  const script = `curl -s --max-time 20 --noproxy '*' ${url}; echo $?
    for proxy in "$HTTP_PROXY" "$ALL_PROXY"; do curl -s --max-time 20 -o body --noproxy '' --proxy "$proxy" ${url}; echo $?; done
    cat body`;
  for (const more of [[], ["--deny-net"]]) {
    const { stdout, stderr } = await box.shell([PUBLISH, ...more], script);
    assert.match(stdout, /^7\n0\n97\n[^\n]*(?:is loopback|a rule denies it)/, stderr);
  }
  assert.deepEqual(server.requests, []);
});

Deno.test("N14: a port is published on 127.0.0.1 alone unless an address is given", async () => {
  await using box = await Box.create();
  const published = await PublishedRun.withServer(box, [PUBLISH]);
  assert.deepEqual(await exchange(published.port, HELLO), HELLO);
  const others = ownAddresses().map(String).filter((address) => address !== "127.0.0.1");
  for (const address of ["127.0.0.2", ...others]) {
    assert.equal(await exchange(published.port, HELLO, address), undefined, address);
  }
  await published.end();
});

Deno.test("N14: a port published by one sandbox is not reachable from inside another, however it is asked for", async () => {
  await using box = await Box.create();
  await box.write("work/page", "REACHED");
  // On every address of the host.
  const published = await PublishedRun.start(
    box,
    ["--publish=[::]:0:3000"],
    ["python3", "-u", "-m", "http.server", "3000"],
  );
  assert.match(await published.run.line(), /^Serving/);
  const own = ownAddresses().filter((address) => classify(address) !== "link-local");
  const hosts = [
    "localhost",
    "127.0.0.1",
    "127.1",
    "2130706433",
    ...own.map((address) => address.version === 6 ? `[${address}]` : `${address}`),
  ];
  const script = `for host in ${hosts.map((host) => `'${host}'`).join(" ")}; do
    for proxy in '' "$HTTP_PROXY" "$ALL_PROXY"; do
      curl -sg --max-time 20 --noproxy "\${proxy:+-}" --proxy "$proxy" "http://$host:${published.port}/page"
    done
  done | grep -o REACHED; echo tried`;
  for (const flags of [["--allow-net"], [PUBLISH], [PUBLISH, "--allow-net"], ["--allow-net=unused.test"]]) {
    assert.equal((await box.shell(flags, script)).stdout, "tried\n", flags.join(" "));
  }
  // The same script where a rule does allow it.
  const allowed = await box.shell([`--allow-net=127.0.0.1:${published.port}`], script);
  assert.match(allowed.stdout, /^(?:REACHED\n)+tried\n$/);
  await published.end();
});
