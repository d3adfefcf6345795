import assert from "node:assert/strict";
import { Box, EVERY_BACKEND, fixture, MODES, processesWith, Running, until } from "../system/tombolo.ts";

const here = import.meta.dirname;
const NUMBERS: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15, SIGKILL: 9 };

for (const mode of MODES) {
  Deno.test(`${mode.name}: P1 secrets of the caller's environment are in no /proc/*/environ or cmdline`, async () => {
    await using box = await Box.create();
    const script = `
import glob, os
texts = [open(path, "rb").read() for path in glob.glob("/proc/[0-9]*/cmdline")]
for path in glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/task/*/environ"):
    try:
        texts.append(open(path, "rb").read())
    except OSError:
        pass
texts.append(repr(dict(os.environ)).encode())
print(len(texts) > 3, any(b"cana" + b"ry-7" in text for text in texts))
`;
    const { stdout } = await box.runIn(mode, [], ["python3", "-c", script], {
      env: {
        API_TOKEN: "canary-7",
        AWS_SECRET_ACCESS_KEY: "canary-7",
        LD_SECRET: "canary-7",
        "odd.name": "canary-7",
      },
    });
    assert.equal(stdout, "True False\n");
  });

  Deno.test(`${mode.name}: P2 no descriptor of the caller above 2 is inside`, async () => {
    await using box = await Box.create();
    await box.write("secret", "canary");
    const script = `
import os, stat
def regular(path):
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return False
own = "/proc/self/fd/"
print(sorted(int(fd) for fd in os.listdir(own) if os.path.exists(own + fd)))
for base in filter(str.isdigit, os.listdir("/proc")):
    try:
        links = [f"/proc/{base}/fd/{fd}" for fd in os.listdir(f"/proc/{base}/fd")]
    except OSError:
        continue
    for link in filter(regular, links):
        print("leak", link, os.readlink(link))`;
    const single = [[3], [7], [8], [9], [10], [63], [1000], [3, 7, 9, 63, 1000]];
    for (const fds of single) {
      const opened = fds.map((fd) => `exec ${fd}<${box.root}/secret`).join("\n");
      // Opened after the descriptors of the test runner are closed.
      const caller = ["bash", "-c", `${opened}\nexec "$@"`, "bash"];
      const flags = [...mode.flags, "--", "python3", "-c", script];
      const { stdout, code, stderr } = await box.host(
        [...caller, new URL("../../bin/tombolo", import.meta.url).pathname, "run", ...flags],
        { fds: mode.fds, stdin: "" },
      );
      assert.equal(code, 0, stderr);
      assert.equal(stdout, "[0, 1, 2]\n", `${fds}`);
    }
  });
}

for (const mode of EVERY_BACKEND) {
  Deno.test(`${mode.name}: P3 TIOCSTI and TIOCLINUX are refused on every standard descriptor, high bits too`, async () => {
    await using box = await Box.create();
    const tombolo = new URL("../../bin/tombolo", import.meta.url).pathname;
    const terminal = fixture(`${here}/../system`, "terminal.py");
    const { stdout } = await box.host(
      ["python3", terminal, "[]", tombolo, "run", ...mode.flags, "--", "python3", fixture(here, "inject.py")],
      { fds: mode.fds },
    );
    const { output } = JSON.parse(stdout) as { output: string };
    const results = /results: ([\w ]+)/.exec(output)?.[1]?.trim().split(" ") ?? [];
    assert.equal(results.length, 12, output);
    assert.deepEqual(new Set(results), new Set(["EPERM"]), output);
  });
}

for (const mode of MODES) {
  Deno.test(`${mode.name}: P5 P6 refused system calls fail with EPERM or ENOSYS, foreign ones are killed`, async () => {
    await using box = await Box.create();
    const { stdout, stderr } = await box.runIn(mode, [], ["python3", fixture(here, "system_calls.py")]);
    assert.notEqual(stdout, "", stderr);
    const found = JSON.parse(stdout) as Record<string, string>;
    for (const [name, result] of Object.entries(found)) {
      const [, wanted = "EPERM"] = /=(\w+)$/.exec(name) ?? [];
      assert.equal(result, wanted, name);
    }
    assert.ok(Object.keys(found).length > 60);
  });
}

