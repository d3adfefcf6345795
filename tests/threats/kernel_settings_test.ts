import assert from "node:assert/strict";
import { Box, EVERY_BACKEND, MODES } from "../system/tombolo.ts";

// What the kernel runs outside of every sandbox, or does to the whole machine; root's to write without a capability.
const SETTINGS = [
  "/proc/sys/kernel/core_pattern",
  "/proc/sys/kernel/modprobe",
  "/proc/sys/kernel/hotplug",
  "/proc/sys/kernel/poweroff_cmd",
  "/proc/sys/kernel/panic",
  "/proc/sys/vm/drop_caches",
  "/proc/sys/fs/binfmt_misc/register",
  "/proc/sys/user/max_user_namespaces",
  "/proc/sysrq-trigger",
  "/proc/self/oom_score_adj",
  "/proc/irq/default_smp_affinity",
  "/sys/kernel/uevent_helper",
  "/sys/kernel/mm/transparent_hugepage/enabled",
  "/sys/power/state",
];

for (const mode of EVERY_BACKEND) {
  for (const ordinaryUser of [false, true]) {
    for (const flags of [[], ["--preset=none", "--allow-read=/usr", "--allow-write=."]]) {
      const who = ordinaryUser ? "an ordinary user" : "whoever runs the tests";
      Deno.test(`${mode.name}: M8 M11 settings of the kernel cannot be opened for writing by ${who} ${flags}`, async () => {
        await using box = await Box.create({ ordinaryUser });
        // Opened only: nothing is written, should it succeed.
        const script = `
import os, sys
for path in sys.argv[1:]:
    for flags in (os.O_WRONLY, os.O_RDWR, os.O_WRONLY | os.O_APPEND):
        try: os.close(os.open(path, flags)); print("open", path)
        except OSError: pass
print("end")`;
        const { stdout, stderr } = await box.runIn(mode, flags, [
          "/usr/bin/python3",
          "-c",
          script,
          ...SETTINGS,
        ]);
        assert.equal(stdout, "end\n", stderr);
      });
    }
  }
}

for (const mode of MODES) {
  Deno.test(`${mode.name}: what commands use of /proc works: standard streams by name, descriptors, status`, async () => {
    await using box = await Box.create();
    const script = `cat <(echo substituted); cat /dev/stdin; echo out >/dev/stdout; echo err >/dev/stderr
      grep -c ^Name: /proc/self/status; ls /proc/self/fd >/dev/null && readlink /proc/self/cwd`;
    const { code, stdout, stderr } = await box.runIn(mode, [], ["bash", "-c", script], { stdin: "in\n" });
    assert.deepEqual([code, stdout], [0, `substituted\nin\nout\n1\n${box.work}\n`], stderr);
    assert.equal(stderr, "err\n");
  });
}
