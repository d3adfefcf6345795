import assert from "node:assert/strict";
import { Box, fixture, type Mode, MODES, said } from "../system/tombolo.ts";

const WAYS = fixture(import.meta.dirname, "ways_to_execute.py");
const LOADER = Deno.realPathSync(
  Deno.build.arch === "x86_64" ? "/lib64/ld-linux-x86-64.so.2" : "/lib/ld-linux-aarch64.so.1",
);
const NO_NETWORK: Mode = { name: "stage2", flags: [], fds: [] };
const GATEWAY: Mode = { name: "gateway", flags: ["--allow-net=unused.test"], fds: [] };

/** What becomes of each way to execute a program that a deny rule names, and one that no list names. */
const OUTCOMES: readonly (readonly [way: string, denied: string, unlisted: string])[] = [
  ["its path", "EACCES", "EACCES"],
  ["a symbolic link", "EACCES", "EACCES"],
  ["a hard link beside it", "EACCES", "EACCES"],
  ["a new hard link", "EXDEV", "EACCES"],
  ["a new name", "EBUSY", "EACCES"],
  ["a copy", "EACCES", "EACCES"],
  ["a copy in /tmp", "EACCES", "EACCES"],
  ["a copy in /dev/shm", "EACCES", "EACCES"],
  ["/proc/self/root", "EACCES", "EACCES"],
  ["/proc/1/root", "EACCES", "EACCES"],
  ["/proc/self/cwd", "EACCES", "EACCES"],
  ["a descriptor", "EACCES", "EACCES"],
  ["a descriptor without access", "EACCES", "EACCES"],
  ["a descriptor by name", "EACCES", "EACCES"],
  ["the first line of a script", "EACCES", "EACCES"],
  // A list holds what is executed, not what is loaded.
  ["the loader", "status 127", "ran"],
  ["a mapping", "EACCES", "ran"],
  // A deny rule holds a file, not what is like it.
  ["a brought copy", "ran", "EACCES"],
  ["a brought copy through the loader", "ran", "ran"],
  ["a file of memory", "ran", "ENOSYS"],
  ["a file of memory by name", "ran", "ENOSYS"],
  ["a sealed file of memory", "EACCES", "EACCES"],
  ["a file without a name", "ran", "EACCES"],
];

async function outcomes(box: Box, mode: Mode, flag: string): Promise<string[]> {
  const bytes = new TextDecoder("latin1");
  assert.ok(bytes.decode(await Deno.readFile("/usr/bin/echo")).startsWith("\x7fELF"));
  // As the user who will run it: nobody may link what belongs to another (fs.protected_hardlinks).
  const script = "cp /usr/bin/echo target; cp target brought; chmod 644 brought; ln target other";
  assert.equal((await box.host(["sh", "-c", script])).code, 0);
  const paths = [`${box.work}/target`, `${box.work}/other`, LOADER, `${box.work}/brought`];
  const { stdout, stderr } = await box.runIn(mode, [flag], ["python3", WAYS, ...paths]);
  assert.equal(stdout.trimEnd().split("\n").length, OUTCOMES.length, stderr);
  return stdout.trimEnd().split("\n");
}

for (const ordinaryUser of [false, true]) {
  const who = ordinaryUser ? "an ordinary user" : "whoever tests";
  for (const mode of ordinaryUser ? [GATEWAY] : MODES) {
    Deno.test(`P15 ${mode.name}, ${who}: a denied program, by every way to execute it`, async () => {
      await using box = await Box.create({ ordinaryUser });
      const expected = OUTCOMES.map(([way, denied]) => `${way}: ${denied}`);
      assert.deepEqual(await outcomes(box, mode, "--deny-run=./target"), expected);
    });
  }

  for (const mode of [NO_NETWORK, GATEWAY]) {
    Deno.test(`P15 ${mode.name}, ${who}: a program that is on no list, by every way to execute it`, async () => {
      await using box = await Box.create({ ordinaryUser });
      const expected = OUTCOMES.map(([way, , unlisted]) => `${way}: ${unlisted}`);
      assert.deepEqual(await outcomes(box, mode, "--allow-run=python3"), expected);
    });
  }
}

Deno.test("P15 a denied program among many, where stage2 makes the mounts", async () => {
  await using box = await Box.create();
  const many = Array.from({ length: 60 }, (_, index) => `./many/${index}`);
  for (const path of many) await box.write(`work/${path}`, "", 0o755);
  const expected = OUTCOMES.map(([way, denied]) => `${way}: ${denied}`);
  const [direct] = MODES;
  for (const mode of [direct ?? NO_NETWORK, GATEWAY]) {
    const script = "rm -rf target brought other hardlink* symlink script copy brought-copy";
    assert.equal((await box.host(["sh", "-c", script])).code, 0);
    assert.deepEqual(await outcomes(box, mode, `--deny-run=./target,${many.join(",")}`), expected, mode.name);
  }
});

Deno.test("P15 what a user denies is not lifted like a protection", async () => {
  await using box = await Box.create();
  await box.write("work/tool", "#!/bin/sh\necho ran\n", 0o755);
  const outcome = await box.shell(["--deny-run=./tool", "--unprotect=./tool"], "./tool");
  assert.deepEqual([outcome.code, outcome.stdout], [125, ""]);
  assert.match(said(outcome).join(), /no protection stands at/);
});

