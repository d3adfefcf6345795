import assert from "node:assert/strict";
import { gitBox, onHost, setAside } from "../system/repositories.ts";
import { Box, exists, MODES, said } from "../system/tombolo.ts";

const REPOSITORY = "git init -q . && echo one > file && git add file && git commit -qm one";

// What would tell that the host has run something.
const EVIL =
  '[core]\n\tfsmonitor = "touch pwned; false"\n\tpager = touch pwned\n[alias]\n\tx = !touch pwned\n';

for (
  const name of [
    ".vscode/tasks.json",
    ".envrc",
    ".mcp.json",
    ".idea/x.xml",
    ".husky/pre-commit",
    ".claude/settings.json",
  ]
) {
  Deno.test(`M5 ${name}, absent at the start, does not stay when it is made, linked or moved into place`, async () => {
    await using box = await Box.create();
    const top = name.split("/")[0] ?? name;
    const ways = [
      `mkdir -p $(dirname ${name}) && echo evil > ${name}`,
      `echo evil > plain && mkdir -p $(dirname ${name}) && mv plain ${name}`,
      `mkdir -p $(dirname ${name}) && ln -s /etc/passwd ${name}`,
      `mkdir -p real/${top} && echo evil > real/${name} 2>/dev/null; ln -s real/${top} ${top}`,
    ];
    for (const way of ways) {
      const outcome = await box.shell([], `rm -rf ${top}; ${way}; rm -rf plain real`);
      assert.equal(await exists(`${box.work}/${name}`), false, way);
      assert.equal(setAside(box, outcome).length, 1, way + outcome.stderr);
    }
  });
}

Deno.test("M5 what exists of the files that editors, shells and agents run is not writable, in any way to start", async () => {
  await using box = await gitBox();
  const names = [
    ".vscode/tasks.json",
    ".envrc",
    ".mcp.json",
    ".devcontainer/devcontainer.json",
    ".cursor/mcp.json",
  ];
  const nested = names.map((name) => `lib/inner/${name}`);
  await onHost(box, `mkdir -p lib/inner && cd lib/inner && ${REPOSITORY}`);
  for (const name of [...names, ...nested, ".bashrc"]) await box.write(`work/${name}`, "kept");
  for (const mode of MODES) {
    for (const name of [...names, ...nested, ".bashrc"]) {
      const script =
        `echo evil > ${name}; rm -rf ${name}; echo evil > x; mv -f x ${name}; rm -f x; mv $(dirname ${name}) y`;
      await box.runIn(mode, [], ["sh", "-c", script]);
      assert.equal(await box.read(`work/${name}`), "kept", `${mode.name} ${name}`);
    }
  }
});

Deno.test("M5 settings that the user keeps behind a link can be used, and neither changed nor led elsewhere", async () => {
  await using box = await Box.create();
  await box.write("work/shared/tasks.json", "kept");
  await box.write("outside/envrc", "kept");
  await Deno.symlink("shared", `${box.work}/.vscode`);
  await Deno.symlink("../outside/envrc", `${box.work}/.envrc`);
  const plain = await box.shell(
    [],
    "cat .vscode/tasks.json .envrc; echo evil > .vscode/tasks.json; echo evil > .envrc; true",
  );
  assert.deepEqual([plain.stdout, said(plain)], ["keptkept", []]);
  const script =
    "mkdir evil; echo evil > evil/tasks.json; ln -sfn evil .vscode; rm .envrc; echo evil > .envrc";
  assert.deepEqual(setAside(box, await box.shell([], script)), ["work/.envrc", "work/.vscode"]);
  assert.equal(await box.read("work/shared/tasks.json"), "kept");
  assert.equal(await box.read("outside/envrc"), "kept");
});

