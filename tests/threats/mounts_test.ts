import assert from "node:assert/strict";
import { Box, EVERY_BACKEND, exists, MODES, said } from "../system/tombolo.ts";

async function tree(path: string): Promise<string> {
  const { stdout } = await new Deno.Command("find", { args: [path, "-printf", "%P %y %s %l\n"] }).output();
  return new TextDecoder().decode(stdout);
}

async function initRepository(box: Box): Promise<void> {
  await box.write("home/.gitconfig", "[user]\n\tname = a\n\temail = a@a.test\n");
  const script = "git init -q . && echo one > file && git add file && git commit -qm one";
  const { code, stderr } = await box.host(["sh", "-c", script]);
  assert.equal(code, 0, stderr);
}

Deno.test("M1 a denied path behind a link of the work tree that does not exist creates nothing outside", async () => {
  for (
    const target of [
      "../outside",
      "../outside/missing",
      "/oldroot/outside",
      "/newroot/outside",
      "/proc/1/root/x",
    ]
  ) {
    await using box = await Box.create();
    await box.write("outside/file", "kept");
    await Deno.symlink(target, `${box.work}/a`);
    const before = await tree(`${box.root}/outside`);
    for (const flag of ["--deny-read=a/x", "--deny-write=a/x", "--deny-write=a/x/y/z"]) {
      for (const mode of EVERY_BACKEND) await box.runIn(mode, [flag], ["true"]);
      assert.equal(await tree(`${box.root}/outside`), before, `${target} ${flag}`);
      for (const place of ["/oldroot", "/newroot"]) assert.equal(await exists(place), false);
      assert.deepEqual(await box.list("work"), ["a"]);
    }
  }
});

Deno.test("M1 a denied path behind a link that exists is denied where it really is", async () => {
  await using box = await Box.create();
  await box.write("work/real/x", "canary");
  await Deno.symlink("real", `${box.work}/a`);
  const { stdout } = await box.shell(
    ["--deny-read=a/x"],
    "cat a/x real/x; mv real other; cat other/x; ln real/x hard; cat hard",
  );
  assert.equal(stdout, "");
  assert.equal(await box.read("work/real/x"), "canary");
});

Deno.test("M3 an allowed directory that an earlier run replaced by a link is refused, as entry and as --cwd", async () => {
  for (const flag of ["--allow-write=sub", "--allow-read=sub", "--cwd=sub"]) {
    await using box = await Box.create();
    await box.write("other/file", "kept");
    await Deno.mkdir(`${box.work}/sub`);
    assert.equal((await box.shell([], "rmdir sub && ln -s ../other sub")).code, 0);
    const { code } = await box.shell([flag], `echo planted > ${box.root}/other/file`);
    assert.notEqual(code, 0, flag);
    assert.equal(await box.read("other/file"), "kept", flag);
  }
});

Deno.test("M3 an events file that an earlier run replaced by a link is not followed", async () => {
  await using box = await Box.create();
  await box.write("home/.bashrc", "kept\n");
  assert.equal((await box.shell([], "ln -s ~/.bashrc events.jsonl")).code, 0);
  const flags = ["--events=events.jsonl", "--allow-net=a.test"];
  const { code, stderr } = await box.shell(flags, "curl -s http://denied.test/; true");
  assert.equal(await box.read("home/.bashrc"), "kept\n");
  assert.equal(code, 125);
  assert.match(stderr, /^tombolo: [^\n]*events[^\n]*\n$/);
});

Deno.test("M3 an events file in the work tree cannot be changed or replaced by the run that fills it", async () => {
  await using box = await Box.create();
  const flags = ["--events=events.jsonl", "--allow-net=a.test"];
  await box.run(flags, ["curl", "-s", "http://denied.test/"]);
  const before = await box.read("work/events.jsonl") ?? "";
  await box.shell(
    flags,
    "echo forged >> events.jsonl; : > events.jsonl; rm -f events.jsonl; ln -s /etc/passwd events.jsonl",
  );
  const after = await box.read("work/events.jsonl") ?? "";
  assert.ok(after.startsWith(before) && before !== "");
  assert.doesNotMatch(after, /forged|root:/);
});

