import assert from "node:assert/strict";
import { Box, exists, isRoot, MODES, said } from "./tombolo.ts";

/** Tries to read and to write each path; prints `NAME read=ERRNO write=ERRNO` with 0 for success. */
const PROBE = `
import errno, os, sys
def attempt(action):
    try:
        action()
        return "ok"
    except OSError as error:
        return errno.errorcode[error.errno]
def read(path):
    if os.path.isdir(path):
        os.listdir(path)
    else:
        open(path).read()
def write(path):
    if os.path.isdir(path):
        name = os.path.join(path, "probe")
        open(name, "w").close()
        os.unlink(name)
    else:
        open(path, "a").close()
for path in sys.argv[1:]:
    print(path, attempt(lambda: read(path)), attempt(lambda: write(path)))
`;

// A directory that is hidden but for a hole does not even say what else it holds.
const HIDDEN = /^(?:EACCES (?:EACCES|EROFS)|ENOENT (?:EROFS|ENOENT))$/;

/** What a sandbox could do with paths: `read write` by path. */
async function access(
  box: Box,
  flags: readonly string[],
  paths: readonly string[],
  options: Parameters<Box["run"]>[2] = {},
): Promise<Record<string, string>> {
  const { code, stdout, stderr } = await box.run(flags, ["python3", "-c", PROBE, ...paths], options);
  assert.equal(code, 0, stderr);
  return Object.fromEntries(
    stdout.trimEnd().split("\n").map((line) => {
      const [path = "", ...results] = line.split(" ");
      return [path, results.join(" ")];
    }),
  );
}

Deno.test("the working directory and a private /tmp are writable, nothing else", async () => {
  await using box = await Box.create();
  await box.write("beside/file", "kept");
  const beside = `${box.root}/beside`;
  const found = await access(box, [], [
    ".",
    "/tmp",
    beside,
    `${beside}/file`,
    "/etc",
    "/usr",
    "/",
    "/run",
    box.home,
  ]);
  assert.deepEqual(found, {
    ".": "ok ok",
    "/tmp": "ok ok",
    [beside]: "ok EROFS",
    [`${beside}/file`]: "ok EROFS",
    "/etc": "ok EROFS",
    "/usr": "ok EROFS",
    "/": "ok EROFS",
    "/run": "ok EROFS",
    [box.home]: "ok EROFS",
  });
  assert.equal(await box.read("beside/file"), "kept");
});

Deno.test("what is written in the working directory is on the host's disk", async () => {
  await using box = await Box.create();
  for (const mode of MODES) {
    await box.runIn(mode, [], ["sh", "-c", `mkdir -p a/b && echo ${mode.name} > a/b/file`]);
    assert.equal(await box.read("work/a/b/file"), `${mode.name}\n`);
  }
});

Deno.test("outside of the working directory nothing is created, removed, renamed, linked or changed", async () => {
  await using box = await Box.create();
  await box.write("beside/file", "kept");
  const at = `${box.root}/beside`;
  const actions = [
    `touch ${at}/new`,
    `rm ${at}/file`,
    `mv ${at}/file ${at}/other`,
    `mv ${at}/file .`,
    `ln ${at}/file ${at}/hard`,
    `ln ${at}/file here`,
    `ln -s x ${at}/soft`,
    `mkdir ${at}/directory`,
    `chmod 777 ${at}/file`,
    `touch -d 2001-01-01 ${at}/file`,
    `truncate -s 0 ${at}/file`,
    `rmdir ${at}`,
  ];
  const before = await Deno.stat(`${at}/file`);
  for (const action of actions) {
    const { code } = await box.shell([], action);
    assert.notEqual(code, 0, action);
  }
  const after = await Deno.stat(`${at}/file`);
  assert.deepEqual([after.mode, after.mtime, after.nlink], [before.mode, before.mtime, 1]);
  assert.equal(await box.read("beside/file"), "kept");
  assert.deepEqual(await box.list("beside"), ["file"]);
});

