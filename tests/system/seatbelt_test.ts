import assert from "node:assert/strict";
import { lstat } from "../../lib/paths/resolve_path.ts";
import { TempDirectory } from "../launch/temp_directory.ts";
import { TOMBOLO } from "./tombolo.ts";

// Not on PATH: whatever else is called so is not what confines.
const HAS_SEATBELT = Deno.build.os === "darwin" && lstat("/usr/bin/sandbox-exec") !== undefined;

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A home directory with a secret, a repository in it, and something else outside of that. */
class MacBox implements Disposable {
  readonly place = new TempDirectory();
  readonly work = this.place.at("home/work");

  constructor() {
    this.place.file("home/.ssh/id_ed25519", "SECRET");
    this.place.file("home/other/file", "other");
    this.place.file("home/work/src/main.c", "main");
    this.place.file("home/work/.git/HEAD", "ref: refs/heads/main\n");
    this.place.file("home/work/.git/config", "[core]\n");
    this.place.file("home/work/.git/hooks/pre-commit.sample", "");
    this.place.file("home/work/.git/objects/none", "");
    this.place.file("home/work/.git/refs/none", "");
  }

  async run(flags: readonly string[], ...command: readonly string[]): Promise<Outcome> {
    const { code, stdout, stderr } = await new Deno.Command(TOMBOLO, {
      args: ["run", ...flags, "--", ...command],
      cwd: this.work,
      clearEnv: true,
      env: { PATH: "/usr/bin:/bin:/usr/sbin:/sbin", HOME: this.place.at("home"), SEATBELT_CANARY: "secret" },
      stdin: "null",
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, stdout: text(stdout), stderr: text(stderr) };
  }

  shell(script: string, ...flags: readonly string[]): Promise<Outcome> {
    return this.run(flags, "/bin/sh", "-c", script);
  }

  [Symbol.dispose](): void {
    this.place[Symbol.dispose]();
  }
}

function seatbeltTest(name: string, body: (box: MacBox) => Promise<void>): void {
  Deno.test({
    name: `${name} (needs sandbox-exec)`,
    ignore: !HAS_SEATBELT,
    async fn() {
      using box = new MacBox();
      await body(box);
    },
  });
}

/** What is tried inside, and whether it has to work. */
const TRIALS: readonly (readonly [what: string, script: string, works: boolean])[] = [
  ["read a file of the work tree", "cat src/main.c", true],
  ["read a file of the system", "cat /etc/hosts", true],
  ["list the directory above", "ls ..", true],
  ["read a secret", "cat ../.ssh/id_ed25519", false],
  ["list a directory of secrets", "ls ../.ssh", false],
  ["read a secret by its name in another case", "cat ../.SSH/ID_ED25519", false],
  ["read a secret through a link", "ln -s ../.ssh/id_ed25519 link && cat link", false],
  ["copy a secret by cloning it", "cp -c ../.ssh/id_ed25519 clone", false],
  ["write a file of the work tree", "echo x >src/new && rm src/new", true],
  ["rename a file of the work tree", "mv src/main.c src/other.c", true],
  ["make and remove a directory", "mkdir -p a/b && rmdir a/b a", true],
  ["write outside", "echo x >../other/file", false],
  ["make a file outside", "echo x >../new", false],
  ["remove a file outside", "rm -f ../other/file", false],
  ["write outside through a link", "ln -s ../other/file link && echo x >link", false],
  ["give a file outside a second name and write it", "ln ../other/file link && echo x >link", false],
  ["plant a hook", "echo x >.git/hooks/pre-commit", false],
  ["plant a hook by another case", "echo x >.git/HOOKS/pre-commit", false],
  ["change git's configuration", "echo x >>.git/config", false],
  ["move the git directory away", "mv .git git", false],
  ["move the work tree away", "mv ../work ../away", false],
  ["write git's index", "echo x >.git/index", true],
  ["make an editor's settings", "mkdir .vscode", false],
  ["use its own temporary files", 'echo x >"$TMPDIR/x" && cat "$TMPDIR/x"', true],
  ["list everybody's temporary files", "ls /tmp/", false],
  ["write in everybody's temporary files", "echo x >/tmp/seatbelt-test", false],
  ["write to /dev/null", "echo x >/dev/null", true],
  ["open a disk", "head -c 1 /dev/rdisk0", false],
  ["ask for its groups", "id -Gn", true],
  ["open a program by launch services", "open -g -a Calculator", false],
  ["send an Apple event", "osascript -e 'tell application \"Finder\" to get name'", false],
  ["start a job of launchd", "launchctl submit -l tombolo.test -- /usr/bin/true", false],
  ["read the keychain", "security dump-keychain", false],
  ["signal a process of the host", "kill -0 $PPID_OUTSIDE", false],
];

seatbeltTest("what is tried inside works or is refused, one by one", async ({ place }) => {
  for (const [what, script, works] of TRIALS) {
    using box = new MacBox();
    const { code, stderr } = await box.shell(script.replace("$PPID_OUTSIDE", String(Deno.pid)));
    assert.equal(code === 0, works, `${what}: ${code} ${stderr}`);
    assert.equal(Deno.readTextFileSync(box.place.at("home/other/file")), "other", what);
    assert.ok(!box.place.exists("home/new"), what);
  }
  assert.ok(place.exists("home/work"));
});

seatbeltTest("the status of the command is that of tombolo", async (box) => {
  assert.equal((await box.shell("exit 7")).code, 7);
  assert.equal((await box.shell("kill -TERM $$")).code, 143);
  assert.equal((await box.run([], "no-such-command")).code, 127);
  assert.equal((await box.run(["--timeout=100ms"], "sleep", "1000")).code, 124);
});

seatbeltTest("nothing is connected to, neither loopback nor elsewhere, nor a unix socket", async (box) => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using socket = Deno.listen({ transport: "unix", path: box.place.at("home/work/s") });
  const { port } = listener.addr;
  const script = (target: string) => `/usr/bin/curl -sS -m 5 ${target}`;
  for (const target of [`http://127.0.0.1:${port}/`, "http://192.0.2.1/", "--unix-socket s http://x/"]) {
    assert.notEqual((await box.shell(script(target))).code, 0, target);
  }
  assert.ok(socket.addr.path.endsWith("/s"));
});