Deno.test("M6 .git cannot be renamed, replaced or moved away with what it holds", async () => {
  await using box = await Box.create();
  await initRepository(box);
  const config = await box.read("work/.git/config");
  const script = `
    cp -r .git evil; echo '[core] fsmonitor = touch pwned' >> evil/config
    mv .git gone; mv -T evil .git; rm -rf .git; mv .git/config .git/c; mv .git/hooks .git/h
    python3 -c 'import ctypes; print(ctypes.CDLL(None).renameat2(-100, b".git", -100, b"evil", 2))'`;
  const { stdout } = await box.shell([], script);
  assert.equal(stdout, "-1\n");
  assert.equal(await box.read("work/.git/config"), config);
  assert.deepEqual(await box.list("work"), [".git", "evil", "file"]);
});

for (const file of ["commondir", "config.worktree", "info/attributes"]) {
  Deno.test(`M6 a planted .git/${file} does not stay`, async () => {
    await using box = await Box.create();
    await initRepository(box);
    const script =
      `cp -r .git evil && echo '[core] fsmonitor = touch pwned' >> evil/config && mkdir -p .git/info && echo ../evil > .git/${file}`;
    const outcome = await box.shell([], script);
    await box.host(["git", "status"]);
    assert.equal(await box.exists("work/pwned"), false);
    assert.equal(await box.exists(`work/.git/${file}`), false);
    assert.ok(said(outcome).some((line) => line.includes("set aside")), outcome.stderr);
  });
}

Deno.test("M6 what is watched is found behind links that were put on the way to it", async () => {
  const evasions = [
    "mv .git/info .git/i2; ln -s i2 .git/info; echo '* filter=x' > .git/i2/attributes",
    "mv .git/info elsewhere; ln -s ../elsewhere .git/info; echo '* filter=x' > elsewhere/attributes",
    "mkdir -p .git/info; echo '* filter=x' > evil; ln -s ../../evil .git/info/attributes",
    "echo '* filter=x' > evil; mkdir -p .git/info; ln evil .git/info/attributes",
    "rm -rf .git/info; mkdir e; echo '* filter=x' > e/attributes; ln -s $PWD/e .git/info",
  ];
  for (const script of evasions) {
    await using box = await Box.create();
    await initRepository(box);
    await box.shell([], script);
    assert.equal(await box.read("work/.git/info/attributes"), undefined, script);
  }
});

Deno.test("M3 a link that an earlier run planted does not choose what --unprotect lifts", async () => {
  await using box = await Box.create();
  await initRepository(box);
  assert.equal((await box.shell([], "ln -s .git/hooks innocent; ln -s .git way")).code, 0);
  for (const path of ["innocent", "way/config"]) {
    const { code, stdout, stderr } = await box.shell(
      [`--unprotect=${path}`],
      "echo ran; echo x > .git/hooks/y",
    );
    assert.deepEqual({ code, stdout }, { code: 125, stdout: "" }, path);
    assert.match(stderr, /^tombolo: Cannot [^\n]* symbolic link/);
  }
  const { code } = await box.shell(["--unprotect=.git/hooks"], "echo x > .git/hooks/y");
  assert.equal(code, 0);
});

Deno.test("M4 what hides files is looked at before each start: a mask that is a link or holds anything is refused", async () => {
  const spoilers = [
    "ln -s ../../../../canary file",
    "echo canary > file",
    "mkdir file",
    "ln ../../../../../canary file",
    "ln -s / directory",
    "mkdir -m 755 directory",
  ];
  for (const spoiler of spoilers) {
    await using box = await Box.create();
    await box.write("canary", "canary\n");
    await box.write("work/secret", "hidden\n");
    await box.write("work/private/secret", "hidden\n");
    const flags = ["--deny-read=secret,private"];
    assert.equal((await box.shell(flags, "true")).code, 0);
    const script = `cd ~/.local/state/tombolo/mask && rm -rf ${spoiler.split(" ").at(-1)} && ${spoiler}`;
    const { stderr: said } = await box.host(["sh", "-c", script]);
    assert.equal(said, "");
    const { code, stdout, stderr } = await box.shell(flags, "cat secret private/*; ls private");
    assert.deepEqual({ code, stdout }, { code: 125, stdout: "" }, spoiler);
    assert.match(stderr, /^tombolo: Cannot hide files with "[^"]+": it is not the empty (?:file|directory)/);
  }
});