Deno.test("secrets of the home directory are refused with EACCES, their harmless neighbours are not", async () => {
  await using box = await Box.create();
  const secret = [
    ".ssh/id_ed25519",
    ".ssh/deploy/key",
    ".aws/credentials",
    ".gnupg/private-keys-v1.d/k",
    ".kube/config",
    ".config/gh/hosts.yml",
    ".config/gcloud/credentials.db",
    ".docker/config.json",
    ".netrc",
    ".git-credentials",
    ".npmrc",
    ".pypirc",
    ".cargo/credentials.toml",
    ".vault-token",
    ".password-store/x.gpg",
    ".mozilla/firefox/cookies.sqlite",
    ".bash_history",
    ".claude/.credentials.json",
  ];
  const open = [
    ".ssh/known_hosts",
    ".ssh/config",
    ".docker/other.json",
    ".cargo/config.toml",
    ".config/other",
    ".profile",
  ];
  for (const name of [...secret, ...open]) await box.write(`home/${name}`, "canary");
  for (const mode of MODES) {
    const found = await access(
      box,
      mode.flags,
      [...secret, ...open].map((name) => `${box.home}/${name}`),
      { fds: mode.fds },
    );
    for (const name of secret) {
      assert.match(found[`${box.home}/${name}`] ?? "", HIDDEN, `${mode.name} ${name}`);
    }
    for (const name of open) assert.equal(found[`${box.home}/${name}`], "ok EROFS", `${mode.name} ${name}`);
  }
  const { stdout, code } = await box.shell(
    [],
    `cat ~/.ssh/id_*; ls ~/.ssh ~/.aws; cd ~/.ssh && cat id_ed25519`,
  );
  assert.notEqual(code, 0);
  assert.doesNotMatch(stdout, /canary|id_ed25519|credentials/);
});

Deno.test("no broad rule opens a secret", async () => {
  await using box = await Box.create();
  await box.write("home/.ssh/id_rsa", "canary");
  await box.write("home/.netrc", "canary");
  const paths = [`${box.home}/.ssh/id_rsa`, `${box.home}/.netrc`];
  const broad = [["-R"], ["-W"], ["--allow-write=~"], ["--allow-read=~/.ssh"], [
    "--allow-read=~/.ssh/id_rsa,~/.netrc",
  ]];
  for (const flags of broad) {
    const found = await access(box, flags, paths);
    for (const path of paths) assert.match(found[path] ?? "", HIDDEN, `${flags} ${path}`);
    assert.equal(await box.read("home/.ssh/id_rsa"), "canary");
  }
});

Deno.test("a secret behind a link is hidden where it really is", async () => {
  await using box = await Box.create();
  await box.write("elsewhere/keys/id_rsa", "canary");
  await Deno.symlink(`${box.root}/elsewhere/keys`, `${box.home}/.ssh`);
  const found = await access(box, [], [`${box.root}/elsewhere/keys/id_rsa`, `${box.home}/.ssh/id_rsa`]);
  for (const result of Object.values(found)) assert.match(result, /^EACCES/);
});

Deno.test("a home that is reached through a link is protected all the same", async () => {
  await using box = await Box.create();
  await box.write("home/.ssh/id_rsa", "canary");
  await Deno.symlink(box.home, `${box.root}/link`);
  const found = await access(box, [], [`${box.home}/.ssh/id_rsa`, `${box.root}/link/.ssh/id_rsa`], {
    env: { HOME: `${box.root}/link` },
  });
  for (const result of Object.values(found)) assert.match(result, /^EACCES/);
});

Deno.test("the deepest rule wins, and deny wins at the same path", async () => {
  await using box = await Box.create();
  for (const path of ["a/x", "a/b/x", "a/b/c/x", "a/b/c/d/x", "same/x", "ro/x", "ro/rw/x"]) {
    await box.write(`work/${path}`, path);
  }
  const flags = [
    "--deny-read=a,a/b/c,same",
    "--allow-read=a/b,same",
    "--allow-write=a/b/c/d",
    "--deny-write=ro",
    "--allow-write=ro/rw",
  ];
  const found = await access(box, flags, [
    "a/x",
    "a/b/x",
    "a/b/c/x",
    "a/b/c/d/x",
    "same/x",
    "ro/x",
    "ro/rw/x",
  ]);
  for (const path of ["a/x", "a/b/c/x", "same/x"]) {
    assert.match(found[path] ?? "", HIDDEN, path);
    assert.equal(await box.read(`work/${path}`), path);
  }
  const open = ["a/b/x", "a/b/c/d/x", "ro/x", "ro/rw/x"].map((path) => found[path]);
  assert.deepEqual(open, ["ok ok", "ok ok", "ok EROFS", "ok ok"]);
});