Deno.test("M5 dotfiles that the home directory links to in a writable directory are guarded there", async () => {
  await using box = await Box.create();
  for (const name of ["bashrc", "gitconfig", "bin/tool"]) await box.write(`work/dot/${name}`, "kept");
  await Deno.symlink(`${box.work}/dot/bashrc`, `${box.home}/.bashrc`);
  await Deno.symlink("../work/dot/gitconfig", `${box.home}/.gitconfig`);
  await Deno.symlink(`${box.work}/dot/bin`, `${box.home}/bin`);
  const script =
    "cd dot; for f in bashrc gitconfig bin/tool bin/new; do echo evil > $f; rm -f $f; done; mv bin x; echo fine > other; cat other";
  for (const mode of MODES) {
    const { stdout } = await box.runIn(mode, [], ["sh", "-c", script]);
    assert.equal(stdout, "fine\n", mode.name);
    for (const name of ["bashrc", "gitconfig", "bin/tool"]) {
      assert.equal(await box.read(`work/dot/${name}`), "kept");
    }
    assert.equal(await box.exists("work/dot/bin/new"), false);
  }
});

Deno.test("M5 shell start-up files are guarded where the home directory is writable, and set aside where they appear", async () => {
  await using box = await Box.create();
  await box.write("home/.bashrc", "kept");
  await box.write("home/.config/fish/config.fish", "kept");
  const script = `cd ~; echo evil > .bashrc; rm -f .bashrc; echo evil > .config/fish/config.fish
    echo evil > .zshenv; mkdir -p .config/autostart .local/bin && echo evil > .config/autostart/x.desktop
    echo evil > .local/bin/git; echo fine > notes`;
  const outcome = await box.shell(["--allow-write=~"], script);
  assert.equal(await box.read("home/.bashrc"), "kept");
  assert.equal(await box.read("home/.config/fish/config.fish"), "kept");
  assert.equal(await box.read("home/notes"), "fine\n");
  assert.deepEqual(setAside(box, outcome), ["home/.config/autostart", "home/.local/bin", "home/.zshenv"]);
});

Deno.test("M5 a repository made inside stays usable where it names no program, and cannot run one where it does", async () => {
  await using box = await gitBox();
  await onHost(box, REPOSITORY);
  const script = `
    git init -q plain && echo x > plain/x && git -C plain add x && git -C plain commit -qm x
    git clone -q . clone
    git init -q --bare bare.git
    git init -q evil && printf '%s' "$0" >> evil/.git/config
    git init -q hooked && echo '#!/bin/sh' > hooked/.git/hooks/post-commit
    mkdir deep && cp -r .git deep/.git && printf '%s' "$0" >> deep/.git/config
    mkdir fake && cd fake && echo 'ref: refs/heads/main' > HEAD && mkdir objects refs && printf '%s' "$0" > config`;
  const outcome = await box.run([], ["sh", "-ec", script, EVIL]);
  assert.equal(outcome.code, 0, outcome.stderr);
  assert.deepEqual(setAside(box, outcome), [
    "work/deep/.git/config",
    "work/evil/.git/config",
    "work/fake/config",
    "work/hooked/.git/hooks",
  ]);
  await onHost(
    box,
    "cd clone && git status && git log -1 && git fetch -q && echo y > y && git add y && git commit -qm y",
  );
  await onHost(box, "git -C plain log -1 && git -C bare.git branch && git -C hooked status");
  await onHost(
    box,
    "for d in evil deep fake hooked; do (cd $d; git status; git log; git branch) || true; done; ! find . -name pwned | grep .",
  );
});

Deno.test("M5 a root that the command turns into a bare repository runs nothing", async () => {
  await using box = await gitBox();
  const script = `echo 'ref: refs/heads/main' > HEAD; mkdir objects refs; printf '%s' "$0" > config`;
  const outcome = await box.run([], ["sh", "-c", script, EVIL]);
  assert.deepEqual(setAside(box, outcome), ["work/config"]);
  await box.host(["git", "status"]);
  await box.host(["git", "x"]);
  assert.equal(await box.exists("work/pwned"), false);
});