for (const mode of EVERY_BACKEND) {
  Deno.test(`${mode.name}: P7 no capability in any set, NoNewPrivs and the filter on, also as root`, async () => {
    await using box = await Box.create();
    const { stdout } = await box.runIn(mode, [], [
      "grep",
      "-E",
      "^(Cap...|NoNewPrivs|Seccomp):",
      "/proc/self/status",
    ]);
    const zero = "0000000000000000";
    const sets = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"].map((name) => `${name}:\t${zero}\n`).join(
      "",
    );
    assert.equal(stdout, `${sets}NoNewPrivs:\t1\nSeccomp:\t2\n`);
  });
}

for (const mode of MODES) {
  Deno.test(`${mode.name}: P4 no visible process can be traced, read, written or robbed of descriptors`, async () => {
    await using box = await Box.create();
    const { stdout, stderr } = await box.runIn(mode, [], ["python3", fixture(here, "reach_processes.py")]);
    assert.notEqual(stdout, "", stderr);
    const { bridge, reached } = JSON.parse(stdout) as { bridge: number; reached: string[] };
    assert.deepEqual(reached, []);
    assert.equal(bridge > 0, mode.name === "gateway", "the bridge is looked at where there is one");
  });

  Deno.test(`${mode.name}: P9 host processes are invisible and cannot be signalled, the caller's group neither`, async () => {
    await using box = await Box.create();
    const mark = box.marker();
    const script = `
      ls /proc | grep -c '^[0-9]'
      grep -l ${mark} /proc/[0-9]*/cmdline 2>/dev/null | grep -vx /proc/$$/cmdline | grep -v self | wc -l
      python3 - <<'EOF'
import os, signal
shown = {int(task) for name in os.listdir("/proc") if name.isdigit() for task in os.listdir(f"/proc/{name}/task")}
for target in range(1, 40000):
    if target in shown: continue
    try: os.kill(target, 0)
    except OSError: continue
    print("visible", target)
try: os.kill(0, signal.SIGCONT); print("allowed")
except OSError: pass
EOF
      echo alive`;
    // A caller in the group of tombolo, which must outlive a command that signals its whole group.
    const victim = new Deno.Command("sleep", { args: [mark] }).spawn();
    try {
      const { stdout } = await box.runIn(mode, [], ["sh", "-c", script], { ownGroup: true });
      assert.match(stdout, /alive\n$/);
      const count = Number(stdout.split("\n")[0]);
      assert.ok(count >= 2 && count <= 6, stdout);
      assert.doesNotMatch(stdout, /visible|allowed/);
      assert.deepEqual(processesWith(mark).includes(victim.pid), true);
    } finally {
      victim.kill("SIGKILL");
      await victim.status;
    }
  });
}

