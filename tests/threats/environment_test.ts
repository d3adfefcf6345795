import assert from "node:assert/strict";
import { isPlainVariable } from "../../lib/plan/plain_variable.ts";
import { Box, EVERY_BACKEND, said } from "../system/tombolo.ts";

// What steers loaders, shells, runtimes and tools; harmless as values go, and none may be lost on the way.
const STEERING: Readonly<Record<string, string>> = {
  LD_LIBRARY_PATH: "/nonexistent/canary",
  LD_BIND_NOW: "1",
  GCONV_PATH: "/nonexistent/canary",
  GLIBC_TUNABLES: "glibc.malloc.check=0",
  MALLOC_ARENA_MAX: "2",
  NODE_OPTIONS: "--require /nonexistent/canary.js",
  NODE_PATH: "/nonexistent/canary",
  DENO_V8_FLAGS: "--canary",
  DENO_DIR: "/nonexistent/canary",
  OTEL_DENO: "true",
  BASH_ENV: "/nonexistent/canary",
  ENV: "/nonexistent/canary",
  GLOBIGNORE: "*",
  PS4: "$(touch /nonexistent/canary)",
  PYTHONSTARTUP: "/nonexistent/canary",
  PYTHONHOME: "/nonexistent/canary",
  PERL5LIB: "/nonexistent/canary",
  RUBYOPT: "-r/nonexistent/canary",
  DYLD_INSERT_LIBRARIES: "/nonexistent/canary",
  GIT_DIR: "/nonexistent/canary",
  GIT_CONFIG_COUNT: "0",
  RUST_LOG: "trace",
  SSL_CERT_FILE: "/nonexistent/canary",
  TMOUT: "1",
  ODD: "line\nfeed = \u00e9 '\"$(x)` \\",
  EMPTY: "",
};

function variables(stdout: string): Map<string, string> {
  return new Map(
    stdout.split("\0").filter((text) => text.includes("=")).map((text) => {
      const equals = text.indexOf("=");
      return [text.slice(0, equals), text.slice(equals + 1)];
    }),
  );
}

for (const mode of EVERY_BACKEND) {
  Deno.test(`${mode.name}: P13 a variable that is set or allowed reaches the command unchanged`, async () => {
    await using box = await Box.create();
    const set = Object.entries(STEERING).map(([name, value]) => `--env=${name}=${value}`);
    const { stdout, stderr } = await box.runIn(mode, set, ["/usr/bin/env", "-0"]);
    const got = variables(stdout);
    for (const [name, value] of Object.entries(STEERING)) {
      assert.equal(got.get(name), value, `${name} ${stderr}`);
    }

    // Those that do not steer the shells which stand between this test and tombolo.
    const { GLOBIGNORE: _, TMOUT: __, PS4: ___, ...env } = STEERING;
    const allowed = await box.runIn(mode, [`--allow-env=${Object.keys(env)}`], ["/usr/bin/env", "-0"], {
      env,
    });
    const passed = variables(allowed.stdout);
    for (const [name, value] of Object.entries(env)) {
      assert.equal(passed.get(name), value, `${name} ${allowed.stderr}`);
    }
    const none = variables((await box.runIn(mode, [], ["/usr/bin/env", "-0"], { env })).stdout);
    // The gateway names the place where its own variables lead.
    for (const name of Object.keys(env)) assert.notEqual(none.get(name), env[name] || "unset", name);
    const denied = await box.runIn(
      mode,
      ["--allow-env", "--deny-env=LD_*,*_OPTIONS"],
      ["/usr/bin/env", "-0"],
      {
        env,
      },
    );
    assert.equal(variables(denied.stdout).has("LD_LIBRARY_PATH"), false);
    assert.notEqual(variables(denied.stdout).get("NODE_OPTIONS"), env["NODE_OPTIONS"]);
  });

  Deno.test(`${mode.name}: P13 a library named for the command is loaded by the command alone`, async () => {
    await using box = await Box.create();
    const set = "--env=LD_PRELOAD=/nonexistent/canary.so";
    const { code, stderr } = await box.runIn(mode, [set], ["/bin/true"]);
    assert.equal(code, 0);
    const complaints = stderr.split("\n").filter((line) => line.includes("canary.so"));
    assert.equal(complaints.length, 1, stderr);
  });

  Deno.test(`${mode.name}: P13 functions that bash exports are run by no shell on the way`, async () => {
    await using box = await Box.create();
    const body = `() { echo pwned >>${box.work}/pwned; }`;
    const env = Object.fromEntries(
      ["exec", "trap", "eval", "ulimit", "read", "shift", "echo", "env"].map((
        name,
      ) => [`BASH_FUNC_${name}%%`, body]),
    );
    // Set through a program, as the bash of the tests would heed them.
    const set = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const { TOMBOLO } = await import("../system/tombolo.ts");
    const outcome = await box.host([
      "/usr/bin/env",
      ...set,
      TOMBOLO,
      "run",
      "--allow-env",
      ...mode.flags,
      "--",
      "/bin/true",
    ], { fds: mode.fds });
    assert.equal(outcome.code, 0, outcome.stderr);
    assert.equal(await box.read("work/pwned"), undefined);
  });

  Deno.test(`${mode.name}: P1 a secret that is allowed is in the arguments of no process of the host`, async () => {
    await using box = await Box.create();
    const secret = box.marker();
    const run = box.start([...mode.flags, "--allow-env=API_TOKEN"], [
      "sh",
      "-c",
      'echo "$API_TOKEN"; read -r line',
    ], {
      env: { API_TOKEN: secret },
      fds: mode.fds,
      stdin: "",
    });
    assert.equal(await run.line(), secret);
    const holders = Array.from(Deno.readDirSync("/proc"), ({ name }) => name).filter((name) => {
      if (!/^\d+$/.test(name)) return false;
      try {
        return Deno.readTextFileSync(`/proc/${name}/cmdline`).includes(secret);
      } catch {
        return false;
      }
    });
    assert.deepEqual(holders, []);
    run.kill("SIGTERM");
    await run.status();
  });

  Deno.test(`${mode.name}: P13 an environment longer than the system takes is an error that names the remedy`, async () => {
    await using box = await Box.create();
    const set = Object.fromEntries(
      Array.from({ length: 30 }, (_, index) => [`BIG${index}`, "x".repeat(100_000)]),
    );
    await box.write("policy.json", JSON.stringify({ env: { set } }));
    const outcome = await box.runIn(mode, ["--policy=../policy.json"], ["touch", "ran"]);
    assert.equal(outcome.code, 125);
    assert.match(
      said(outcome).join("\n"),
      /longer than the system takes; pass fewer or shorter variables on/,
    );
    assert.equal(await box.exists("work/ran"), false);
    // What the system does take arrives.
    const fits = await box.shell(["--allow-env=FITS", ...mode.flags], "echo ${#FITS}", {
      env: { FITS: "x".repeat(120_000) },
      fds: mode.fds,
    });
    assert.equal(fits.stdout, "120000\n", fits.stderr);
  });
}

