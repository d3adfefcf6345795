import assert from "node:assert/strict";
import { childCode } from "../../stage2/child_code.ts";

/** An assembler for each architecture, and what it has to be told. */
const ASSEMBLERS = {
  x86_64: { program: "as", head: ".intel_syntax noprefix\n" },
  aarch64: { program: "aarch64-linux-gnu-as", head: "" },
} as const;

async function has(program: string): Promise<boolean> {
  const { success } = await new Deno.Command("/bin/sh", { args: ["-c", `command -v ${program} >/dev/null`] })
    .output();
  return success;
}

/** The instructions that stand beside the bytes, as an assembler takes them. */
async function listing(name: string): Promise<string> {
  const source = await Deno.readTextFile(new URL("../../stage2/child_code.ts", import.meta.url));
  const table = source.slice(source.indexOf(`const ${name} = [`)).split("].join")[0] ?? "";
  return Array.from(
    table.matchAll(/\/\/ (?:(\w+): )?(.*)$/gm),
    ([, label, text]) => `${label === undefined ? "" : `${label}:\n`}${text}\n`,
  ).join("");
}

for (const [arch, { program, head }] of Object.entries(ASSEMBLERS)) {
  const there = await has(program);
  Deno.test({
    name: `the code of a new process is what its instructions assemble to on ${arch} (needs ${program})`,
    ignore: !there,
    async fn() {
      const directory = await Deno.makeTempDir();
      try {
        const text = head + await listing(arch.toUpperCase());
        assert.ok(text.length > 300, text);
        await Deno.writeTextFile(`${directory}/code.s`, text);
        const prefix = program.replace(/as$/, "");
        const script = `${program} -o code.o code.s && ${prefix}objcopy -O binary -j .text code.o code.bin`;
        const { success, stderr } = await new Deno.Command("/bin/sh", {
          args: ["-c", script],
          cwd: directory,
        })
          .output();
        assert.ok(success, new TextDecoder().decode(stderr));
        const wanted = await Deno.readFile(`${directory}/code.bin`);
        assert.equal(childCode(arch as "x86_64" | "aarch64").toHex(), wanted.toHex());
      } finally {
        await Deno.remove(directory, { recursive: true });
      }
    },
  });
}
