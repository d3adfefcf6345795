import assert from "node:assert/strict";
import { SafePath } from "../../lib/paths/safe_path.ts";
import type { DecisionEvent } from "../../lib/report/event.ts";
import { EventsFile } from "../../lib/report/events_file.ts";
import { TomboloError } from "../../lib/report/tombolo_error.ts";

class TempDirectory implements Disposable {
  readonly path = Deno.realPathSync(Deno.makeTempDirSync());

  at(name: string): SafePath {
    return SafePath.of(`${this.path}/${name}`);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

function event(target: string): DecisionEvent {
  return {
    time: "2026-01-02T03:04:05.000Z",
    kind: "net",
    decision: "deny",
    target,
    reason: "no rule allows it",
  };
}

Deno.test("events are appended, a JSON object a line, readable by the user alone", () => {
  using directory = new TempDirectory();
  const path = directory.at("events");
  for (const target of ["a\nb\x1b", "\u202e"]) {
    using file = new EventsFile(path);
    file.write(event(target));
  }
  const lines = Deno.readTextFileSync(path.toString()).split("\n");
  assert.equal(lines.pop(), "");
  assert.deepEqual(lines.map((line) => JSON.parse(line)), [event("a\nb\x1b"), event("\u202e")]);
  assert.equal((Deno.statSync(path.toString()).mode ?? 0) & 0o777, 0o600);
});

Deno.test("what stands in the file already stays", () => {
  using directory = new TempDirectory();
  const path = directory.at("events");
  Deno.writeTextFileSync(path.toString(), "before\n");
  using file = new EventsFile(path);
  file.write(event("x"));
  assert.match(Deno.readTextFileSync(path.toString()), /^before\n\{.*\}\n$/);
});

Deno.test("lines of two runs at once stay whole", async () => {
  using directory = new TempDirectory();
  const path = directory.at("events");
  const program = `
    import { EventsFile } from ${
    JSON.stringify(new URL("../../lib/report/events_file.ts", import.meta.url).href)
  };
    import { SafePath } from ${JSON.stringify(new URL("../../lib/paths/safe_path.ts", import.meta.url).href)};
    using file = new EventsFile(SafePath.of(Deno.args[0] ?? ""));
    const target = (Deno.args[1] ?? "").repeat(3000);
    for (let index = 0; index < 300; index++) {
      file.write({ time: "", kind: "net", decision: "deny", target, reason: String(index) });
    }`;
  const script = `${directory.path}/write.ts`;
  Deno.writeTextFileSync(script, program);
  Deno.writeTextFileSync(path.toString(), "");
  const config = new URL("../../deno.json", import.meta.url).pathname;
  const run = (letter: string) =>
    new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", "--no-check", "--config", config, script, path.toString(), letter],
    }).output();
  const ended = await Promise.all([run("a"), run("b")]);
  for (const { success, stderr } of ended) assert.ok(success, new TextDecoder().decode(stderr));
  const lines = Deno.readTextFileSync(path.toString()).trimEnd().split("\n");
  assert.equal(lines.length, 600);
  for (const line of lines) assert.match(JSON.parse(line).target, /^(?:a{3000}|b{3000})$/);
});

Deno.test("a link, a second name, a directory and a place that is not there are refused", () => {
  using directory = new TempDirectory();
  Deno.writeTextFileSync(`${directory.path}/target`, "");
  Deno.symlinkSync("target", `${directory.path}/link`);
  Deno.symlinkSync("absent", `${directory.path}/dangling`);
  Deno.writeTextFileSync(`${directory.path}/one`, "");
  Deno.linkSync(`${directory.path}/one`, `${directory.path}/two`);
  for (const name of ["link", "dangling", "two", ".", "no/where"]) {
    assert.throws(
      () => new EventsFile(directory.at(name)),
      (error) =>
        error instanceof TomboloError && error.status === 125 &&
        /Cannot open events file/.test(error.message),
      name,
    );
  }
  assert.equal(Deno.readTextFileSync(`${directory.path}/target`), "");
});

Deno.test("a file that was made for nothing is taken back, one that holds something is not", () => {
  using directory = new TempDirectory();
  const made = directory.at("made");
  {
    using file = new EventsFile(made);
    file.discard();
  }
  assert.throws(() => Deno.statSync(made.toString()), Deno.errors.NotFound);
  const old = directory.at("old");
  Deno.writeTextFileSync(old.toString(), "");
  {
    using file = new EventsFile(old);
    file.discard();
  }
  assert.ok(Deno.statSync(old.toString()).isFile);
  {
    using file = new EventsFile(made);
    file.write(event("x"));
    file.discard();
  }
  assert.ok(Deno.statSync(made.toString()).isFile);
});
