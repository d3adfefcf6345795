import assert from "node:assert/strict";
import { Box, EVERY_BACKEND, MODES, type Outcome } from "../system/tombolo.ts";

const DIRECTORIES = 100;
const MATCHES = 5000;

/** Makes `count` files in `d0` to `d99`, every `nth` of them with one ending, the rest with another. */
async function manyFiles(box: Box, count: number, nth: number, ending: string, rest = ""): Promise<void> {
  const script = `
import os, sys
count, nth = int(sys.argv[1]), int(sys.argv[2])
for at in range(${DIRECTORIES}):
    os.makedirs("d%d/in" % at)
for at in range(count):
    with open("d%d/in/f%d%s" % (at % ${DIRECTORIES}, at, sys.argv[3 if at % nth == 0 else 4]), "w") as file:
        file.write("canary\\n")
`;
  const { code, stderr } = await box.host(["python3", "-c", script, `${count}`, `${nth}`, ending, rest]);
  assert.equal(code, 0, stderr);
}

// What a command tries on the way to a denied file, from its directory and from others.
const ATTACK = `
import os, shutil, sys
found = []
def attempt(what, action):
    try:
        if action() != False:
            found.append(what)
    except OSError:
        pass
denied = sorted(os.path.join(top, name) for top, _, names in os.walk(".") for name in names if name.endswith(".pem"))
for path in denied:
    attempt("read " + path, lambda: bool(open(path).read()))
for path in denied[::500]:
    top = os.path.dirname(path)
    attempt("unlink " + path, lambda: os.unlink(path))
    attempt("rename " + path, lambda: os.rename(path, path + ".moved"))
    attempt("link " + path, lambda: os.link(path, path + ".linked"))
    attempt("rename above " + path, lambda: os.rename(top, top + "-moved"))
    attempt("exchange " + path, lambda: os.replace("d0/in/f1.txt", path))
    os.chdir(top)
    attempt("from inside " + path, lambda: bool(open(os.path.basename(path)).read()))
    os.chdir("../..")
    for pid in (entry for entry in os.listdir("/proc") if entry.isdigit()):
        for way in ("root", "cwd"):
            inside = "/proc/%s/%s%s" % (pid, way, os.path.abspath(path) if way == "root" else "/" + path)
            attempt(inside, lambda: bool(open(inside).read()))
with open("/proc/self/status") as status:
    bad = [line.strip() for line in status if line.startswith("Cap") and line.split()[1].strip("0")]
print(len(denied), found, bad)
`;

function held({ stdout, stderr, code }: Outcome, matches: number, what: string): void {
  assert.equal(stdout, `${matches} [] []\n`, `${what}: ${stderr}`);
  assert.equal(code, 0, what);
}

for (const ordinaryUser of [false, true]) {
  const who = ordinaryUser ? "an ordinary user" : "the user of the tests";
  Deno.test(`M14 a deny pattern with 5,000 matches holds in every start, for ${who}`, async () => {
    await using box = await Box.create({ ordinaryUser });
    await manyFiles(box, 2 * MATCHES, 2, ".pem", ".txt");
    for (const mode of MODES) {
      const outcome = await box.runIn(mode, ["--deny-read=**/*.pem"], ["python3", "-c", ATTACK]);
      held(outcome, MATCHES, mode.name);
    }
    const { stdout } = await box.shell(["--deny-read=**/*.pem"], "cat d*/in/*.txt | wc -l");
    assert.equal(stdout, `${MATCHES}\n`);
  });
}

Deno.test("M14 in a tree of 100,000 files a deny pattern holds, and nothing is left", async () => {
  await using box = await Box.create();
  await manyFiles(box, 20 * MATCHES, 20, ".pem", ".txt");
  const before = await box.host(["sh", "-c", "find . | sort | sha256sum"]);
  held(await box.run(["--deny-read=**/*.pem"], ["python3", "-c", ATTACK]), MATCHES, "100,000");
  const after = await box.host(["sh", "-c", "find . | sort | sha256sum"]);
  assert.equal(after.stdout, before.stdout);
});

Deno.test("M14 a file whose name holds brackets can be denied by its name", async () => {
  await using box = await Box.create();
  const names = ["app/[id].ts", "app/[[...slug]]/page.ts", "app/[id] copy.ts"];
  for (const name of names) await box.write(`work/${name}`, "canary");
  for (const mode of EVERY_BACKEND) {
    const flags = [`--deny-read=${names.join(",")}`];
    const { stdout } = await box.runIn(mode, flags, ["sh", "-c", "cat app/*.ts app/*/*.ts"]);
    assert.equal(stdout, "", mode.name);
  }
});

