import assert from "node:assert/strict";
import { join } from "node:path";
import { BWRAP_FAILURES } from "../../lib/launch/bwrap_failures.ts";
import { Box, fixture, isRoot, MODES, type Outcome, processesWith, said } from "./tombolo.ts";
import { withBwrap } from "./with_bwrap.ts";

/** Without them Landlock would stand in. */
const ON_BWRAP = ["--backend=bubblewrap"];
const NAMESPACES = ["user", "pid", "net", "mnt", "ipc", "uts", "cgroup"];
const denyCalls = fixture(import.meta.dirname, "deny_calls.py");

async function runWithBwrap(
  box: Box,
  make: (path: string) => Promise<void>,
  flags: readonly string[],
  command: readonly string[],
): Promise<Outcome> {
  const fake = join(box.root, "bwrap");
  await make(fake);
  return await box.run([...ON_BWRAP, ...flags], command, { through: withBwrap(fake) });
}

function script(text: string): (path: string) => Promise<void> {
  return (path) => Deno.writeTextFile(path, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
}

/** One line, 125, and nothing that ran or stayed. */
async function assertRefused(box: Box, { code, stdout, stderr }: Outcome): Promise<void> {
  assert.equal(code, 125, stderr);
  assert.equal(stdout, "");
  assert.match(stderr, /^tombolo: Cannot build the sandbox: [^\n]+; [^\n]+\n$/);
  assert.deepEqual(await box.list("work"), []);
  assert.deepEqual(await box.runDirectories(), []);
  assert.equal(await box.exists("home/.local/state/tombolo/probe"), false, "a refusal is not remembered");
}

// Where the settings of the machine make no difference; the table's own test has the rest.
const PLAIN = BWRAP_FAILURES.filter(({ setting, place, pattern }) =>
  setting === undefined && (place ?? "container") === "container" &&
  !BWRAP_FAILURES.some((other) => other.setting !== undefined && other.pattern === pattern)
);
const FIRST = PLAIN.filter(({ pattern }, index) =>
  PLAIN.findIndex((one) => one.pattern === pattern) === index
);

for (const { said: lines, remedy } of FIRST) {
  for (const line of lines.slice(0, 1)) {
    Deno.test(`where "${line}" is all that bwrap says, the remedy is said and nothing runs`, async () => {
      await using box = await Box.create();
      const text = line.replaceAll("{bwrap}", "/usr/bin/bwrap");
      await script(`cat <<'EOF' >&2\n${text}\nEOF\nexit 1`)(join(box.root, "bwrap"));
      const outcome = await box.run(ON_BWRAP, ["touch", "ran"], {
        through: withBwrap(join(box.root, "bwrap")),
        env: { container: "oci" },
      });
      await assertRefused(box, outcome);
      const real = Deno.realPathSync("/usr/bin/bwrap");
      assert.ok(outcome.stderr.includes(text), outcome.stderr);
      assert.ok(outcome.stderr.endsWith(`; ${remedy.replaceAll("{bwrap}", real)}\n`), outcome.stderr);
    });
  }
}

for (const kind of NAMESPACES) {
  Deno.test(`where user.max_${kind}_namespaces is 0, it is named and nothing runs`, async () => {
    await using box = await Box.create();
    const limit = `echo 0 >/proc/sys/user/max_${kind}_namespaces && exec "$@"`;
    const outcome = await box.run(ON_BWRAP, ["touch", "ran"], {
      through: ["unshare", "-Ur", "sh", "-c", limit, "sh"],
    });
    await assertRefused(box, outcome);
    assert.match(outcome.stderr, new RegExp(`; [^;]*sysctl -w user\\.max_${kind}_namespaces=15000\n$`));
  });
}

const DENIED: readonly (readonly [code: string, call: string, says: RegExp])[] = [
  ["EPERM", "clone", /may make no user namespaces.*seccomp=unconfined/],
  ["EACCES", "clone", /refuses? user namespaces/],
  ["EINVAL", "clone", /this kernel lacks namespaces.*CONFIG_USER_NS/],
  ["EAGAIN", "clone", /may start no more processes.*ulimit -u/],
  ["KILL", "clone", /kills bubblewrap/],
  ["EPERM", "mount", /may not mount.*seccomp=unconfined/],
  ["EACCES", "mount", /does not let this container mount.*(apparmor=unconfined|label=disable)/],
  ["EPERM", "pivot_root", /may not mount.*seccomp=unconfined/],
  ["EPERM", "umount2", /may not mount.*seccomp=unconfined/],
  ["EPERM", "socket", /sockets that start a network interface.*seccomp=unconfined/],
];

for (const [code, call, says] of DENIED) {
  Deno.test(`where a container's filter answers ${call} with ${code}, its flag is named and nothing runs`, async () => {
    await using box = await Box.create();
    const outcome = await box.run(ON_BWRAP, ["touch", "ran"], {
      through: ["python3", denyCalls, code, call],
      env: { container: "oci" },
    });
    await assertRefused(box, outcome);
    assert.match(outcome.stderr, says);
  });
}

Deno.test("root that may map no user is told of CAP_SETFCAP", async () => {
  await using box = await Box.create();
  const setpriv = ["setpriv", "--bounding-set=-setfcap", "--inh-caps=-setfcap"];
  const outcome = await box.run(ON_BWRAP, ["touch", "ran"], {
    through: isRoot ? setpriv : ["unshare", "-r", ...setpriv],
  });
  await assertRefused(box, outcome);
  assert.match(outcome.stderr, /--cap-add=SETFCAP/);
});

Deno.test("where there is no /proc at all, it is said and nothing runs", async () => {
  await using box = await Box.create();
  const through = [
    "unshare",
    isRoot ? "-m" : "-rm",
    "sh",
    "-c",
    'mount -t tmpfs none /proc && exec "$@"',
    "sh",
  ];
  const outcome = await box.run(ON_BWRAP, ["touch", "ran"], { through });
  await assertRefused(box, outcome);
  assert.match(outcome.stderr, /mount -t proc proc \/proc\n$/);
});

for (const mode of MODES) {
  Deno.test(`${mode.name}: tombolo inside tombolo is refused, and it is said why`, async () => {
    await using box = await Box.create();
    const inner = [
      "env",
      "XDG_STATE_HOME=/tmp/state",
      new URL("../../bin/tombolo", import.meta.url).pathname,
      "run",
      ...ON_BWRAP,
      "--",
      "touch",
      "ran",
    ];
    const outcome = await box.runIn(mode, [], inner);
    assert.equal(outcome.code, 125);
    assert.match(
      said(outcome).join("\n"),
      /already is a sandbox made by bubblewrap.*start tombolo outside of it/,
    );
    assert.deepEqual(await box.list("work"), []);
  });
}

Deno.test("a setuid bwrap is refused with its remedy", async () => {
  await using box = await Box.create();
  const make = async (path: string) => {
    await Deno.copyFile("/usr/bin/bwrap", path);
    await Deno.chmod(path, 0o4755);
  };
  const { code, stderr } = await runWithBwrap(box, make, [], ["touch", "ran"]);
  assert.equal(code, 125);
  assert.match(stderr, /^tombolo: [^\n]*setuid[^\n]*chmod u-s[^\n]*\n$/);
  assert.deepEqual(await box.list("work"), []);
});

Deno.test("without bwrap the packages are named and nothing runs", async () => {
  await using box = await Box.create();
  const make = (path: string) => Deno.writeTextFile(path, "", { mode: 0o644 });
  const { code, stderr } = await runWithBwrap(box, make, [], ["touch", "ran"]);
  assert.equal(code, 125);
  assert.match(stderr, /^tombolo: Cannot find bwrap[^\n]*apt install bubblewrap[^\n]*\n$/);
  assert.deepEqual(await box.list("work"), []);
});

Deno.test("where the only bwrap is the user's own file, it is named and not run, and nothing runs", async () => {
  await using box = await Box.create();
  const planted = await box.write("tools/bwrap", `#!/bin/sh\ntouch ${box.root}/pwned\n`, 0o755);
  const nothing = await box.write("bwrap", "");
  const { code, stderr } = await box.run(ON_BWRAP, ["touch", "ran"], {
    through: withBwrap(nothing),
    env: { PATH: `${box.root}/tools:/usr/bin:/bin` },
  });
  assert.equal(code, 125);
  assert.ok(
    stderr.startsWith(`tombolo: Cannot use "${planted}": an earlier sandbox could have put it there`),
    stderr,
  );
  assert.match(stderr, /^[^\n]*apt install bubblewrap[^\n]*\n$/);
  assert.equal(await box.exists("pwned"), false);
  assert.deepEqual(await box.list("work"), []);
});

Deno.test("where every bwrap could have been planted by the sandbox, none is run", async () => {
  await using box = await Box.create();
  const { code, stderr } = await box.run([...ON_BWRAP, "--allow-write=/usr"], ["touch", "ran"]);
  assert.equal(code, 125);
  assert.match(
    stderr,
    /^tombolo: Cannot use "[^"]*bwrap": the sandbox may write there[^\n]*; let the command write less[^\n]*\n$/,
  );
  assert.deepEqual(await box.list("work"), []);
});

