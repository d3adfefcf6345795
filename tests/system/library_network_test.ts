import assert from "node:assert/strict";
import { type DecisionEvent, transform } from "../../lib/mod.ts";
import { environmentOf, firstLine, openBox, openIn, policyIn } from "./library_box.ts";
import { WebServer } from "./servers.ts";
import { Box, within } from "./tombolo.ts";

const PIPED = { stdin: "null", stdout: "piped", stderr: "piped" } as const;

// Clients go to loopback directly unless told otherwise.
function fetchPort(port: number): string[] {
  return ["curl", "-sS", "--noproxy", "", "--max-time", "20", `http://127.0.0.1:${port}/`];
}

Deno.test("commands of one sandbox share a gateway, and each hears of its own denials", async () => {
  await using allowed = new WebServer();
  await using denied = new WebServer();
  const heard: DecisionEvent[] = [];
  await using opened = await openBox({ net: { allow: [`127.0.0.1:${allowed.port}`] } }, {
    onEvent: (event) => heard.push(event),
  });
  const { sandbox } = opened;
  const [first, second] = await Promise.all([
    sandbox.spawn(fetchPort(allowed.port), PIPED).output(),
    sandbox.spawn(fetchPort(denied.port), PIPED).output(),
  ]);
  assert.match(new TextDecoder().decode(first.stdout), /^hello from/);
  assert.deepEqual([first.code, first.denials], [0, []]);
  assert.deepEqual(second.denials.map(({ kind, target }) => [kind, target]), [[
    "net",
    `127.0.0.1:${denied.port}`,
  ]]);
  assert.equal(second.denials[0]?.suggestion, `--allow-net=127.0.0.1:${denied.port}`);
  assert.deepEqual(denied.requests, []);
  assert.equal(allowed.requests.length, 1);
  const nets = heard.filter(({ kind }) => kind === "net").map(({ decision }) => decision).sort();
  assert.deepEqual(nets, ["allow", "deny"]);
  assert.deepEqual(sandbox.events.drain(), heard);
  assert.deepEqual(sandbox.events.snapshot(), []);
});

Deno.test("the end of one command ends its connections and no other's", async () => {
  const { promise: release, resolve } = Promise.withResolvers<void>();
  let open = 0;
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => {
    open++;
    const body = new ReadableStream<Uint8Array>({
      async start(controller) {
        controller.enqueue(new TextEncoder().encode("begun\n"));
        await release;
        controller.enqueue(new TextEncoder().encode("done\n"));
        controller.close();
      },
    });
    return new Response(body);
  });
  const { port } = server.addr;
  await using opened = await openBox({ net: { allow: [`127.0.0.1:${port}`] } });
  const long = ["curl", "-sSN", "--noproxy", "", `http://127.0.0.1:${port}/`];
  const [stopped, kept] = [opened.sandbox.spawn(long, PIPED), opened.sandbox.spawn(long, PIPED)];
  assert.deepEqual(await Promise.all([firstLine(stopped.stdout), firstLine(kept.stdout)]), [
    "begun",
    "begun",
  ]);
  stopped.kill("SIGKILL");
  assert.equal((await within(stopped.status, "the end of the first")).signal, "SIGKILL");
  resolve();
  assert.equal(await kept.stdout.text(), "done\n");
  assert.equal((await within(kept.status, "the end of the second")).code, 0);
  assert.equal(open, 2);
});

Deno.test("16 commands at once through one gateway all get their answers", async () => {
  await using server = new WebServer();
  await using opened = await openBox({ net: { allow: [`127.0.0.1:${server.port}`] } });
  const outputs = await Promise.all(
    Array.from({ length: 16 }, () => opened.sandbox.spawn(fetchPort(server.port), PIPED).output()),
  );
  for (const { code, stdout } of outputs) {
    assert.deepEqual([code, new TextDecoder().decode(stdout).slice(0, 10)], [0, "hello from"]);
  }
  assert.deepEqual(await opened.box.runDirectories(), []);
});