for (const mode of EVERY_BACKEND) {
  Deno.test(`${mode.name}: P9 kill(0) and kill(-pgid) inside do not reach the caller's script`, async () => {
    await using box = await Box.create();
    const tombolo = new URL("../../bin/tombolo", import.meta.url).pathname;
    const flags = mode.flags.join(" ");
    const script =
      `"${tombolo}" run ${flags} -- sh -c 'kill -TERM 0; kill -TERM -1; kill -KILL 0; exit 5'; echo "caller lives $?"`;
    const { stdout } = await box.host(["bash", "-c", script], { fds: mode.fds, ownGroup: true });
    assert.match(stdout, /caller lives \d+\n/);
  });

  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP", "SIGKILL"] as const) {
    for (const whole of [false, true]) {
      const target = whole ? "the tool's group" : "the tool alone";
      Deno.test(`${mode.name}: P10 ${signal} to ${target}: status as documented, no survivor, no residue`, async () => {
        await using box = await Box.create();
        const mark = box.marker();
        const script = `(setsid sleep ${mark} &) ; sleep ${mark} & echo ready; exec sleep ${mark}`;
        const run = box.start(mode.flags, ["sh", "-c", script], { fds: mode.fds, ownGroup: true });
        assert.equal(await run.line(), "ready");
        await until(async () => (await box.runDirectories()).length === 0, "the start to be over");
        if (whole) await run.killGroup(signal);
        else run.kill(signal);
        const status = await run.status();
        if (signal === "SIGKILL") assert.equal(status.signal, "SIGKILL");
        else assert.deepEqual([status.signal, status.code], [null, 128 + (NUMBERS[signal] ?? 0)]);
        await until(() => processesWith(mark).length === 0, "the end of the command");
        assert.deepEqual(await box.list("work"), []);
        assert.deepEqual(await box.runDirectories(), []);
      });
    }
  }

  Deno.test(`${mode.name}: P10 a handled TERM or INT ends with the command's own status, and comes once`, async () => {
    await using box = await Box.create();
    for (
      const [signal, name] of [["SIGTERM", "TERM"], ["SIGINT", "INT"], ["SIGHUP", "HUP"], [
        "SIGUSR1",
        "USR1",
      ]] as const
    ) {
      const script =
        `n=0; trap 'n=$((n+1)); echo got-$n' ${name}; echo ready; read line; echo total-$n; exit $((50+n))`;
      const run = box.start(mode.flags, [
        "bash",
        "-c",
        `exec 0</dev/zero; ${script.replace("read line", "while [ $n = 0 ]; do sleep 0.01; done")}`,
      ], {
        fds: mode.fds,
        ownGroup: true,
      });
      assert.equal(await run.line(), "ready");
      run.kill(signal);
      const { code, stdout } = await run.outcome();
      assert.equal(code, 51, `${name}: ${stdout}`);
    }
  });

  Deno.test(`${mode.name}: P10 TERM while the sandbox is being built ends it with 143`, async () => {
    await using box = await Box.create();
    await box.run(mode.flags, ["true"], { fds: mode.fds });
    for (let round = 0; round < 8; round++) {
      const mark = box.marker();
      const run = box.start(mode.flags, ["sleep", mark], { fds: mode.fds, ownGroup: true });
      await firstChild(run);
      run.kill("SIGTERM");
      const { code, signal } = await run.status();
      assert.equal(signal === null ? code : 128 + (NUMBERS[signal] ?? 0), 143);
      await until(() => processesWith(mark).length === 0, "the end of a start that was given up");
    }
    await until(async () => (await box.runDirectories()).length === 0, "the end of what stood by");
  });

  Deno.test(`${mode.name}: P11 background children, daemons and 300 orphans end with the command`, async () => {
    await using box = await Box.create();
    const mark = box.marker();
    const script = `
import os, signal, sys, time
signal.signal(signal.SIGHUP, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
for _ in range(300):
    if os.fork() == 0:
        os.setsid()
        if os.fork() != 0: os._exit(0)
        os.execvp("sleep", ["sleep", "${mark}"])
for _ in range(300): os.wait()
print("ready", flush=True)
`;
    const { code, stdout } = await box.runIn(mode, [], ["python3", "-c", script]);
    assert.deepEqual([code, stdout], [0, "ready\n"]);
    await until(() => processesWith(mark).length === 0, "the end of the orphans");
    assert.deepEqual(await box.runDirectories(), []);
  });

  Deno.test(`${mode.name}: P11 orphans leave no zombies while the command runs`, async () => {
    await using box = await Box.create();
    const script = `
      for n in 1 2 3 4 5 6 7 8 9; do (true &) ; (sh -c 'exit 3' & ) ; done; wait
      for try in $(seq 500); do
        z=$(grep -l '^State:.*Z' /proc/[0-9]*/status 2>/dev/null | wc -l)
        [ "$z" = 0 ] && break
      done
      echo zombies $z`;
    assert.equal((await box.runIn(mode, [], ["sh", "-c", script])).stdout, "zombies 0\n");
  });
}

/** Waits, without a pause, until tombolo has started its first process. */
async function firstChild(run: Running): Promise<void> {
  await until(() => {
    try {
      return Array.from(Deno.readDirSync(`/proc/${run.pid}/task`)).some(({ name }) =>
        Deno.readTextFileSync(`/proc/${run.pid}/task/${name}/children`) !== ""
      );
    } catch {
      return true; // It has ended already.
    }
  }, "tombolo's first process");
}