for (const flags of [[], ["--allow-net=a.test"]]) {
  Deno.test(`bwrap that fails after it was probed leaves no process and no directory: ${flags}`, async () => {
    await using box = await Box.create();
    const mark = box.marker();
    const copy = join(box.root, "real");
    await Deno.copyFile("/usr/bin/bwrap", copy);
    await Deno.chmod(copy, 0o755);
    // It works for the probe and fails for the run.
    const make = script(`for word; do [ "$word" != ${mark} ] || { echo "bwrap: Broken" >&2; exit 1; }; done
exec ${copy} "$@"`);
    const { code, stderr } = await runWithBwrap(box, make, flags, ["sleep", mark]);
    assert.equal(code, 125);
    assert.match(stderr, /^tombolo: /m);
    assert.deepEqual(processesWith(mark), []);
    assert.deepEqual(await box.runDirectories(), []);
  });
}

for (const flags of [[], ["--allow-net=a.test"]]) {
  Deno.test(`where the host takes the lent capabilities away, bubblewrap makes the mounts, and too many are refused: ${flags}`, async () => {
    await using box = await Box.create();
    for (let count = 0; count < 60; count++) await box.write(`work/f${count}.key`, "canary");
    for (let count = 0; count < 600; count++) await Deno.writeTextFile(`${box.work}/f${count}.pem`, "canary");
    const real = join(box.root, "real");
    await Deno.copyFile("/usr/bin/bwrap", real);
    await Deno.chmod(real, 0o755);
    // What AppArmor does with Ubuntu's profile: bwrap may lend them, and who is lent to does not have them.
    const make = script(`n=$#
while [ $n -gt 0 ]; do
  word=$1; shift; n=$((n - 1))
  if [ "$word" = --cap-add ]; then shift; n=$((n - 1)); else set -- "$@" "$word"; fi
done
exec ${real} "$@"`);
    const ask = (pattern: string) =>
      runWithBwrap(box, make, [`--deny-read=${pattern}`, ...flags], ["sh", "-c", "cat *.key; touch ran"]);
    const some = await ask("*.key");
    assert.equal(some.stdout, "", some.stderr);
    assert.equal(some.stderr.match(/^cat: .*Permission denied$/gm)?.length, 60, some.stderr);
    assert.ok(await box.exists("work/ran"));
    await Deno.remove(`${box.work}/ran`);
    const tooMany = await ask("*.pem");
    assert.equal(tooMany.code, 125);
    assert.match(
      tooMany.stderr,
      /^tombolo: Cannot guard \d+ paths one by one: 500 is the most on this host; /m,
    );
    assert.equal(await box.exists("work/ran"), false);
  });
}

