import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { askLandlockAbi } from "../../lib/launch/landlock_abi.ts";
import { fixture } from "../system/tombolo.ts";

const stage2 = fileURLToPath(new URL("../../stage2/main.ts", import.meta.url));
const denyCalls = fixture(fileURLToPath(new URL("../system", import.meta.url)), "deny_calls.py");

async function python(script: string): Promise<string> {
  const { stdout } = await new Deno.Command("python3", { args: ["-c", script] }).output();
  return new TextDecoder().decode(stdout).trim();
}

/** As the tool asks, but under a filter that answers with an errno. */
async function askUnder(code: string): Promise<string> {
  const { stdout } = await new Deno.Command("python3", {
    args: [
      ...[denyCalls, code, "landlock_create_ruleset", Deno.execPath(), "run", "--quiet", "--no-lock"],
      ...["--allow-ffi", stage2, "abi"],
    ],
  }).output();
  return new TextDecoder().decode(stdout);
}

Deno.test("stage2 says which version of Landlock the kernel has", async () => {
  const script = "import ctypes; print(max(0, ctypes.CDLL(None).syscall(444, None, 0, 1)))";
  const { abi } = await askLandlockAbi({ deno: Deno.execPath(), stage2 });
  assert.equal(String(abi), await python(script));
});

for (const [code, errno] of [["ENOSYS", 38], ["EOPNOTSUPP", 95], ["EPERM", 1]] as const) {
  Deno.test(`where the kernel answers ${code}, stage2 says 0 and the errno`, async () => {
    assert.equal(await askUnder(code), `{"abi":0,"errno":${errno}}\n`);
  });
}