seatbeltTest(
  "an allowed host is reached through the gateway, another port of loopback is not",
  async (box) => {
    await using server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      () => new Response("served"),
    );
    const { port } = server.addr;
    const through = await box.shell(
      `curl -sS -m 10 --noproxy '' http://127.0.0.1:${port}/`,
      `--allow-net=127.0.0.1:${port}`,
    );
    assert.equal(through.stdout, "served", through.stderr);
    const past = await box.shell(
      `curl -sS -m 10 --noproxy '*' http://127.0.0.1:${port}/`,
      `--allow-net=127.0.0.1:${port}`,
    );
    assert.notEqual(past.code, 0);
  },
);

seatbeltTest("denied programs are not executed, and beside a list nothing is", async (box) => {
  assert.notEqual((await box.shell("/usr/bin/awk 'BEGIN { print 1 }'", "--deny-run=awk")).code, 0);
  assert.equal((await box.run(["--allow-run=cat"], "cat", "src/main.c")).stdout, "main");
  assert.notEqual((await box.run(["--allow-run=sh"], "sh", "-c", "/bin/cat src/main.c")).code, 0);
});

seatbeltTest("the caller's environment is not to be found, in whichever process", async (box) => {
  const { stdout } = await box.shell("env; ps -axEww 2>/dev/null; sysctl kern.procargs2 2>/dev/null; true");
  assert.ok(!stdout.includes("SEATBELT_CANARY"), stdout);
});

seatbeltTest("what the command leaves in its group ends with it, and its temporary files go", async (box) => {
  const { stdout } = await box.shell('sleep 1000 >/dev/null 2>&1 & echo $!; echo "$TMPDIR"');
  const [pid = "", temporary = ""] = stdout.split("\n");
  const alive = new Deno.Command("/bin/ps", { args: ["-o", "stat=", "-p", pid] }).outputSync();
  assert.doesNotMatch(new TextDecoder().decode(alive.stdout), /^[^Z\s]/);
  assert.match(temporary, /^\/private\/.*\/tombolo-/);
  assert.equal(lstat(temporary), undefined);
});

seatbeltTest("limits hold", async (box) => {
  assert.equal((await box.shell("ulimit -n", "--max-open-files=64")).stdout.trim(), "64");
  const { stdout } = await box.shell(
    'head -c 70000 /dev/zero >"$TMPDIR/x"; wc -c <"$TMPDIR/x"',
    "--max-file-size=64KiB",
  );
  assert.equal(stdout.trim(), "65536");
  assert.equal((await box.run(["--max-memory=1GiB"], "true")).code, 125);
});

seatbeltTest("a path with characters of the profile's language is a path like any other", async (box) => {
  const name = 'x")(allow default)\n;\\';
  box.place.file(`home/work/${name}/file`, "hidden");
  const { code } = await box.run([`--deny-read=${box.work}/${name}`], "cat", `${name}/file`);
  assert.notEqual(code, 0);
  assert.equal((await box.run([`--deny-read=${box.work}/${name}`], "cat", "src/main.c")).stdout, "main");
});