Deno.test("P8 System V objects, message queues and keyrings of the host are invisible", async () => {
  await using box = await Box.create();
  const made = await box.host(["sh", "-c", "ipcmk -M 4096 -Q"]);
  const ids = [...made.stdout.matchAll(/id: (\d+)/g)].map((match) => match[1] ?? "");
  try {
    const script =
      "ipcs -m -q | grep -c '^0x'; ls -A /dev/mqueue 2>/dev/null | wc -l; python3 -c 'import ctypes; print(ctypes.CDLL(None).syscall(250, 0, -3, 0))'";
    for (const mode of EVERY_BACKEND) {
      const { stdout } = await box.runIn(mode, [], ["sh", "-c", script]);
      assert.equal(stdout, "0\n0\n-1\n", mode.name);
    }
  } finally {
    await box.host(["ipcrm", "-m", ids[0] ?? "", "-q", ids[1] ?? ""]);
  }
});

Deno.test("P12 no unix socket of the host is reached: named streams and datagrams, abstract ones", async () => {
  await using box = await Box.create();
  const server = fixture(here, "unix_sockets.py");
  const host = new Running(
    new Deno.Command("python3", {
      args: [server, "serve", box.work],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn(),
  );
  try {
    assert.equal(await host.line(), "ready");
    for (const mode of EVERY_BACKEND) {
      const { stdout, stderr } = await box.runIn(mode, [], ["python3", server, "attack", box.work]);
      assert.equal(stdout, "", `${mode.name} ${stderr}`);
    }
  } finally {
    await host.child.stdin.close();
  }
  assert.equal(await host.line(), "received 0");
  assert.equal((await host.outcome()).code, 0);
});

Deno.test("P13 variables that steer loaders, shells and runtimes do not reach tombolo's own programs", async () => {
  await using box = await Box.create();
  const planted = await box.write("planted.js", `require("fs").writeFileSync("${box.root}/pwned", "")`);
  const rc = await box.write("planted.sh", `touch ${box.root}/pwned\n`);
  const values = {
    NODE_OPTIONS: `--require ${planted}`,
    DENO_CERT: "/nonexistent",
    DENO_AUTH_TOKENS: "x",
    LD_LIBRARY_PATH: box.root,
    GCONV_PATH: box.root,
  };
  for (const mode of EVERY_BACKEND) {
    const set = Object.entries({ ...values, BASH_ENV: rc, ENV: rc }).map(([name, value]) =>
      `--env=${name}=${value}`
    );
    assert.equal((await box.runIn(mode, set, ["/bin/true"], { env: values })).code, 0, mode.name);
    assert.equal(await box.exists("pwned"), false, mode.name);
  }
});

for (const program of ["bwrap", "sh", "env", "deno", "bash", "kill", "mkfifo", "rm"]) {
  Deno.test(`P14 a ${program} planted on PATH by an earlier run is never run by the tool`, async () => {
    await using box = await Box.create();
    await Deno.mkdir(`${box.root}/next`);
    await Deno.mkdir(`${box.work}/bin`);
    const script =
      `printf '#!/bin/sh\\necho pwned > ${box.root}/pwned\\n' > bin/${program} && chmod 755 bin/${program}`;
    assert.equal((await box.shell([], script)).code, 0);
    const env = { PATH: `${box.work}/bin:/usr/bin:/bin` };
    for (const mode of EVERY_BACKEND) {
      for (const cwd of [box.work, `${box.root}/next`]) {
        // The command itself is named by its path: that one may run what is planted, inside.
        await box.runIn(mode, ["--timeout=20s"], ["/bin/true"], { env, cwd });
        assert.equal(await box.exists("pwned"), false, `${mode.name} ${cwd}`);
      }
    }
  });
}

for (const mode of MODES) {
  Deno.test(`${mode.name}: P10 KILL while the sandbox is being built leaves nothing`, async () => {
    await using box = await Box.create();
    await box.run(mode.flags, ["true"], { fds: mode.fds });
    const mark = box.marker();
    for (let round = 0; round < 24; round++) {
      const run = box.start(mode.flags, ["sleep", mark], { fds: mode.fds, ownGroup: true });
      // From the start script to after the command has been started, a little more each time.
      await firstChild(run);
      const end = performance.now() + round * 4;
      while (performance.now() < end) await Deno.lstat("/");
      run.kill("SIGKILL");
      await run.status();
    }
    await until(() => processesWith(mark).length === 0, "the end of what was being built");
  });
}