Deno.test("M5 pointers, links and common directories that lead to a planted repository do not stay", async () => {
  await using box = await gitBox();
  await onHost(box, REPOSITORY);
  const script = `
    cp -r .git store && printf '%s' "$0" >> store/config
    mkdir a b c && echo 'gitdir: ../store' > a/.git && ln -s ../store b/.git
    cp store/HEAD c && echo ../store > c/commondir
    mkdir -p .git/worktrees/w && cp store/HEAD .git/worktrees/w && echo ../../../store > .git/worktrees/w/commondir
    mkdir d && echo "gitdir: $PWD/.git/worktrees/w" > d/.git`;
  const outcome = await box.run([], ["sh", "-ec", script, EVIL]);
  assert.equal(outcome.code, 0, outcome.stderr);
  await onHost(
    box,
    "for d in a b c d store; do (cd $d; git status; git x; git log) || true; done; ! find . -name pwned | grep .",
  );
  for (const name of ["a/.git", "b/.git", "c/commondir", "store/config", ".git/worktrees/w/commondir"]) {
    assert.equal(await box.exists(`work/${name}`), false, name);
  }
});

Deno.test("M5 what looks like the directory of a linked worktree becomes no repository of its own, in two runs neither", async () => {
  await using box = await gitBox();
  await onHost(box, REPOSITORY);
  const first =
    `mkdir -p .git/worktrees/w d && cp .git/HEAD .git/worktrees/w && mkdir .git/worktrees/w/objects .git/worktrees/w/refs
    echo "gitdir: ../.git/worktrees/w" > d/.git`;
  assert.equal((await box.run([], ["sh", "-ec", first])).code, 0);
  const plant =
    `printf '%s' "$0" > .git/worktrees/w/config; mkdir .git/worktrees/w/hooks; echo x > .git/worktrees/w/hooks/post-checkout`;
  await box.run([], ["sh", "-c", plant, EVIL]);
  await onHost(box, "(cd d; git status; git x; git log) || true; ! find . -name pwned | grep .");
  for (const name of ["config", "hooks"]) {
    assert.equal(await box.exists(`work/.git/worktrees/w/${name}`), false, name);
  }
});

Deno.test("M5 permissions taken away and names that are not UTF-8 hide no repository without a word", async () => {
  await using box = await gitBox({ ordinaryUser: true });
  const script = `
    git init -q shut && printf '%s' "$0" >> shut/.git/config && chmod 0 shut
    n=$(printf '\\377') && git init -q "$n" && printf '%s' "$0" >> "$n/.git/config"`;
  const outcome = await box.run([], ["sh", "-ec", script, EVIL]);
  assert.deepEqual(setAside(box, outcome), ["work/shut/.git/config"]);
  assert.equal(((await Deno.stat(`${box.work}/shut`)).mode ?? 0) & 0o777, 0);
  assert.equal(
    said(outcome).filter((line) => line.includes("could not look into")).length,
    1,
    outcome.stderr,
  );
});

const LEVELS = ["", "a", "a/b/c/d/e/f/g", "node_modules/x", "lib/vendored"];