Deno.test("M14 directories that the user can enter but not list hide nothing from a deny pattern", async () => {
  await using box = await Box.create({ ordinaryUser: true });
  for (const name of ["entered", "shut", "others", "open"]) await box.write(`work/${name}/a.pem`, "canary");
  const prepare = await box.host(["sh", "-c", "chmod 0300 entered && chmod 0 shut && chmod 0711 others"]);
  assert.equal(prepare.code, 0, prepare.stderr);
  if (Deno.uid() === 0) await Deno.chown(`${box.work}/others`, 0, 0);
  const script = "cat entered/a.pem others/a.pem; chmod 700 *; cat */a.pem; mv shut moved; cat moved/a.pem";
  for (const mode of EVERY_BACKEND) {
    for (const pattern of ["**/*.pem", "*/*.pem", "*/a.pem"]) {
      const { stdout, stderr } = await box.runIn(mode, [`--deny-read=${pattern}`], ["sh", "-c", script]);
      assert.equal(stdout, "", `${mode.name} ${pattern}`);
      assert.match(stderr, /Permission denied/);
    }
  }
  const { code } = await box.host(["sh", "-c", "chmod 700 entered shut"]);
  assert.equal(code, 0);
});

Deno.test("M14 5,000 files that may not be written stay as they are, and what comes to match is set aside", async () => {
  await using box = await Box.create();
  await manyFiles(box, MATCHES, 1, ".lock");
  const script =
    "for f in */in/*.lock; do echo changed > $f; done 2>/dev/null; cat */in/*.lock | sort | uniq -c; " +
    "echo new > d1/in/new.lock; mv d1/in d1/out; echo ok > d1/in/other";
  const { stdout, stderr } = await box.shell(["--deny-write=**/*.lock"], script);
  assert.match(stdout, new RegExp(`^ *${MATCHES} canary\n$`));
  assert.match(stderr, /tombolo: set aside \S+\/d1\/in\/new.lock: denied by \*\*\/\*\.lock \(--deny-write\)/);
  assert.equal(await box.exists("work/d1/in/new.lock"), false);
  assert.equal(await box.read("work/d1/in/other"), "ok\n");
});

Deno.test("M14 more paths than can be guarded one by one are refused, with advice", async () => {
  await using box = await Box.create();
  const script = "mkdir d && cd d && seq 20100 | xargs touch";
  assert.equal((await box.host(["sh", "-c", script])).code, 0);
  const { code, stdout, stderr } = await box.shell(["--deny-read=*/[0-9]*"], "echo ran");
  assert.deepEqual({ code, stdout }, { code: 125, stdout: "" });
  assert.match(
    stderr,
    /^tombolo: Cannot guard \d+ paths one by one: 20000 is the most; deny the directories/,
  );
  const { stdout: hidden } = await box.shell(["--deny-read=d/*"], "ls d 2>&1; echo ran");
  assert.match(hidden, /Permission denied\nran\n$/);
});

Deno.test("M14 where stage2 may make no mounts, bubblewrap makes some hundreds, and more are refused", async () => {
  await using box = await Box.create();
  const script = "mkdir few many && cd few && seq 300 | xargs touch && cd ../many && seq 600 | xargs touch";
  assert.equal((await box.host(["sh", "-c", script])).code, 0);
  const ask = (pattern: string) =>
    box.run(["-v", `--deny-read=${pattern}`], ["sh", "-c", "cat few/[0-9]* many/1"]);
  assert.match((await ask("few/[0-9]*")).stderr, / started by stage2\n/);
  // As a host would answer whose AppArmor lets the children of bubblewrap have no capability.
  const answer = "home/.local/state/tombolo/probe-late-mounts";
  const known = await box.read(answer) ?? "";
  assert.match(known, /\nyes\n$/);
  await box.write(answer, known.replace(/yes\n$/, "no\n"), 0o600);
  const few = await ask("few/[0-9]*");
  assert.match(few.stderr, / started by direct\n/);
  assert.equal(few.stderr.match(/^cat: .*Permission denied$/gm)?.length, 300);
  const many = await ask("many/[0-9]*");
  assert.equal(many.code, 125);
  assert.match(many.stderr, /Cannot guard \d+ paths one by one: 500 is the most on this host/);
});
