import assert from "node:assert/strict";
import fc from "fast-check";
import { flagHelp, type FlagRow, FLAGS, type GivenFlag, parseFlags } from "../../lib/cli/flags.ts";
import { flagsToSource } from "../../lib/cli/flags_to_source.ts";
import { LIMIT_NAMES } from "../../lib/policy/limits.ts";
import { TomboloError } from "../../lib/report/tombolo_error.ts";

function flags(...args: string[]): string[] {
  return parseFlags([...args, "--", "x"]).flags.map(({ name, value }) =>
    value === undefined ? name : `${name}=${value}`
  );
}

function refused(args: readonly string[], message: RegExp): void {
  assert.throws(
    () => flagsToSource(parseFlags(args).flags, "/work"),
    (error) =>
      error instanceof TomboloError && error.status === 125 && message.test(error.message) &&
      !/\p{Cc}/u.test(error.message),
    `${args.join(" ")}: ${message}`,
  );
}

function rowsOf(value: FlagRow["value"]): FlagRow[] {
  return FLAGS.filter((row) => row.value === value);
}

function spellings({ name, short }: FlagRow): string[] {
  return [`--${name}`, ...(short === undefined ? [] : [`-${short}`])];
}

Deno.test("no two flags share a name or a letter", () => {
  const all = FLAGS.flatMap(spellings);
  assert.equal(new Set(all).size, all.length);
});

Deno.test("a flag without a value stands alone, in both spellings, and refuses one", () => {
  for (const row of rowsOf("none")) {
    for (const written of spellings(row)) {
      assert.deepEqual(flags(written), [row.name]);
      refused([`${written}=x`], /takes no value, but has "x"/);
      refused([`${written}=`], /takes no value/);
    }
  }
});

Deno.test("a flag of one value takes it after = or from the next argument", () => {
  for (const row of rowsOf("one")) {
    for (const written of spellings(row)) {
      assert.deepEqual(flags(`${written}=a=b`), [`${row.name}=a=b`]);
      assert.deepEqual(flags(written, "a=b"), [`${row.name}=a=b`]);
      refused([written], new RegExp(`Flag ${written} needs a value: ${written}=`));
      refused([written, "--", "x"], /needs a value/);
    }
  }
});

Deno.test("a list follows = alone, and some lists may be left out", () => {
  for (const row of rowsOf("optional list")) {
    for (const written of spellings(row)) {
      assert.deepEqual(flags(`${written}=a,b`), [`${row.name}=a,b`]);
      assert.deepEqual(flags(written), [row.name]);
      assert.deepEqual(parseFlags([written, "a,b"]).command, ["a,b"], "the next argument is the command");
    }
  }
  for (const row of rowsOf("list")) {
    for (const written of spellings(row)) {
      assert.deepEqual(flags(`${written}=a,b`), [`${row.name}=a,b`]);
      refused([written, "a"], new RegExp(`Flag ${written} needs a list`));
    }
  }
});

Deno.test("an empty value is refused wherever a value is wanted", () => {
  for (const row of FLAGS.filter(({ value }) => value !== "none")) {
    for (const written of spellings(row)) {
      refused([`${written}=`], row.name === "env" ? /wanted NAME=VALUE/ : /has an empty value/);
      refused([`${written}= \t`], row.name === "env" ? /wanted NAME=VALUE/ : /has an empty value/);
    }
  }
});