Deno.test("M6 the parent of a denied file cannot be renamed, the file not unlinked, replaced or linked", async () => {
  await using box = await Box.create();
  await box.write("work/a/b/secret", "canary");
  const script = `
    mv a moved; mv a/b a/moved; rm -f a/b/secret; mv a/b/secret x; echo planted > y; mv -f y a/b/secret
    ln a/b/secret hard; ln -s a/b/secret soft; cp a/b/secret copy; cat soft a/b/secret moved/b/secret hard
    ln -f y a/b/secret; rmdir a/b; rm -rf a`;
  for (const flag of ["--deny-read=a/b/secret", "--deny-read=a/b", "--deny-write=a/b/secret"]) {
    for (const mode of EVERY_BACKEND) {
      const { stdout } = await box.runIn(mode, [flag], ["sh", "-c", script]);
      if (flag.startsWith("--deny-read")) assert.doesNotMatch(stdout, /canary/, `${mode.name} ${flag}`);
      assert.equal(await box.read("work/a/b/secret"), "canary", `${mode.name} ${flag}`);
      assert.equal((await Deno.stat(`${box.work}/a/b/secret`)).nlink, 1);
      for (const name of await box.list("work")) if (name !== "a") await Deno.remove(`${box.work}/${name}`);
    }
  }
});

Deno.test("M6 a missing denied path does not stay, however its parents are moved and linked", async () => {
  const evasions = [
    "mkdir -p sub; echo x > sub/new",
    "mkdir -p d2; rmdir sub; ln -s d2 sub; echo x > d2/new",
    "mkdir -p sub; echo x > other; ln -s ../other sub/new",
    "mkdir -p sub/new/deep; echo x > sub/new/deep/file",
  ];
  for (const script of evasions) {
    await using box = await Box.create();
    await Deno.mkdir(`${box.work}/sub`);
    await box.shell(["--deny-write=sub/new"], script);
    assert.equal(await Deno.stat(`${box.work}/sub/new`).then(() => true, () => false), false, script);
  }
});

Deno.test("M8 /proc leads to no denied file", async () => {
  await using box = await Box.create();
  await box.write("home/.ssh/id_rsa", "canary");
  await box.write("work/secret", "canary");
  const script = `
import glob, os, sys
found = []
targets = sys.argv[1:]
for base in glob.glob("/proc/[0-9]*") + ["/proc/self", "/proc/thread-self"]:
    links = [base + "/root", base + "/cwd"] + glob.glob(base + "/fd/*") + glob.glob(base + "/task/*/root")
    for link in links:
        for target in targets + ["../home/.ssh/id_rsa", "secret", "../secret"]:
            for up in ["", "/..", "/../..", "/../../../../.."]:
                try:
                    data = open(link + up + "/" + target.lstrip("/")).read()
                except (OSError, UnicodeDecodeError):
                    continue
                if "canary" in data:
                    found.append(link + up + target)
print(len(found), found[:3])
`;
  const targets = [`${box.home}/.ssh/id_rsa`, `${box.work}/secret`];
  for (const mode of EVERY_BACKEND) {
    const { stdout, stderr } = await box.runIn(mode, ["--deny-read=secret"], [
      "python3",
      "-c",
      script,
      ...targets,
    ]);
    assert.equal(stdout, "0 []\n", `${mode.name} ${stderr}`);
  }
});

Deno.test("M8 in a home directory that can be entered but not listed secrets are hidden too", async () => {
  await using box = await Box.create({ ordinaryUser: true });
  const names = [".ssh/id_ed25519", ".config/gh/hosts.yml", ".netrc"];
  for (const name of names) await box.write(`home/${name}`, "canary");
  assert.equal((await box.tombolo(["run", "--", "true"])).code, 0, "the state directory is made");
  await box.host(["sh", "-c", "chmod 0311 ~ ~/.config"]);
  for (const mode of EVERY_BACKEND) {
    const { stdout } = await box.runIn(mode, [], ["sh", "-c", `cd ~; cat ${names.join(" ")}`]);
    assert.equal(stdout, "", mode.name);
  }
  await box.host(["sh", "-c", "chmod 0700 ~ ~/.config"]);
});

Deno.test("M8 /proc/*/root and fd links write nothing outside", async () => {
  await using box = await Box.create();
  await box.write("beside/file", "kept");
  const script = `
import glob, sys
for base in glob.glob("/proc/[0-9]*") + ["/proc/self"]:
    for link in [base + "/root", base + "/cwd"] + glob.glob(base + "/fd/*"):
        for up in ["", "/..", "/../../.."]:
            try:
                open(link + up + sys.argv[1], "w").write("planted")
            except OSError:
                pass`;
  for (const mode of EVERY_BACKEND) {
    await box.runIn(mode, [], ["python3", "-c", script, `${box.root}/beside/file`]);
    assert.equal(await box.read("beside/file"), "kept", mode.name);
  }
});