for (const mode of MODES) {
  Deno.test(`M7 ${mode.name}: in repositories at any level and in every writable root nothing that git runs is writable`, async () => {
    await using box = await gitBox();
    const repositories = [...LEVELS.map((level) => `${box.work}/${level}`), `${box.root}/other/deep`];
    for (const path of repositories) {
      await onHost(box, `mkdir -p ${path} && cd ${path} && ${REPOSITORY} && echo '#' > .git/hooks/pre-push`);
    }
    await onHost(box, `git init -q --bare ${box.work}/bare.git`);
    const plant = (git: string) => `
      for f in config hooks/post-commit hooks/pre-push info/attributes config.worktree commondir; do
        (echo planted > ${git}/$f) 2>/dev/null; rm -f ${git}/$f 2>/dev/null; (echo planted > x; mv -f x ${git}/$f) 2>/dev/null
      done; mv ${git} ${git}-gone 2>/dev/null; rm -f x`;
    const commits = repositories.map((path) => `(cd ${path} && echo two >> file && git commit -qam two)`)
      .join("\n");
    const all = [...repositories.map((path) => `${path}/.git`), `${box.work}/bare.git`];
    const before = await onHost(box, `cat ${all.map((git) => `${git}/config`).join(" ")}`);
    const outcome = await box.runIn(mode, [`--allow-write=.,${box.root}/other`], [
      "sh",
      "-c",
      `set -e\n${commits}\nset +e\n${all.map(plant).join("\n")}\ntrue`,
    ]);
    assert.equal(outcome.code, 0, outcome.stderr);
    assert.equal(await onHost(box, `cat ${all.map((git) => `${git}/config`).join(" ")}`), before);
    for (const git of all) {
      for (const name of ["config.worktree", "info/attributes", "commondir", "hooks/post-commit"]) {
        assert.equal(await exists(`${git}/${name}`), false, `${git}/${name}`);
      }
    }
    for (const path of repositories) {
      assert.equal(
        await onHost(box, `cd ${path} && git log --format=%s && cat .git/hooks/pre-push`),
        "two\none\n#\n",
        path,
      );
    }
  });
}

Deno.test("M7 submodules, at any depth of nesting, and the directories of linked worktrees are guarded", async () => {
  await using box = await gitBox();
  await onHost(
    box,
    `mkdir ../leaf ../middle && (cd ../leaf && ${REPOSITORY}) && (cd ../middle && ${REPOSITORY} && git submodule -q add ../leaf leaf && git commit -qm leaf)
     ${REPOSITORY} && git submodule -q add ../middle lib/middle && git submodule -q update --init --recursive && git commit -qm sub && git worktree add -q ../side`,
  );
  const directories = [".git/modules/lib/middle", ".git/modules/lib/middle/modules/leaf"];
  const before = await Promise.all(directories.map((at) => box.read(`work/${at}/config`)));
  const script = directories.map((at) =>
    `echo planted >> ${at}/config; echo planted > ${at}/hooks/post-commit; echo planted > x; mv -f x ${at}/config`
  ).join("\n");
  const commit =
    "(cd lib/middle/leaf && echo two > file && git commit -qam two) && (cd lib/middle && git commit -qam two) && git commit -qam two";
  const worktree =
    "echo ../../evil > .git/worktrees/side/commondir; echo planted > .git/worktrees/side/config.worktree; rm -f x";
  const pointer =
    "echo 'gitdir: x' > lib/middle/.git; rm -f lib/middle/.git; python3 -c 'import os; os.rename(\"lib/middle\", \"elsewhere\")'";
  const outcome = await box.shell([], `${script}\n${pointer}\n${worktree}\n${commit}`);
  assert.equal(outcome.code, 0, outcome.stderr);
  assert.deepEqual(await Promise.all(directories.map((at) => box.read(`work/${at}/config`))), before);
  for (const at of directories) assert.equal(await box.exists(`work/${at}/hooks/post-commit`), false, at);
  assert.equal(await box.read("work/.git/worktrees/side/commondir"), "../..\n");
  assert.equal(await box.exists("work/.git/worktrees/side/config.worktree"), false);
  assert.match(
    await onHost(box, "git submodule status --recursive; git -C lib/middle/leaf log --format=%s"),
    /two\none\n$/,
  );
});