Deno.test("an unknown flag is refused by name", () => {
  for (
    const text of [
      "--allow",
      "--allow-nett=x",
      "-x",
      "-qv",
      "-Ra",
      "---",
      "-R/x",
      "--no-quiet",
      "--ALLOW-NET",
      "-\x1b",
    ]
  ) {
    refused([text], /^Unknown flag "-/);
  }
});

Deno.test("the command begins at the first argument that is no flag, and its own flags are its own", () => {
  const rows: readonly (readonly [string[], string[]])[] = [
    [["ls", "-R", "--allow-net"], ["ls", "-R", "--allow-net"]],
    [["-q", "ls", "-v"], ["ls", "-v"]],
    [["--", "-R"], ["-R"]],
    [["-q", "--", "--", "x"], ["--", "x"]],
    [["--"], []],
    [[], []],
    [["-"], ["-"]],
    [["", "x"], ["", "x"]],
    [["-C", "/x", "make", "--", "y"], ["make", "--", "y"]],
    [["a=b", "-q"], ["a=b", "-q"]],
  ];
  for (const [args, command] of rows) assert.deepEqual(parseFlags(args).command, command, args.join(" "));
});

Deno.test("flags keep their order, and how each was written", () => {
  assert.deepEqual(parseFlags(["-N=a", "--allow-net", "-q"]).flags, [
    { name: "allow-net", written: "-N", value: "a" },
    { name: "allow-net", written: "--allow-net" },
    { name: "quiet", written: "-q" },
  ]);
});

Deno.test("the help names every flag with its letter and form", () => {
  const help = flagHelp();
  assert.match(help, /^ {2}-R, --allow-read\[=PATH,\.\.\.\] {2,}\S/m);
  assert.match(help, /^ {6}--deny-read=PATH,\.\.\. {2,}\S/m);
  assert.match(help, /^ {2}-q, --quiet {2,}\S/m);
  for (const { name, purpose } of FLAGS) {
    assert.ok(help.includes(`--${name}`) && help.includes(purpose), name);
  }
});

Deno.test("whatever the arguments, they are read or refused with an error of tombolo's own", () => {
  const word = fc.oneof(
    fc.constantFrom(...FLAGS.flatMap(spellings), "--", "-", "", "=", "x"),
    fc.constantFrom(...FLAGS.flatMap(spellings)).map((written) => `${written}=a,b`),
    fc.string({ unit: "binary" }),
  );
  fc.assert(fc.property(fc.array(word, { maxLength: 5 }), (args) => {
    try {
      const { flags: given, command } = parseFlags(args);
      flagsToSource(given, "/work");
      assert.deepEqual(args.slice(args.length - command.length), command);
    } catch (error) {
      assert.ok(error instanceof TomboloError, String(error));
      assert.doesNotMatch(error.message, /\p{Cc}/u);
    }
  }));
});

function source(...args: string[]) {
  return flagsToSource(parseFlags(args).flags, "/work");
}

const LISTS = {
  "allow-read": "readAllow",
  "deny-read": "readDeny",
  "allow-write": "writeAllow",
  "deny-write": "writeDeny",
  "allow-net": "netAllow",
  "deny-net": "netDeny",
  "allow-env": "envAllow",
  "deny-env": "envDeny",
} as const;

Deno.test("each list flag fills its list, repeated ones add, and each entry says where it came from", () => {
  for (const [name, key] of Object.entries(LISTS)) {
    const list = source(`--${name}=a,b`, `--${name}=c`)[key];
    assert.deepEqual(list?.entries.map(({ text }) => text), ["a", "b", "c"], name);
    assert.deepEqual(new Set(list?.entries.map(({ origin }) => origin)), new Set([`--${name}`]));
    assert.ok(list?.entries.every(({ base }) => base === "/work"));
    assert.equal(list?.all, undefined);
  }
});

Deno.test("a bare flag is everything, before or after a list", () => {
  for (const args of [["-R", "-R=a"], ["-R=a", "-R"]]) {
    const list = source(...args).readAllow;
    assert.deepEqual(list, {
      all: { text: "true", origin: "--allow-read", base: "/work" },
      entries: [{ text: "a", origin: "--allow-read", base: "/work" }],
    });
  }
});

Deno.test("an empty entry of a list is refused by the flag's name", () => {
  for (const text of ["a,", ",a", "a,,b", ",", "a, ,b"]) {
    for (const name of Object.keys(LISTS)) {
      refused([`--${name}=${text}`], /Flag --\S+ has an empty entry in its list/);
    }
  }
});

Deno.test("the other flags of the policy", () => {
  const given = source(
    "--preset=npm",
    "--preset",
    "none",
    "--env",
    "A=b=c",
    "--env=B=",
    "--timeout=5s",
    "--timeout=6s",
    "--resolve=db.test:10.0.0.1,10.0.0.2",
    "--resolve=six.test:::1",
  );
  assert.deepEqual(given.presets?.map(({ text, origin }) => [text, origin]), [["npm", "--preset"], [
    "none",
    "--preset",
  ]]);
  assert.deepEqual(given.envSet?.map(({ text, value }) => [text, value]), [["A", "b=c"], ["B", ""]]);
  assert.deepEqual(given.limits?.wallTime, { text: "6s", origin: "--timeout", base: "/work" });
  assert.deepEqual(given.resolve?.map(({ text, addresses }) => [text, addresses]), [
    ["db.test", ["10.0.0.1", "10.0.0.2"]],
    ["six.test", ["::1"]],
  ]);
});

Deno.test("every limit has a flag, and of one given twice the last counts", () => {
  const { limits } = source(
    "--timeout=1s",
    "--max-cpu-time=2s",
    "--max-memory=1GB",
    "--max-memory=2GiB",
    "--max-processes=4",
    "--max-open-files",
    "5",
    "--max-file-size=6MiB",
  );
  assert.deepEqual(Object.values(limits ?? {}).map(({ text, origin }) => `${text} ${origin}`), [
    "1s --timeout",
    "2s --max-cpu-time",
    "2GiB --max-memory",
    "4 --max-processes",
    "5 --max-open-files",
    "6MiB --max-file-size",
  ]);
  assert.deepEqual(Object.keys(limits ?? {}).sort(), [...LIMIT_NAMES].sort());
});

Deno.test("flags that are about the run alone ask nothing of the policy", () => {
  assert.deepEqual(source("-C", "/x", "--events=f", "--dry-run", "--json", "-q", "-v", "-h", "-p", "f"), {});
});

Deno.test("a value of the wrong form is refused by the flag's name", () => {
  for (const value of ["A", "=b", "="]) {
    refused([`--env=${value}`], /Cannot parse --env ".*": wanted NAME=VALUE/);
  }
  for (const value of ["db.test", "db.test:", ":1.2.3.4", "\x1b"]) {
    refused([`--resolve=${value}`], /Cannot parse --resolve.*: wanted HOST:ADDRESS/);
  }
});

Deno.test("names that mean something to JavaScript are no flags", () => {
  const odd: GivenFlag = { name: "__proto__", written: "--__proto__", value: "x" };
  assert.deepEqual(flagsToSource([odd], "/work"), {});
  refused(["--__proto__=x"], /Unknown flag/);
  refused(["--constructor"], /Unknown flag/);
});