Deno.test("a callback that throws ends neither the connection nor the command", async () => {
  await using server = new WebServer();
  const { promise: reported, resolve } = Promise.withResolvers<unknown>();
  const onError = (event: ErrorEvent) => {
    event.preventDefault();
    resolve(event.error);
  };
  addEventListener("error", onError);
  try {
    await using opened = await openBox({ net: { allow: [`127.0.0.1:${server.port}`] } }, {
      onEvent: () => {
        throw new Error("the callback's own");
      },
    });
    const { code } = await opened.sandbox.spawn(fetchPort(server.port), PIPED).output();
    assert.equal(code, 0);
    assert.match(String(await reported), /the callback's own/);
  } finally {
    removeEventListener("error", onError);
  }
});

Deno.test("nothing that a composed policy's parent denies is reached", async () => {
  await using server = new WebServer();
  await using other = new WebServer();
  await using box = await Box.create();
  const { Policy, Sandbox } = await import("../../lib/mod.ts");
  const parent = policyIn(box, { net: { allow: [`127.0.0.1:${server.port}`] } });
  const child = policyIn(box, { net: { allow: ["127.0.0.0/8"] } });
  await using sandbox = await Sandbox.open(Policy.compose(parent, child));
  const codes = await Promise.all(
    [server.port, other.port].map(async (port) =>
      (await sandbox.spawn(["curl", "-sSf", "--noproxy", "", `http://127.0.0.1:${port}/`], PIPED).output())
        .code
    ),
  );
  assert.equal(codes[0], 0);
  assert.notEqual(codes[1], 0);
  assert.deepEqual(other.requests, []);
});

Deno.test("an external proxy is started once for all commands, and ends with the sandbox", async () => {
  await using server = new WebServer();
  await using box = await Box.create();
  const mark = box.marker();
  const tinyproxy = await box.write(
    "proxy.sh",
    [
      "#!/bin/sh",
      `printf 'Port %s\\nListen 127.0.0.1\\nMaxClients 20\\n' "$1" >"${box.root}/tiny.conf"`,
      `echo started ${mark} >>"${box.root}/starts"`,
      `PATH=$PATH:/usr/sbin exec tinyproxy -d -c "${box.root}/tiny.conf"`,
    ].join("\n"),
    0o755,
  );
  {
    await using sandbox = await openIn(box, {
      net: { allow: [`127.0.0.1:${server.port}`], external: { command: ["sh", tinyproxy, "{port}"] } },
    });
    for (let turn = 0; turn < 3; turn++) {
      const { code, stderr } = await sandbox.spawn(fetchPort(server.port), PIPED).output();
      assert.equal(code, 0, new TextDecoder().decode(stderr));
    }
  }
  assert.equal((await box.read("starts"))?.trim().split("\n").length, 1);
  assert.equal(server.requests.length, 3);
});

Deno.test("a transformed command runs in the sandbox when somebody else starts it, with its gateway", async () => {
  await using server = new WebServer();
  await using box = await Box.create();
  const policy = policyIn(box, { net: { allow: [`127.0.0.1:${server.port}`] } });
  const script =
    `curl -sSf --noproxy "" http://127.0.0.1:${server.port}/ && mkdir -p .vscode && echo x >.vscode/tasks.json; ` +
    "cat /etc/hostname >/usr/evil; true";
  await using command = await transform(policy, ["sh", "-c", script]);
  const { program, args, env } = command;
  assert.deepEqual(Object.keys(env).filter((name) => name in environmentOf(box) && name !== "PATH").sort(), [
    "HOME",
    "LANG",
  ]);
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    env: { ...env },
    clearEnv: true,
    stdin: "null",
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  assert.match(new TextDecoder().decode(stdout), /^hello from/);
  const [entry] = await command.finish();
  assert.equal(entry?.path, `${box.work}/.vscode`);
  assert.equal(await box.exists("work/.vscode"), false);
  assert.deepEqual(await box.runDirectories(), []);
});

Deno.test("a transformed command that is never started leaves nothing", async () => {
  await using box = await Box.create();
  {
    await using command = await transform(policyIn(box, { net: { allow: ["example.com"] } }), ["true"]);
    assert.equal(command.program, "/bin/sh");
    assert.equal((await box.runDirectories()).length, 1);
  }
  assert.deepEqual(await box.runDirectories(), []);
});

Deno.test("what only a watcher could hold is not transformed", async () => {
  await using box = await Box.create();
  await assert.rejects(transform(policyIn(box, { limits: { wallTime: "1m" } }), ["true"]), /wall time/);
  await assert.rejects(
    transform(policyIn(box, { net: { publish: ["0:80"] } }), ["true"]),
    /ports are published/,
  );
  assert.deepEqual(await box.runDirectories(), []);
});
