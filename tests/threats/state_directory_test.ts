import assert from "node:assert/strict";
import { Box, fixture, type Mode, MODES, type RunOptions } from "../system/tombolo.ts";

const here = import.meta.dirname;

interface Place {
  readonly name: string;
  readonly flags: (box: Box) => string[];
  readonly env: (box: Box) => Record<string, string>;
  /** The state directory, below the box's root. */
  readonly state: string;
}

const PLACES: readonly Place[] = [
  {
    name: "in the work tree",
    flags: () => [],
    env: (box) => ({ XDG_STATE_HOME: `${box.work}/deep/state` }),
    state: "work/deep/state/tombolo",
  },
  {
    name: "in a home that may be written",
    flags: (box) => [`--allow-write=${box.home}`],
    env: () => ({}),
    state: "home/.local/state/tombolo",
  },
  {
    name: "named to be written",
    flags: (box) => [`--allow-write=${box.home}/.local/state/tombolo`],
    env: () => ({}),
    state: "home/.local/state/tombolo",
  },
];

// Everything that a later run believes: the answer of the probe, the filter, the masks.
const ATTACK = `
cd "$1" || exit 1
for name in probe seccomp-* mask/file mask/directory; do
  [ -e "$name" ] && { echo planted >>"$name"; rm -rf "$name"; mv "$name" "$name.old"; }
done
echo planted >planted; mkdir mask/planted; ln -s /etc/passwd mask/link
cd .. && mv tombolo old; mkdir -p tombolo; cd .. && mv state old; exit 0`;

async function contents(box: Box, path: string): Promise<string> {
  const { stdout } = await box.host([
    "sh",
    "-c",
    'cd "$0" && find . ! -path "./run*" -exec ls -dln {} + && md5sum *',
    path,
  ]);
  return stdout;
}

for (const mode of MODES) {
  for (const { name, flags, env, state } of PLACES) {
    Deno.test(`${mode.name}: M12 P14 a state directory ${name} cannot be changed, moved or replaced inside`, async () => {
      await using box = await Box.create();
      const options: RunOptions = { env: env(box) };
      // The first run makes it, the masks included.
      await box.write("home/.netrc", "canary");
      assert.equal((await box.runIn(mode, [], ["true"], options)).code, 0);
      const before = await contents(box, `${box.root}/${state}`);
      assert.match(before, /probe/);
      const attack = ["sh", "-c", ATTACK, "sh", `${box.root}/${state}`];
      const { code, stderr } = await box.runIn(mode, flags(box), attack, options);
      assert.equal(code, 0, stderr);
      assert.equal(await contents(box, `${box.root}/${state}`), before);
      const after = await box.runIn(mode, flags(box), ["cat", `${box.home}/.netrc`], options);
      assert.equal(after.stdout, "");
    });
  }
}

async function runPlanted(box: Box, mode: Mode, command: readonly string[]) {
  return await box.runIn(mode, ["--deny-read=secret"], command, {
    env: { XDG_STATE_HOME: `${box.work}/state` },
  });
}

for (const mode of MODES) {
  Deno.test(`${mode.name}: P14 a filter and a mask that an earlier run planted where the state is kept are not used`, async () => {
    await using box = await Box.create();
    await box.write("work/secret", "canary");
    const calls = ["python3", fixture(here, "system_calls.py")];
    const usual = await runPlanted(box, mode, calls);
    assert.notEqual(usual.stdout, "", usual.stderr);
    const filters = (await box.list("work/state/tombolo")).filter((name) => name.startsWith("seccomp-"));
    assert.equal(filters.length, 1);
    // The earlier run keeps its own state elsewhere: this one is an ordinary directory to it.
    const allow = String.raw`printf '\006\000\000\000\000\000\377\177'`;
    const plant = `cd state/tombolo && ${allow} >${filters[0]} && [ $(wc -c <${filters[0]}) = 8 ]`;
    const planted = await box.shell([], plant);
    assert.equal(planted.code, 0, planted.stderr);
    assert.equal((await runPlanted(box, mode, calls)).stdout, usual.stdout);
    const mask = "cd state/tombolo/mask && chmod 700 file && rm -f file && ln -s ../../../secret file";
    assert.equal((await box.shell([], mask)).code, 0);
    const refused = await runPlanted(box, mode, ["cat", "secret"]);
    assert.equal(refused.code, 125);
    assert.equal(refused.stdout, "");
    assert.match(refused.stderr, /^tombolo: Cannot hide files with [^\n]*; remove it\n$/);
  });
}

Deno.test("P14 a state directory that an earlier run replaced by a link is refused", async () => {
  await using box = await Box.create();
  assert.equal(
    (await box.shell([], "mkdir -m 700 state elsewhere && ln -s ../elsewhere state/tombolo")).code,
    0,
  );
  const { code, stderr } = await box.run([], ["touch", "ran"], {
    env: { XDG_STATE_HOME: `${box.work}/state` },
  });
  assert.equal(code, 125);
  assert.match(stderr, /^tombolo: Cannot use directory [^\n]*\n$/);
  assert.deepEqual(await box.list("work/elsewhere"), []);
});