Deno.test("read-only writes nothing but the private /tmp", async () => {
  await using box = await Box.create();
  const found = await access(box, ["--preset=read-only"], [".", "/tmp", "/etc/passwd"]);
  const passwd = isRoot ? "ok EROFS" : "ok EACCES";
  assert.deepEqual(found, { ".": "ok EROFS", "/tmp": "ok ok", "/etc/passwd": passwd });
  const opened = await access(box, ["--preset=read-only", "--allow-write=."], ["."]);
  assert.deepEqual(opened, { ".": "ok ok" });
});

Deno.test("none shows nothing of the host", async () => {
  await using box = await Box.create();
  await box.write("work/static.c", "int main(void) { return 42; }\n");
  const compiled = await box.host(["gcc", "-static", "-o", "static", "static.c"]);
  assert.equal(compiled.code, 0, compiled.stderr);
  for (const mode of MODES) {
    assert.equal(
      (await box.runIn(mode, ["--preset=none", "--allow-read=static"], [`${box.work}/static`])).code,
      42,
      mode.name,
    );
  }
  const system = ["/usr", "/bin", "/lib", "/lib64", "/sbin"].filter((path) => {
    try {
      return Deno.lstatSync(path).isDirectory || Deno.lstatSync(path).isSymlink;
    } catch {
      return false;
    }
  });
  for (const mode of MODES) {
    const { code, stdout } = await box.runIn(
      mode,
      ["--preset=none", `--allow-read=${system.join(",")}`],
      ["/bin/ls", "/", "/tmp"],
    );
    assert.equal(code, 0, mode.name);
    const shown = new Set(stdout.split(/\s+/));
    for (const name of ["etc", "home", "root", "var", "work", "opt"]) {
      assert.ok(!shown.has(name), `${mode.name} ${name}`);
    }
    for (const name of ["usr", "proc", "dev"]) assert.ok(shown.has(name), `${mode.name} ${name}`);
  }
  const without = await box.run(["--preset=none"], ["/bin/true"]);
  assert.equal(without.code, 127);
});

Deno.test("none with a program whose loader is not shown: one line, and nothing runs", async () => {
  await using box = await Box.create();
  const { code, stderr } = await box.run(["--preset=none", "--allow-read=/usr/bin"], ["/usr/bin/id"]);
  assert.ok([126, 127].includes(code), `${code} ${stderr}`);
  assert.match(stderr, /^tombolo: [^\n]*\n$/);
});

for (const preset of ["workspace", "read-only"]) {
  Deno.test(`a working directory below /tmp survives, and the rest of the host's /tmp is hidden: ${preset}`, async () => {
    await using box = await Box.create({ below: "/tmp" });
    await box.write("beside", "host");
    await box.write("work/inside", "kept");
    for (const mode of MODES) {
      const { stdout, code } = await box.runIn(mode, [`--preset=${preset}`], [
        "sh",
        "-c",
        `pwd; cat inside; ls /tmp | wc -l; ls ${box.root}`,
      ]);
      assert.equal(code, 0, mode.name);
      assert.equal(stdout, `${box.work}\nkept1\nwork\n`, mode.name);
      const { code: written } = await box.runIn(mode, [`--preset=${preset}`], ["touch", "new"]);
      assert.equal(written === 0, preset === "workspace", mode.name);
      assert.equal(await exists(`${box.work}/new`), preset === "workspace");
    }
  });
}

Deno.test("/tmp and /run are not the host's, and TMPDIR leads to the private /tmp", async () => {
  await using box = await Box.create();
  const canary = await Deno.makeTempFile({ dir: "/tmp", prefix: "tombolo-canary." });
  try {
    const { stdout } = await box.shell([], `ls -A /run /tmp; echo $TMPDIR; mktemp`, {
      env: { TMPDIR: box.work },
    });
    assert.doesNotMatch(stdout, /canary/);
    assert.match(stdout, /^\/run:\n(?:tombolo\n)?\n\/tmp:\n\/tmp\n\/tmp\/tmp\./);
    const { stdout: later } = await box.shell([], "ls -A /tmp");
    assert.equal(later, "", "a private /tmp is fresh for each run");
  } finally {
    await Deno.remove(canary);
  }
});