Deno.test("M9 no mount, unmount, remount, pivot_root or new namespace lifts a mask", async () => {
  await using box = await Box.create();
  await box.write("home/.netrc", "canary");
  await box.write("beside/file", "kept");
  const script = `
import ctypes, errno, os, sys
libc = ctypes.CDLL(None, use_errno=True)
secret, outside = sys.argv[1].encode(), sys.argv[2].encode()
MS_REMOUNT, MS_BIND, MNT_DETACH = 32, 4096, 2
def name(result):
    return "ok" if result >= 0 else errno.errorcode[ctypes.get_errno()]
print(" ".join([
    name(libc.umount2(secret, MNT_DETACH)),
    name(libc.umount2(b"/", MNT_DETACH)),
    name(libc.mount(None, b"/", None, MS_REMOUNT | MS_BIND, None)),
    name(libc.mount(b"none", secret, b"tmpfs", 0, None)),
    name(libc.mount(b"/", b"/tmp", None, MS_BIND, None)),
    name(libc.syscall(155, b".", b".")),
    name(libc.chroot(b"/tmp")),
    name(libc.unshare(0x10000000)),
    name(libc.unshare(0x20000)),
    name(libc.syscall(428, -100, b"/", 1)),
    name(libc.syscall(429, 0, b"", -100, b"/tmp", 4)),
    name(libc.syscall(430, b"tmpfs", 0)),
    name(libc.syscall(442, -100, b"/", 0, 0, 0)),
]))
for path in (secret, outside):
    try:
        open(path, "a").write("planted")
    except OSError:
        pass
try:
    print(open(secret).read())
except OSError as error:
    print(errno.errorcode[error.errno])
`;
  for (const mode of EVERY_BACKEND) {
    const { stdout } = await box.runIn(mode, [], [
      "python3",
      "-c",
      script,
      `${box.home}/.netrc`,
      `${box.root}/beside/file`,
    ]);
    assert.equal(stdout, `${Array.from({ length: 13 }, () => "EPERM").join(" ")}\nEACCES\n`, mode.name);
    assert.equal(await box.read("beside/file"), "kept");
    assert.equal(await box.read("home/.netrc"), "canary");
  }
});

Deno.test("M9 a user namespace made by unshare, bwrap or clone is refused", async () => {
  await using box = await Box.create();
  for (
    const command of [["unshare", "-Urm", "true"], ["bwrap", "--bind", "/", "/", "true"], [
      "unshare",
      "-r",
      "true",
    ]]
  ) {
    for (const mode of EVERY_BACKEND) {
      const { code } = await box.runIn(mode, [], command);
      assert.notEqual(code, 0, `${mode.name} ${command}`);
    }
  }
});

Deno.test("M10 old and new links out of the work tree write and make nothing", async () => {
  await using box = await Box.create();
  await box.write("outside/file", "kept");
  await Deno.symlink("../outside", `${box.work}/old`);
  await Deno.symlink("../outside/file", `${box.work}/oldfile`);
  const before = await tree(`${box.root}/outside`);
  const script = `
    echo planted > old/file; echo planted > oldfile; touch old/new; rm -f old/file
    ln -s ../outside new; echo planted > new/file; touch new/new; mkdir new/d
    ln -s ${box.root}/outside/file abs; echo planted >> abs; mv file old/; cp /etc/hostname new/
    ln -s /proc/self/root${box.root}/outside proc; echo planted > proc/file
    truncate -s 0 oldfile; chmod 777 old/file; setfattr -n user.x -v y old/file`;
  for (const mode of EVERY_BACKEND) {
    await box.runIn(mode, [], ["sh", "-c", script]);
    assert.equal(await tree(`${box.root}/outside`), before, mode.name);
    assert.equal(await box.read("outside/file"), "kept");
  }
});

Deno.test("M12 a policy file behind a link of the work tree cannot be swapped for the next run", async () => {
  await using box = await Box.create();
  await box.write("work/real.json", '{ "read": { "deny": ["secret"] } }');
  await box.write("work/secret", "canary");
  await Deno.symlink("real.json", `${box.work}/policy.json`);
  await box.shell(["--policy=policy.json"], "rm -f policy.json; echo '{}' > policy.json");
  const { stdout } = await box.run(["--policy=policy.json"], ["cat", "secret"]);
  assert.doesNotMatch(stdout, /canary/);
});