Deno.test("P15 a hard link that is not found stays open, and that is said", async () => {
  await using box = await Box.create();
  await Deno.copyFile("/usr/bin/echo", `${box.work}/target`);
  await Deno.mkdir(`${box.work}/elsewhere`);
  await Deno.link(`${box.work}/target`, `${box.work}/elsewhere/other`);
  const outcome = await box.shell(["--deny-run=./target"], "./elsewhere/other ran; ./target ran");
  assert.equal(outcome.stdout, "ran\n");
  assert.match(said(outcome).join("\n"), /target" has other names that were not found \(hard links\)/);
});

Deno.test("P15 a denied shell and a denied deno are not to be had from the sandbox's own directory", async () => {
  await using box = await Box.create();
  const tryAll = [
    "import os, subprocess",
    "for path in ('/run/tombolo/sh', '/run/tombolo/deno', '/bin/sh', '/bin/echo'):",
    "  try: print(path, subprocess.run([path, '--version'], stdout=subprocess.DEVNULL).returncode)",
    "  except OSError as error: print(path, error.errno if os.path.lexists(path) else 'absent')",
  ].join("\n");
  for (const name of ["sh", "deno"]) {
    const { stdout, stderr } = await box.runIn(GATEWAY, [`--deny-run=${name}`], ["python3", "-c", tryAll]);
    const own = name === "sh" ? ["/run/tombolo/deno 0", "/bin/sh 13"] : ["/run/tombolo/deno 13", "/bin/sh 2"];
    const expected = ["/run/tombolo/sh absent", ...own, "/bin/echo 0"];
    assert.equal(stdout, expected.join("\n") + "\n", stderr);
  }
});

Deno.test("P15 an interpreter that is allowed does what a denied program would have done", async () => {
  await using box = await Box.create();
  await box.write("work/script.py", "print('ran')\n");
  await box.write("work/script.sh", "echo ran\n");
  const flags = ["--allow-run=python3,sh"];
  assert.equal((await box.run(flags, ["python3", "script.py"])).stdout, "ran\n");
  assert.equal((await box.run(flags, ["sh", "script.sh"])).stdout, "ran\n");
});

Deno.test("P15 a list is inherited by every child, and cannot be widened from inside", async () => {
  await using box = await Box.create();
  const script = "(sh -c 'sh -c \"exec ls\"'; setsid -w ls; nohup ls) 2>/dev/null; PATH=/usr/bin ls; echo $?";
  const outcome = await box.shell(["--allow-run=sh,setsid,nohup"], script);
  assert.equal(outcome.stdout, "126\n");
});

Deno.test("P15 an allowed directory lets nothing be moved into it that was not allowed before", async () => {
  await using box = await Box.create();
  await Deno.copyFile("/usr/bin/echo", `${box.work}/echo`);
  await Deno.mkdir(`${box.work}/bin`);
  const script = [
    "import os",
    "for call in (os.rename, os.link):",
    "  try: call('echo', 'bin/echo'); print('done')",
    "  except OSError as error: print(error.errno)",
    "os.mkdir('other'); os.rename('echo', 'other/echo'); print('moved')",
  ].join("\n");
  const outcome = await box.run(["--allow-run=python3,./bin"], ["python3", "-c", script]);
  assert.equal(outcome.stdout, "18\n18\nmoved\n", outcome.stderr);
  // It can still be written: the rule is for the directory, whatever is in it.
  assert.match(said(outcome).join("\n"), /work\/bin" may be run .* and written/);
});

Deno.test("P15 P4 a list takes nothing from the domain: no process outside of it can be signalled or traced", async () => {
  await using box = await Box.create();
  const script = [
    "import os",
    "for pid in sorted(int(name) for name in os.listdir('/proc') if name.isdigit()):",
    "  if pid == os.getpid(): continue",
    "  for call in (lambda: os.kill(pid, 0), lambda: open(f'/proc/{pid}/mem', 'rb')):",
    "    try: call(); print(pid, 'reached')",
    "    except OSError as error: print(error.errno)",
  ].join("\n");
  const { stdout, stderr } = await box.runIn(GATEWAY, ["--allow-run=python3"], ["python3", "-c", script]);
  const found = stdout.trimEnd().split("\n");
  // The sandbox's init, and stage2, which has started the command.
  assert.equal(found.length, 4, stderr);
  assert.deepEqual(found.filter((line) => line !== "1" && line !== "13"), [], stdout);
});

Deno.test("P15 an allowed program that the command may write becomes whatever it writes, and that is said", async () => {
  await using box = await Box.create();
  await box.write("work/tool", "#!/bin/sh\necho first\n", 0o755);
  const script = "./tool; printf '#!/bin/sh\\necho second\\n' >tool; ./tool; rm tool; " +
    "printf '#!/bin/sh\\n' >tool; chmod +x tool; ./tool || echo denied";
  const flags = ["--allow-run=sh,chmod,rm,./tool"];
  const outcome = await box.shell(flags, script.replaceAll("\\\\", "\\"));
  assert.equal(outcome.stdout, "first\nsecond\ndenied\n", outcome.stderr);
  assert.match(said(outcome).join("\n"), /work\/tool" may be run .* and written/);
});