Deno.test("a warm start runs bwrap once; a new bwrap, and a failed start, have the host asked again", async () => {
  await using box = await Box.create();
  const real = join(box.root, "real");
  await Deno.copyFile("/usr/bin/bwrap", real);
  await Deno.chmod(real, 0o755);
  const log = await box.write("log", "");
  const starts = async (make: (path: string) => Promise<void>, command: readonly string[], code = 0) => {
    await Deno.writeTextFile(log, "");
    const outcome = await runWithBwrap(box, make, [], command);
    assert.equal(outcome.code, code, outcome.stderr);
    return (await Deno.readTextFile(log)).length;
  };
  const counting = script(
    `printf x >>${log}\nfor word; do [ "$word" != fail ] || exit 1; done\nexec ${real} "$@"`,
  );
  const keep = () => Promise.resolve();
  assert.equal(await starts(counting, ["true"]), 2);
  assert.equal(await starts(keep, ["true"]), 1);
  assert.equal(await starts(keep, ["true"]), 1);
  assert.equal(await starts(keep, ["echo", "fail"], 125), 1);
  assert.equal(await starts(keep, ["true"]), 2);
  assert.equal(await starts(keep, ["true"]), 1);
  // As a package update does it: a new file at the same path.
  await Deno.remove(join(box.root, "bwrap"));
  assert.equal(await starts(counting, ["true"]), 2);
  assert.equal(await starts(keep, ["true"]), 1);
});