Deno.test("--cwd moves the command and what flags are relative to", async () => {
  await using box = await Box.create();
  await box.write("work/sub/secret", "x");
  await box.write("work/file", "x");
  const flags = ["--cwd=sub", "--deny-read=secret"];
  const { stdout } = await box.shell(flags, "pwd");
  assert.equal(stdout, `${box.work}/sub\n`);
  assert.deepEqual(await access(box, flags, ["secret", ".", "../file"]), {
    "secret": "EACCES EACCES",
    ".": "ok ok",
    "../file": "ok EROFS",
  });
});

Deno.test("a working directory that is the home is not writable, and one line says so", async () => {
  await using box = await Box.create();
  await box.write("home/sub/file", "x");
  for (const cwd of [box.home, box.root, "/"]) {
    const outcome = await box.shell([], "touch new", { cwd });
    assert.notEqual(outcome.code, 0, cwd);
    const notices = said(outcome).filter((line) =>
      line.includes("--allow-write=.") && line.includes("not writable")
    );
    assert.equal(notices.length, 1, outcome.stderr);
  }
  const opened = await box.shell(["--allow-write=."], "touch new", { cwd: box.home });
  assert.deepEqual([opened.code, said(opened)], [0, []]);
  assert.equal(await box.exists("home/new"), true);
});

Deno.test("an allow entry that is a link is refused, naming the target", async () => {
  await using box = await Box.create();
  await box.write("other/file", "x");
  await Deno.symlink("../other", `${box.work}/link`);
  await Deno.mkdir(`${box.work}/real`);
  await Deno.symlink("../../other", `${box.work}/real/inner`);
  for (
    const flag of [
      "--allow-write=link",
      "--allow-read=link",
      "--allow-write=real/inner",
      "--allow-write=link/file",
    ]
  ) {
    const { code, stderr } = await box.run([flag], ["touch", "ran"]);
    assert.equal(code, 125, flag);
    assert.match(stderr, /^tombolo: [^\n]*symbolic link[^\n]*\n$/);
    assert.ok(stderr.includes(`${box.root}/other`), stderr);
    assert.equal(await box.exists("work/ran"), false);
  }
});

Deno.test("a missing denied path is set aside when it appears", async () => {
  await using box = await Box.create();
  const outcome = await box.shell(["--deny-write=sub/new"], "mkdir sub && echo text > sub/new");
  assert.equal(await box.exists("work/sub/new"), false);
  assert.equal(
    said(outcome).filter((line) => line.includes("set aside") && line.includes("sub/new")).length,
    1,
  );
  const places = await box.list("home/.local/state/tombolo/set-aside");
  assert.equal(places.length, 1);
  assert.equal(await box.read(`home/.local/state/tombolo/set-aside/${places[0]}/0-new`), "text\n");
});

Deno.test("a denial line names the path and the flag, and the flag works", async () => {
  await using box = await Box.create();
  await Deno.mkdir(`${box.root}/out`);
  const denied = await box.run([], ["touch", `${box.root}/out/file`]);
  assert.equal(denied.code, 1);
  const flag = /to allow: (\S+)/.exec(said(denied).join("\n"))?.[1] ?? "";
  assert.match(flag, /^--allow-write=/);
  const again = await box.run([`--allow-write=${box.root}/out`], ["touch", `${box.root}/out/file`]);
  assert.equal(again.code, 0);
  assert.equal(await box.exists("out/file"), true);
});

Deno.test("tombolo's own checkout, cache and state are not writable, whatever is allowed", async () => {
  await using box = await Box.create();
  await box.run([], ["true"]);
  const checkout = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
  const paths = [checkout, `${checkout}/main.ts`, `${checkout}/.cache`, `${box.home}/.local/state/tombolo`];
  const found = await access(box, ["-W"], paths);
  for (const path of paths) assert.match(found[path] ?? "", / EROFS$/, path);
});

Deno.test("two runs in one directory do not disturb each other", async () => {
  await using box = await Box.create();
  await box.write("work/secret", "canary");
  const runs = Array.from(
    { length: 8 },
    (_, index) => box.shell(["--deny-read=secret"], `cat secret; echo ${index} > file-${index}; ls -A`),
  );
  for (const { code, stdout, stderr } of await Promise.all(runs)) {
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stdout, /canary/);
  }
  assert.equal((await box.list("work")).length, 9);
});
