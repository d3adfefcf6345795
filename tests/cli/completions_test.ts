import assert from "node:assert/strict";
import { join } from "node:path";
import { COMMANDS } from "../../lib/cli/commands.ts";
import type { FlagRow } from "../../lib/cli/flags.ts";
import { takesList, valueKind } from "../../lib/cli/value_kind.ts";
import { PRESETS } from "../../lib/policy/presets.ts";
import { Box, said } from "../system/tombolo.ts";
import { completionScript, SHELLS } from "./shells.ts";

const presets = Object.keys(PRESETS);
const flagNames = (name: string) =>
  COMMANDS.find((row) => row.name === name)?.flags.map((row) => `--${row.name}`) ?? [];

/** What stands on the line, and all that is offered there: without what stands before `=`, and without a last slash. */
const TABLE: readonly (readonly [line: string, offers: readonly string[]])[] = [
  ["tombolo ", COMMANDS.map(({ name }) => name)],
  ["tombolo run --deny-", flagNames("run").filter((name) => name.startsWith("--deny-"))],
  ["tombolo proxy --", flagNames("proxy")],
  ["tombolo restore --", flagNames("restore")],
  ["tombolo mcp --root=a", ["a dir"]],
  ["tombolo run --preset=", presets],
  ["tombolo explain -q --preset ", presets],
  ["tombolo run --preset=npm --allow-read=al", ["alpha"]],
  ["tombolo run --allow-read=alpha,b", ["alpha,b c", "alpha,beta"]],
  ["tombolo run -R=al", ["alpha"]],
  ["tombolo run -C a", ["a dir"]],
  ["tombolo run --upstream=", ["env", "none"]],
  ["tombolo mcp --backend=", ["auto", "bubblewrap", "landlock", "seatbelt"]],
  ["tombolo run --env=TOMBOLO_M", ["TOMBOLO_MARK"]],
  ["tombolo run --deny-env=X,TOMBOLO_M", ["X,TOMBOLO_MARK"]],
  ["tombolo run --allow-run=mktem", ["mktemp"]],
  ["tombolo run mktem", ["mktemp"]],
  ["tombolo run --json -- mktem", ["mktemp"]],
  ["tombolo explain -C alpha mktem", ["mktemp"]],
  ["tombolo run cat al", ["alpha"]],
  ["tombolo run -- cat --deny-", []],
  ["tombolo run --publish=", []],
  ["tombolo policy ", ["check", "schema"]],
  ["tombolo policy check al", ["alpha"]],
  ["tombolo restore t", ["tasks-1"]],
  ["tombolo completions ", ["bash", "zsh", "fish"]],
];

/** The words that completion has put at the end of a line, as the table writes them. */
function offered(shell: string, line: string, words: readonly string[]): string[] {
  const before = line.split(" ").slice(1, -1).length;
  const own = shell === "fish" ? words : words.slice(before);
  const value = /=[^ ]*$/.test(line);
  const last = line.split(" ").at(-1) ?? "";
  return [
    ...new Set(
      own.filter((word) => word !== last)
        .map((word) => value ? word.replace(/^-[^=]*=/, "") : word.replace(/=$/, ""))
        .map((word) => word.replace(/\/$/, ""))
        .filter((word) => word !== "" && !(last === "" && line === "tombolo " && word.startsWith("-"))),
    ),
  ].filter((word) => last !== "--" || /^--/.test(word)).sort();
}

for (const shell of SHELLS) {
  Deno.test(`${shell.name} offers commands, flags, presets, paths, programs and variables where they belong`, async () => {
    await using box = await Box.create();
    for (const name of ["alpha", "beta", "b c"]) await box.write(`work/${name}`, "");
    await Deno.mkdir(join(box.work, "a dir"));
    const found = await shell.offers(TABLE.map(([line]) => line), box.work);
    const seen = TABLE.map(([line], index) => [line, offered(shell.name, line, found[index] ?? [])]);
    assert.deepEqual(seen, TABLE.map(([line, offers]) => [line, [...offers].sort()]));
  });
}