interface Switch {
  readonly name: string;
  readonly value: string;
  /** How the kernel then answers whoever asks for a user namespace. */
  readonly code: string;
  readonly remedy: RegExp;
}

const SWITCHES: readonly Switch[] = [
  {
    name: "unprivileged_userns_clone",
    value: "0",
    code: "EPERM",
    remedy: /as root of the machine itself: sysctl -w kernel\.unprivileged_userns_clone=1\n$/,
  },
  {
    name: "apparmor_restrict_unprivileged_userns",
    value: "1",
    code: "EACCES",
    remedy: /bwrap-userns-restrict; or: sysctl -w kernel\.apparmor_restrict_unprivileged_userns=0\n$/,
  },
];

for (const { name, value, code, remedy } of SWITCHES) {
  for (const env of [{}, { container: "oci" }]) {
    Deno.test(`where kernel.${name} is ${value}, it is named ${JSON.stringify(env)}`, async () => {
      await using box = await Box.create();
      // Other kernels lack the setting: it is shown in place of all of them, beside those that bubblewrap reads.
      const shown = `cd /proc/sys/kernel && mount -t tmpfs none /proc/sys/kernel && cd /proc/sys/kernel &&
        echo 65534 >overflowuid && echo 65534 >overflowgid && echo ${value} >${name} && cd "$0" && exec "$@"`;
      const namespace = ["unshare", isRoot ? "-m" : "-rm", "sh", "-c", shown, box.work];
      const through = [...namespace, "python3", denyCalls, code, "clone"];
      const outcome = await box.run(ON_BWRAP, ["touch", "ran"], { through, env });
      await assertRefused(box, outcome);
      assert.match(outcome.stderr, remedy);
    });
  }
}

for (const mode of MODES) {
  Deno.test(`what vanishes while a sandbox starts beside another one is looked for anew, and the command runs once (${mode.name})`, async () => {
    await using box = await Box.create();
    const real = join(box.root, "real");
    await Deno.copyFile("/usr/bin/bwrap", real);
    await Deno.chmod(real, 0o755);
    // When asked to, something goes between the plan and the mounts, as when another run sets it aside.
    const make = script(
      `if [ -e ${box.root}/go ]; then rm ${box.root}/go; rm -r ${box.work}/.vscode; fi; exec ${real} "$@"`,
    );
    const fake = join(box.root, "bwrap");
    await make(fake);
    const run = (command: string) => box.runIn(mode, [], ["sh", "-c", command], { through: withBwrap(fake) });
    const beside = box.start([], ["sh", "-c", "echo up; exec sleep 1000"], { through: withBwrap(fake) });
    assert.equal(await beside.line(), "up");
    assert.equal((await run("true")).code, 0);
    await box.write("work/.vscode/tasks.json", "{}");
    await box.write("go", "");
    const { code, stderr } = await run("echo ran >> log; mkdir .vscode; echo planted > .vscode/tasks.json");
    assert.equal(code, 0, stderr);
    assert.equal(await box.exists("go"), false);
    assert.equal(await box.read("work/log"), "ran\n");
    assert.match(stderr, /^tombolo: set aside [^\n]*\/\.vscode: [^\n]*\n$/);
    assert.equal(await box.exists("work/.vscode"), false);
    beside.kill("SIGTERM");
    await beside.status();
  });
}