Deno.test("P13 what is no name, or empty, is an error in every list; values with NUL are too", async () => {
  await using box = await Box.create();
  const cases = [
    "--env==x",
    "--env=NAME",
    "--env=a.b=1",
    "--env=1a=1",
    "--env=BASH_FUNC_x%%=1",
    "--allow-env=a.b",
    "--allow-env=BASH_FUNC_x%%",
    "--allow-env=",
    "--deny-env=A,,B",
    "--allow-env=A*B",
    "--deny-env=A=1",
  ];
  for (const flag of cases) {
    const outcome = await box.run([flag], ["touch", "ran"]);
    assert.equal(outcome.code, 125, flag);
    assert.equal(said(outcome).length, 1, flag);
  }
  await box.write("policy.json", '{ "env": { "set": { "A": "x\\u0000y" } } }');
  assert.equal((await box.run(["--policy=../policy.json"], ["touch", "ran"])).code, 125);
  assert.equal(await box.exists("work/ran"), false);
});

Deno.test("P13 what loaders, shells and Deno read is kept from the programs that start the command", () => {
  const steering = [
    "LD_PRELOAD LD_AUDIT LD_LIBRARY_PATH DYLD_X GLIBC_TUNABLES GCONV_PATH LOCPATH NLSPATH HOSTALIASES RES_OPTIONS",
    "LOCALDOMAIN MALLOC_TRACE LIBC_FATAL_STDERR_ BASH_ENV BASHOPTS ENV SHELLOPTS GLOBIGNORE IFS PS4 TMOUT CDPATH",
    "POSIXLY_CORRECT ZDOTDIR DENO_DIR DENO_V8_FLAGS NODE_OPTIONS NODE_EXTRA_CA_CERTS OTEL_DENO RUST_LOG SSL_CERT_FILE",
    "TOMBOLO_STAGE2_SOCKET BASH_FUNC_x%% a.b 1a _ __proto__",
  ].join(" ").split(" ");
  for (const name of ["", ...steering]) assert.equal(isPlainVariable(name), false, name);
  for (const name of ["PATH", "HOME", "LANG", "LC_ALL", "CI", "LDFLAGS", "ENVIRONMENT", "NODEJS", "Ab1"]) {
    assert.equal(isPlainVariable(name), true, name);
  }
});