Deno.test("M13 sixteen sandboxes at once in one directory keep every protection and leave nothing", async () => {
  await using box = await Box.create();
  await initRepository(box);
  const config = await box.read("work/.git/config");
  const before = await box.list("work");
  const script =
    "cat file >/dev/null || exit 3; echo planted > .git/config; mv .git x; touch .git/hooks/pre-commit; test ! -w .git/config";
  const runs = Array.from({ length: 16 }, (_, index) => {
    const mode = MODES[index % MODES.length];
    return box.shell(mode?.flags ?? [], script, { fds: mode?.fds ?? [] });
  });
  for (const { code, stderr } of await Promise.all(runs)) assert.equal(code, 0, stderr);
  assert.equal(await box.read("work/.git/config"), config);
  assert.deepEqual(await box.list("work"), before);
  assert.deepEqual(await box.runDirectories(), []);
});

// What a command tries outside of the places that it may write, and with the rights of others inside.
const REACH_OUT = `
import errno, os, stat, sys
def attempt(what, action):
    try:
        action()
        print(what, "ok")
    except OSError as error:
        print(what, errno.errorcode[error.errno])
outside, home = sys.argv[1:]
attempt("mknod null", lambda: os.mknod("null", 0o600 | stat.S_IFCHR, os.makedev(1, 3)))
attempt("mknod disk", lambda: os.mknod("/tmp/disk", 0o600 | stat.S_IFBLK, os.makedev(254, 0)))
for name in ("chmod", "chown", "utime", "truncate", "setxattr", "unlink", "link into"):
    attempt(name, {
        "chmod": lambda: os.chmod(outside, 0o777),
        "chown": lambda: os.chown(outside, 0, 0),
        "utime": lambda: os.utime(outside, (1, 1)),
        "truncate": lambda: os.truncate(outside, 0),
        "setxattr": lambda: os.setxattr(outside, "user.a", b"b"),
        "unlink": lambda: os.unlink(outside),
        "link into": lambda: os.link(outside, "linked"),
    }[name])
attempt("mkdir", lambda: os.mkdir(home + "/made"))
with open("copy", "wb") as copy, open("/usr/bin/id", "rb") as program:
    copy.write(program.read())
os.chmod("copy", 0o6755)
print("setuid", os.popen("./copy -u; ./copy -ru").read().split())
print("mine", os.getuid())
`;

Deno.test("M11 no device is made, no setuid copy gains anything, nothing outside changes", async () => {
  for (const ordinaryUser of [false, true]) {
    for (const mode of MODES) {
      await using box = await Box.create({ ordinaryUser });
      const outside = await box.write("outside/file", "kept");
      const before = await box.host(["stat", "-c", "%a %u %g %Y %s %h", outside]);
      const { stdout, stderr } = await box.runIn(mode, [], ["python3", "-c", REACH_OUT, outside, box.home]);
      const [, ids = ""] = /^setuid \[(.*)\]$/m.exec(stdout) ?? [];
      const [, mine] = /^mine (\d+)$/m.exec(stdout) ?? [];
      assert.equal(ids, `'${mine}', '${mine}'`, stdout + stderr);
      const tried = stdout.split("\n").filter((line) => /^(?!setuid|mine)./.test(line));
      assert.equal(tried.length, 10, stdout);
      for (const line of tried) assert.match(line, / (?:EPERM|EACCES|EROFS|EXDEV|EINVAL)$/, mode.name);
      const after = await box.host(["stat", "-c", "%a %u %g %Y %s %h", outside]);
      assert.equal(after.stdout, before.stdout);
      assert.equal(await box.exists("home/made"), false);
    }
  }
});

Deno.test("M15 a name that a denied file had before stays open, and explain says so", async () => {
  await using box = await Box.create();
  await box.write("work/secret", "canary\n");
  await box.write("work/private/deep/secret", "canary\n");
  await box.write("work/alone", "canary\n");
  for (const path of ["secret", "private/deep/secret"]) {
    await Deno.link(`${box.work}/${path}`, `${box.work}/${path.replaceAll("/", "-")}-too`);
  }
  const flags = ["--deny-read=secret,private,alone"];
  const { stdout } = await box.shell(flags, "cat secret private/deep/secret alone; cat *-too; ln secret new");
  assert.equal(stdout, "canary\ncanary\n");
  const explained = await box.tombolo(["explain", ...flags]);
  for (const path of ["secret", "private/deep/secret"]) {
    const note = `note: ${box.work}/${path} has 2 names (hard links); only this one is guarded`;
    assert.ok(explained.stdout.split("\n").includes(note), explained.stdout);
  }
  assert.doesNotMatch(explained.stdout, /alone has/);
});
