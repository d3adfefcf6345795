import assert from "node:assert/strict";
import { Box, EVERY_BACKEND, isRoot } from "../system/tombolo.ts";

// As a host has it for a chroot: procfs once more, and a process of the same user beside it.
const BESIDE = `mkdir "$0/chroot" && mount -t proc proc "$0/chroot" || exit 99
SECRET=canary sleep 60 &
trap "kill $!" EXIT
echo $! >"$0/work/pid"
"$@"`;

for (const mode of EVERY_BACKEND) {
  Deno.test(`${mode.name}: M8 P1 procfs at another place of the host leads to no file and no environment`, async () => {
    await using box = await Box.create();
    await box.write("home/.netrc", "canary");
    const script = `
at=$1/chroot/$(cat pid)
[ -e "$at" ] && echo there
cat "$at/root$HOME/.netrc" "$at/cwd/pid" "$at/environ" "$at/maps" "$at/fd/1" "$at/exe" 2>/dev/null
ls "$at/cwd/" 2>/dev/null
for file in mem clear_refs oom_score_adj comm; do { echo 1 >"$at/$file"; } 2>/dev/null && echo written $file; done
echo end`;
    const through = [
      "unshare",
      ...(isRoot ? ["-m"] : ["-rmpf", "--mount-proc"]),
      "sh",
      "-c",
      BESIDE,
      box.root,
    ];
    const { stdout, stderr } = await box.runIn(mode, [], ["sh", "-c", script, "sh", box.root], { through });
    assert.equal(stdout, "there\nend\n", stderr);
  });
}
