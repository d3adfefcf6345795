import assert from "node:assert/strict";
import { seccompProgram } from "../../lib/plan/seccomp/program.ts";
import { Sandbox } from "./sandbox.ts";

const arch = Deno.build.arch;
const filter = seccompProgram({ arch, allowUnix: false });
const PRINT_ARGUMENTS = 'for argument; do printf "%s\\0" "$argument"; done';

Deno.test("launch", async (t) => {
  await using sandbox = await Sandbox.create(filter);
  const shell = (script: string, ...args: string[]) => ["sh", "-c", script, "sh", ...args];

  await t.step("passes arguments byte for byte", async () => {
    const args = [
      "",
      " ",
      "a b",
      "\n",
      "'",
      '"',
      "\\",
      "$HOME",
      "--",
      "-x",
      "\u00e9\u{1f600}\ufeff",
      "",
      "\u0001\u007f",
    ];
    const { code, stdout } = await sandbox.run(shell(PRINT_ARGUMENTS, ...args));
    assert.equal(code, 0);
    assert.deepEqual(stdout.split("\0"), [...args, ""]);
  });

  await t.step("gives the command its name as typed", async () => {
    const { stdout } = await sandbox.run(["cat", "/proc/self/cmdline"]);
    assert.equal(stdout, "cat\0/proc/self/cmdline\0");
  });

  await t.step("gives the command exactly the environment that it is to have", async () => {
    const set = {
      A: "b c",
      EMPTY: "",
      LINES: "x\ny",
      UTF8: "\u00e9\u{1f600}",
      HOME: "/run/work",
      PATH: "/usr/bin",
    };
    const env = { TOMBOLO_STAGE2_ENV: JSON.stringify(set), KEPT: "kept", HOME: "/root" };
    const { stdout } = await sandbox.run(["env", "-0"], { env });
    const actual = stdout.split("\0").filter((line) => line !== "").sort();
    // PWD is bubblewrap's.
    const expected = Object.entries({ ...set, KEPT: "kept", PWD: "/run/work" }).map(([name, value]) =>
      `${name}=${value}`
    );
    assert.deepEqual(actual, expected.sort());
  });

  await t.step("becomes the command: its status, its signal", async () => {
    assert.equal((await sandbox.run(shell("exit 7"))).code, 7);
    assert.equal((await sandbox.run(["true"])).code, 0);
    for (const [signal, status] of [["TERM", 143], ["KILL", 137], ["INT", 130], ["PIPE", 141]] as const) {
      assert.equal((await sandbox.run(shell(`kill -${signal} $$`))).code, status, signal);
    }
  });

  await t.step("says 127 for what is not found", async () => {
    for (const name of ["absent", "./absent", "/absent/x", "/etc/passwd/x", ""]) {
      const { code, stdout, stderr } = await sandbox.run([name]);
      assert.deepEqual({ code, stdout, stderr }, {
        code: 127,
        stdout: "",
        stderr: `tombolo: ${name}: not found\n`,
      });
    }
  });

  await t.step("escapes the name that it could not run", async () => {
    const { stderr } = await sandbox.run(["a\x1b[2J\nb"]);
    assert.equal(stderr, "tombolo: a\\x1b[2J\\x0ab: not found\n");
  });

  await t.step("says 126 for what cannot be executed, with the reason", async () => {
    await sandbox.write("plain", "#!/bin/sh\n");
    await sandbox.write("orphan", "#!/absent/interpreter\n", 0o755);
    const cases = [["./plain", "permission denied"], ["/run/work", "permission denied"], [
      "./orphan",
      "its interpreter is missing",
    ]];
    for (const [name = "", reason] of cases) {
      const { code, stderr } = await sandbox.run([name]);
      assert.deepEqual({ code, stderr }, {
        code: 126,
        stderr: `tombolo: ${name}: not executable (${reason})\n`,
      });
    }
  });

  await t.step("runs a script without a first line by sh", async () => {
    await sandbox.write("script", PRINT_ARGUMENTS, 0o755);
    const { code, stdout } = await sandbox.run(["./script", "a", "", "b c"]);
    assert.deepEqual({ code, stdout }, { code: 0, stdout: "a\0\0b c\0" });
  });

  await t.step("searches the command's PATH as execvp does", async () => {
    await Deno.mkdir(`${sandbox.work}/one`);
    await Deno.mkdir(`${sandbox.work}/two`);
    await sandbox.write("one/tool", "#!/bin/sh\necho one\n");
    await sandbox.write("one/shut", "#!/bin/sh\n");
    await sandbox.write("two/tool", "#!/bin/sh\necho two\n", 0o755);
    await sandbox.write("here", "#!/bin/sh\necho here\n", 0o755);
    const search = async (path: string, name: string) => {
      const { code, stdout } = await sandbox.run([name], {
        env: { TOMBOLO_STAGE2_ENV: JSON.stringify({ PATH: path }) },
      });
      return `${code} ${stdout.trim()}`;
    };
    assert.equal(await search("/run/work/one:/run/work/two", "tool"), "0 two");
    assert.equal(await search("/absent:/etc/passwd:/run/work/two", "tool"), "0 two");
    assert.equal(await search("/run/work/one:/run/work/two", "shut"), "126 ");
    assert.equal(await search("two", "tool"), "0 two");
    assert.equal(await search("/absent:", "here"), "0 here");
    assert.equal(await search("", "here"), "0 here");
    assert.equal(await search("/run/work/one", "here"), "127 ");
    const unset = { env: { TOMBOLO_STAGE2_UNSET: "PATH" } };
    assert.equal((await sandbox.run(["true"], unset)).code, 0);
  });

  await t.step("restores signals, whatever the caller's shell and the runtime ignore", async () => {
    const { stdout } = await sandbox.run(["grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"], {
      before: "trap '' HUP INT QUIT USR1 USR2 TERM",
    });
    assert.equal(stdout, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
  });

  await t.step("leaves those signals ignored that it is told to", async () => {
    const { stdout } = await sandbox.run(["grep", "^SigIgn", "/proc/self/status"], {
      before: "trap '' HUP INT",
      env: { TOMBOLO_STAGE2_IGNORE: "1" },
    });
    assert.equal(stdout, "SigIgn:\t0000000000000001\n");
  });

  await t.step("closes every descriptor above 2", async () => {
    // The fourth is the directory that ls reads.
    const { stdout } = await sandbox.run(["ls", "/proc/self/fd"], {
      before: "exec 5</dev/null 7>&1 9</etc/passwd",
    });
    assert.equal(stdout, "0\n1\n2\n3\n");
  });

  await t.step("takes every privilege and filters system calls", async () => {
    const { stdout } = await sandbox.run([
      "grep",
      "-E",
      "^(CapEff|NoNewPrivs|Seccomp):",
      "/proc/self/status",
    ]);
    assert.equal(stdout, "CapEff:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n");
    const { code, stderr } = await sandbox.run(["unshare", "--user", "true"]);
    assert.equal(code, 1);
    assert.match(stderr, /Operation not permitted/);
  });

  await t.step("keeps signals to the own group inside where the filter says so", async () => {
    const refusing = seccompProgram({ arch, allowUnix: false, refuseGroupSignals: true });
    const script = "kill -CONT 0; echo $?; kill -CONT $$ && echo named";
    const { stdout, stderr } = await sandbox.run(shell(script), { filter: refusing });
    assert.equal(stdout, "1\nnamed\n");
    assert.match(stderr, /Operation not permitted/);
  });

  await t.step("gives back the soft limit of open files", async () => {
    const before = "ulimit -Sn 256";
    const { stdout } = await sandbox.run(shell("ulimit -Sn; ulimit -Hn"), {
      before,
      env: { TOMBOLO_STAGE2_NOFILE: "256" },
    });
    const [soft, hard] = stdout.split("\n");
    assert.equal(soft, "256");
    assert.ok(hard === "unlimited" || Number(hard) > 256, `hard limit ${hard}`);
  });

  await t.step("runs nothing where it cannot lock down: 125 and one line", async () => {
    const cases: [string, Parameters<Sandbox["run"]>[1], RegExp][] = [
      ["no filter", { env: { TOMBOLO_STAGE2_SECCOMP: "/absent" } }, /No such file/],
      ["empty filter", { filter: new Uint8Array(0) }, /filter of 0 bytes/],
      ["torn filter", { filter: filter.slice(0, 12) }, /filter of 12 bytes/],
      ["filter that the kernel refuses", { filter: new Uint8Array(8).fill(255) }, /seccomp: errno 22/],
      ["environment that is no JSON", { env: { TOMBOLO_STAGE2_ENV: "{" } }, /JSON/],
      ["limit that is no number", { env: { TOMBOLO_STAGE2_NOFILE: "many" } }, /TOMBOLO_STAGE2_NOFILE/],
    ];
    for (const [name, options, message] of cases) {
      const { code, stderr } = await sandbox.run(["touch", "ran"], options);
      assert.equal(code, 125, name);
      assert.match(stderr, /^tombolo: [^\n]*\n$/, name);
      assert.match(stderr, message, name);
    }
    await assert.rejects(Deno.stat(`${sandbox.work}/ran`), Deno.errors.NotFound);
  });

  await t.step("is started with a role and a command, or says so", async () => {
    for (const role of [[], ["other"], ["launch"], ["launch", "--"], ["launch", "true"]]) {
      const { code, stderr } = await sandbox.run([], { role });
      assert.equal(code, 125);
      assert.match(stderr, /^tombolo: [^\n]*\n$/);
    }
  });
});