Deno.test("bash-completion, where it is there, completes what belongs to the command", async () => {
  const script = `${await completionScript("bash")}
    _command_offset() { COMPREPLY=("\${COMP_WORDS[$1]} from $1"); }
    COMP_WORDS=(tombolo run --preset = npm -- git che) COMP_CWORD=7 COMP_LINE='tombolo run --preset=npm -- git che'
    COMP_POINT=\${#COMP_LINE}
    _tombolo
    printf '%s' "\${COMPREPLY[@]}"`;
  const { stdout } = await new Deno.Command("bash", { args: ["-c", script] }).output();
  assert.equal(new TextDecoder().decode(stdout), "git from 6");
});

Deno.test("each script knows every flag of every command", async () => {
  for (const { name } of SHELLS) {
    const script = await completionScript(name);
    for (const { flags } of COMMANDS) {
      for (const flag of flags) {
        const written = name === "fish" ? `-l ${flag.name} ` : `--${flag.name}`;
        assert.ok(script.includes(written), `${name}: ${flag.name}`);
      }
    }
  }
});

Deno.test("a flag of one name means the same in every command", () => {
  const kinds = new Map<string, string>();
  for (const row of COMMANDS.flatMap(({ flags }) => flags)) {
    const kind = JSON.stringify([valueKind(row), takesList(row), row.value, row.short]);
    assert.equal(kinds.get(row.name) ?? kind, kind, row.name);
    kinds.set(row.name, kind);
  }
});

Deno.test("what a value is, is read from its placeholder", () => {
  const kindOf = (name: string, placeholder: string) => {
    const row: FlagRow = { name, value: "one", placeholder, purpose: "" };
    return valueKind(row);
  };
  assert.deepEqual(kindOf("backend", "auto|bubblewrap|landlock"), {
    kind: "words",
    words: ["auto", "bubblewrap", "landlock"],
  });
  assert.deepEqual(kindOf("listen", "ADDRESS:PORT|unix:PATH"), { kind: "nothing" });
  assert.deepEqual(kindOf("max-memory", "SIZE"), { kind: "nothing" });
});

Deno.test("an unknown shell, none or two are refused with those that are wanted", async () => {
  await using box = await Box.create();
  const rows: readonly (readonly [string[], string])[] = [
    [["tcsh"], `Cannot complete in shell "tcsh": there is no script for it`],
    [["__proto__"], `Cannot complete in shell "__proto__": there is no script for it`],
    [[], "Cannot tell which shell is meant: 0 arguments"],
    [["bash", "zsh"], "Cannot tell which shell is meant: 2 arguments"],
  ];
  for (const [args, message] of rows) {
    const outcome = await box.tombolo(["completions", ...args]);
    assert.equal(outcome.code, 125);
    assert.equal(outcome.stdout, "");
    assert.deepEqual(said(outcome), [`tombolo: ${message}; wanted: one of bash, zsh, fish`]);
  }
});

Deno.test("every command prints its help, with its forms, purpose and flags", async () => {
  await using box = await Box.create();
  for (const { name, forms, flags } of COMMANDS) {
    const { code, stdout } = await box.tombolo([name, "--help"]);
    assert.equal(code, 0, name);
    for (const form of forms) assert.ok(stdout.startsWith(`tombolo ${name} `) && stdout.includes(form), name);
    for (const flag of flags) assert.ok(stdout.includes(`--${flag.name}`), `${name} --${flag.name}`);
  }
});

Deno.test("every command that is dispatched is on the list", async () => {
  const source = await Deno.readTextFile(new URL("../../lib/cli/main.ts", import.meta.url));
  const dispatched = Array.from(source.matchAll(/case "([a-z]+)":/g), ([, name]) => name)
    .filter((name) => name !== "help");
  assert.deepEqual(dispatched.sort(), COMMANDS.map(({ name }) => name).sort());
});