for (const mode of MODES) {
  Deno.test(`M7 ${mode.name}: hooks kept in the working tree and files that git's configuration includes are guarded`, async () => {
    await using box = await gitBox();
    await onHost(
      box,
      `${REPOSITORY} && mkdir .githooks web && echo kept > .githooks/pre-commit && echo '[user]' > included
       git config core.hooksPath .githooks && git config include.path ../included
       cd web && git init -q . && mkdir -p .husky/_ tools && echo kept > .husky/pre-commit && echo kept > tools/monitor
       git config core.hooksPath .husky/_ && git config core.fsmonitor ./tools/monitor
       cd .. && git init -q absent && git -C absent config core.hooksPath scripts/hooks`,
    );
    const kept = [".githooks/pre-commit", "included", "web/.husky/pre-commit", "web/tools/monitor"];
    const before = await Promise.all(kept.map((path) => box.read(`work/${path}`)));
    const script = [...kept, ".githooks/pre-push", "web/.husky/_/pre-push"].map((path) =>
      `echo evil > ${path}; rm -f ${path}; echo evil > x; mv -f x ${path}; mv $(dirname ${path}) y`
    ).join("\n");
    const outcome = await box.runIn(mode, [], [
      "sh",
      "-c",
      `${script}
       mkdir -p absent/scripts/hooks && echo evil > absent/scripts/hooks/pre-commit
       git -c core.hooksPath=/dev/null worktree add -q side && mkdir side/.githooks && echo evil > side/.githooks/pre-commit`,
    ]);
    assert.deepEqual(await Promise.all(kept.map((path) => box.read(`work/${path}`))), before, outcome.stderr);
    for (const path of [".githooks/pre-push", "web/.husky/_/pre-push"]) {
      assert.equal(await box.exists(`work/${path}`), false, path);
    }
    assert.deepEqual(setAside(box, outcome), ["work/absent/scripts/hooks", "work/side/.githooks"]);
  });
}

Deno.test("M7 hooks that the user's own configuration has in every working tree are guarded; a whole tree of hooks is said", async () => {
  await using box = await gitBox();
  await box.write("home/.gitconfig", '[core]\n\thooksPath = "dev/hooks" # ours\n');
  await onHost(
    box,
    "git init -q . && mkdir -p dev/hooks && git init -q whole && git -C whole config core.hooksPath .",
  );
  const outcome = await box.shell([], "echo evil > dev/hooks/pre-commit; echo fine > dev/file; cat dev/file");
  assert.equal(outcome.stdout, "fine\n");
  assert.equal(await box.exists("work/dev/hooks/pre-commit"), false);
  assert.match(outcome.stderr, /core\.hookspath of \S+whole" is "\.": hooks there are not guarded/);
});

for (const count of [2, 8, 16]) {
  Deno.test(`M13 ${count} sandboxes at once each clone, commit and plant: clones stay, nothing planted does`, async () => {
    await using box = await gitBox();
    await onHost(box, REPOSITORY);
    const config = await box.read("work/.git/config");
    const script = `
      git clone -q . clone-$0 && echo $0 > clone-$0/new && git -C clone-$0 add new && git -C clone-$0 commit -qm $0 || exit 3
      mkdir -p .vscode 2>/dev/null; (echo evil > .vscode/tasks.json; echo evil > .envrc; echo evil > .git/config) 2>/dev/null
      git init -q evil-$0 && printf '%s' "$1" >> evil-$0/.git/config`;
    const runs = Array.from({ length: count }, (_, index) => {
      const mode = MODES[index % MODES.length];
      return box.run(mode?.flags ?? [], ["sh", "-c", script, `${index}`, EVIL], { fds: mode?.fds ?? [] });
    });
    for (const { code, stderr } of await Promise.all(runs)) assert.equal(code, 0, stderr);
    assert.equal(await box.read("work/.git/config"), config);
    for (const name of [".vscode", ".envrc"]) assert.equal(await box.exists(`work/${name}`), false, name);
    for (let index = 0; index < count; index++) {
      assert.equal(await box.exists(`work/evil-${index}/.git/config`), false);
      assert.equal(await onHost(box, `git -C clone-${index} log -1 --format=%s`), `${index}\n`);
    }
    assert.deepEqual(await box.runDirectories(), []);
  });
}

Deno.test("M13 what one run sets aside while another guards it does not come back unguarded", async () => {
  await using box = await Box.create();
  const wait = (name: string) => `until [ -e ${name} ]; do read -t 0.01 x <> <(:); done`;
  const first = box.start([], ["bash", "-c", `mkdir .vscode; echo made; ${wait("go-1")}`]);
  assert.equal(await first.line(), "made");
  const second = box.start([], [
    "bash",
    "-c",
    `echo up; ${wait("go-2")}; mkdir .vscode && echo evil > .vscode/tasks.json`,
  ]);
  assert.equal(await second.line(), "up");
  await box.write("work/go-1", "");
  assert.deepEqual(setAside(box, await first.outcome()), ["work/.vscode"]);
  await box.write("work/go-2", "");
  const outcome = await second.outcome();
  assert.equal(outcome.code, 0, outcome.stderr);
  assert.deepEqual(setAside(box, outcome), ["work/.vscode"]);
  assert.equal(await box.exists("work/.vscode"), false);
});

Deno.test("M13 a protected file that the host replaces while a sandbox runs is told of", async () => {
  await using box = await gitBox();
  await onHost(box, REPOSITORY);
  const running = box.start([], ["bash", "-c", "echo up; until [ -e go ]; do read -t 0.01 x <> <(:); done"]);
  assert.equal(await running.line(), "up");
  await onHost(box, "git config some.thing else");
  await box.write("work/go", "");
  const outcome = await running.outcome();
  assert.equal(
    said(outcome).filter((line) => /\.git\/config was replaced outside/.test(line)).length,
    1,
    outcome.stderr,
  );
  assert.equal(await onHost(box, "git config some.thing"), "else\n");
});

Deno.test("M5 a repository hidden in a git directory is not reached by the remote of a new one, nor by files of old", async () => {
  await using box = await Box.create();
  await box.write("home/.gitconfig", "[user]\n\tname = a\n\temail = a@a.test\n");
  await box.host(["git", "init", "-q", "."]);
  const hide =
    `git init -q --bare .git/hid && printf '#!/bin/sh\\ntouch ${box.root}/pwned\\n' > .git/hid/hooks/pre-receive &&
    chmod +x .git/hid/hooks/pre-receive && cp -r .git/hid .git/objects/ab`;
  for (const address of ["../.git/hid", `${box.work}/.git/hid`, `file://${box.work}/.git/objects/ab`]) {
    const { code, stderr } = await box.shell(
      [],
      `${hide}; rm -rf evil; git init -q evil && cd evil && git remote add origin ${address} && git commit -q --allow-empty -m one`,
    );
    assert.equal(code, 0, stderr);
    await box.host(["sh", "-c", "cd evil && git push -q origin HEAD:refs/heads/x"]);
    assert.equal(await box.exists("pwned"), false, address);
    assert.match(stderr, /set aside \S+\/evil\/\.git\/config: /, address);
  }
  const old =
    `${hide}; mkdir -p .git/remotes; echo URL: .git/hid > .git/remotes/origin; echo .git/hid > .git/branches/origin`;
  await box.shell([], `${old}; git commit -q --allow-empty -m two`);
  await box.host(["git", "push", "-q", "origin", "HEAD:refs/heads/x"]);
  assert.equal(await box.exists("pwned"), false);
});

Deno.test("M5 a clone of a repository beside it stays as it is", async () => {
  await using box = await Box.create();
  await box.write("home/.gitconfig", "[user]\n\tname = a\n\temail = a@a.test\n");
  const script =
    "git init -q a && git -C a commit -q --allow-empty -m one && git clone -q a b && git clone -q ./a/.git c";
  const { code, stderr } = await box.shell([], script);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  assert.equal((await box.host(["git", "-C", "b", "fetch", "-q"])).code, 0);
  assert.equal((await box.host(["git", "-C", "c", "fetch", "-q"])).code, 0);
});
