import assert from "node:assert/strict";
import { packProgram } from "../../bin/pack_program.ts";
import type { Embedded, EmbeddedProgram } from "../../lib/launch/embedded.ts";
import { ownProgram } from "../../lib/launch/own_program.ts";
import type { StartFacts } from "../../lib/launch/start_facts.ts";
import { TomboloError } from "../../lib/report/tombolo_error.ts";
import { TempDirectory } from "./temp_directory.ts";

async function sha256Of(text: string): Promise<string> {
  const bytes = new TextEncoder().encode(text);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

async function embedded(deno?: Embedded["deno"]): Promise<Embedded> {
  const part = async (text: string) => ({ text, sha256: await sha256Of(text) });
  return {
    main: "",
    stage2: await part("stage2;"),
    worker: await part("worker;"),
    flags: ["--allow-read", "--allow-run=/bin/sh"],
    ...(deno === undefined ? {} : { deno }),
  };
}

const FACTS: StartFacts = {
  standalone: false,
  execPath: "/opt/deno",
  os: "linux",
  cwd: "/here",
  environment: { HOME: "/home/me", PATH: "/bin" },
  mainModule: "https://example.com/tombolo.js",
  directory: undefined,
  embedded: undefined,
};

const SCRIPT: StartFacts = {
  ...FACTS,
  mainModule: "file:///src/.cache/tombolo/x/main.js",
  directory: "/src/.cache/tombolo/x",
  environment: {
    HOME: "/home/me",
    DENO_DIR: "/src/.cache/deno",
    DENO_TLS_CA_STORE: "system,mozilla",
    DENO_NO_UPDATE_CHECK: "1",
    TOMBOLO_CALLER_DENO_DIR: "/my/cache",
    TOMBOLO_CALLER_NODE_OPTIONS: "--no-warnings",
    TOMBOLO_ROOT: "/src",
    TOMBOLO_STAGE2_JS: "/src/.cache/stage2.js",
    TOMBOLO_WORKER_JS: "/src/.cache/worker.js",
    TOMBOLO_VERIFY_JS: "/src/.cache/verify.js",
    TOMBOLO_NOFILE: "1024",
    TOMBOLO_LEAK: "1",
  },
};

/** What a shell makes of its arguments when they end in `run`. */
async function started(again: readonly string[]): Promise<string> {
  const { stdout, success, stderr } = await new Deno.Command("/bin/sh", { args: [...again, "run", "a b"] })
    .output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

Deno.test("the start script says where everything is, and what is not the caller's", async () => {
  const program = ownProgram(SCRIPT);
  assert.equal(program.form, "script");
  assert.deepEqual(program.files, ["/src", "/opt/deno", "/src/.cache/deno"]);
  assert.deepEqual(program.caller, {
    HOME: "/home/me",
    DENO_DIR: "/my/cache",
    NODE_OPTIONS: "--no-warnings",
  });
  assert.equal(program.leaks, true);
  assert.equal(await program.openFiles(), "1024");
  assert.deepEqual(await program.runtime("/nowhere"), { deno: "/opt/deno", stage2: "/src/.cache/stage2.js" });
  assert.equal(await program.worker("/nowhere"), "/src/.cache/worker.js");
  assert.equal(await program.verifier("/nowhere"), "/src/.cache/verify.js");
  assert.deepEqual(program.again, ["/src/bin/tombolo"]);
});

Deno.test("a start script elsewhere names itself", () => {
  const environment = { ...SCRIPT.environment, TOMBOLO_START: "/npm/tombolo" };
  assert.deepEqual(ownProgram({ ...SCRIPT, environment }).again, ["/npm/tombolo"]);
});

Deno.test("the start script's words do not count where tombolo holds everything itself", async () => {
  for (const standalone of [false, true]) {
    const program = ownProgram({ ...SCRIPT, standalone, embedded: await embedded() });
    assert.equal(program.form, standalone ? "compiled" : "bundle");
    assert.equal(program.leaks, false);
    assert.deepEqual(program.caller, {
      HOME: "/home/me",
      DENO_DIR: "/src/.cache/deno",
      DENO_TLS_CA_STORE: "system,mozilla",
      DENO_NO_UPDATE_CHECK: "1",
    });
  }
});

Deno.test("a bundle unpacks stage2 and the worker, and protects what the next start loads", async () => {
  using state = new TempDirectory();
  const program = ownProgram({ ...FACTS, embedded: await embedded() });
  assert.equal(program.form, "bundle");
  const { deno, stage2 } = await program.runtime(state.path);
  assert.equal(deno, "/opt/deno");
  assert.equal(Deno.readTextFileSync(stage2), "stage2;");
  assert.equal(Deno.readTextFileSync(await program.worker(state.path)), "worker;");
  assert.deepEqual(program.files, ["/opt/deno", "/home/me/.cache/deno"]);
});

for (
  const [text, os, environment, cache] of [
    ["the caller names it", "linux", { HOME: "/h", DENO_DIR: "/d", XDG_CACHE_HOME: "/x" }, ["/d"]],
    ["the caller names one in the working directory", "linux", { HOME: "/h", DENO_DIR: "d" }, ["/here/d"]],
    ["an empty name is none", "linux", { HOME: "/h", DENO_DIR: "" }, ["/h/.cache/deno"]],
    ["XDG_CACHE_HOME is set", "linux", { HOME: "/h", XDG_CACHE_HOME: "/x" }, ["/x/deno"]],
    ["on macOS", "darwin", { HOME: "/h", XDG_CACHE_HOME: "/x" }, ["/h/Library/Caches/deno"]],
    ["there is no home", "linux", {}, []],
  ] as const
) {
  Deno.test(`Deno's own cache is among a bundle's files: ${text}`, async () => {
    const { files } = ownProgram({ ...FACTS, os, environment, embedded: await embedded() });
    assert.deepEqual(files, ["/opt/deno", ...cache]);
  });
}

Deno.test("a bundle that is a file is one of its own files", async () => {
  const mainModule = "file:///my%20tools/tombolo.js";
  const { files } = ownProgram({ ...FACTS, mainModule, embedded: await embedded() });
  assert.ok(files.includes("/my tools/tombolo.js"));
});

Deno.test("a bundle is started again by the same Deno, from the same URL, under its own flags alone", async () => {
  const echo = { ...FACTS, execPath: "/bin/echo", embedded: await embedded() };
  assert.equal(
    await started(ownProgram(echo).again),
    "run --quiet --no-prompt --no-config --no-lock --allow-read --allow-run=/bin/sh " +
      "https://example.com/tombolo.js run a b\n",
  );
});

Deno.test("a binary is started again as it is", async () => {
  const echo = { ...FACTS, standalone: true, execPath: "/bin/echo", embedded: await embedded() };
  const program = ownProgram(echo);
  assert.equal(await started(program.again), "run a b\n");
  assert.deepEqual(program.files, ["/bin/echo"]);
});

/** A program, packed beside a main module. */
async function packed(directory: TempDirectory, name: string): Promise<EmbeddedProgram> {
  const text = `#!/bin/sh\necho ${name} "$@"\n`;
  return await packProgram(directory.file(name, text), directory.at(`${name}.gz`));
}

Deno.test("a binary unpacks stage2 as a program, and the Deno for a worker only where it is asked for", async () => {
  using state = new TempDirectory();
  using inside = new TempDirectory();
  const [stage2, deno] = [await packed(inside, "stage2"), await packed(inside, "deno")];
  const mainModule = `file://${inside.at("tombolo.js")}`;
  const facts = { ...FACTS, standalone: true, mainModule };
  const program = ownProgram({ ...facts, embedded: { ...await embedded(deno), stage2 } });
  assert.equal(program.form, "compiled");
  const runtime = await program.runtime(state.path);
  assert.deepEqual(runtime, { stage2: state.at(`programs/${stage2.sha256}/stage2`) });
  const said = await new Deno.Command(runtime.stage2, { args: ["abi"] }).output();
  assert.equal(new TextDecoder().decode(said.stdout), "stage2 abi\n");
  assert.deepEqual(Array.from(Deno.readDirSync(state.at("programs")), ({ name }) => name), [stage2.sha256]);
  assert.equal(await program.deno(state.path), state.at(`programs/${deno.sha256}/deno`));
  assert.equal(Deno.readTextFileSync(await program.worker(state.path)), "worker;");
});

Deno.test("everywhere else the Deno of tombolo runs stage2 and the worker", async () => {
  using state = new TempDirectory();
  for (
    const facts of [SCRIPT, { ...FACTS, embedded: await embedded() }, {
      ...FACTS,
      directory: "/src/lib/launch",
    }]
  ) {
    assert.equal(await ownProgram(facts).deno(state.path), "/opt/deno");
  }
});

Deno.test("a tombolo that does not hold what its form needs is refused, with what makes it", async () => {
  using state = new TempDirectory();
  const refusal = (task: string) => (error: unknown) => {
    assert.ok(error instanceof TomboloError);
    assert.match(error.message, /^Cannot find [^\n]*: this tombolo holds none$/);
    assert.equal(error.remedy, `make it with \`${task}\``);
    return true;
  };
  const binary = ownProgram({ ...FACTS, standalone: true, embedded: await embedded() });
  await assert.rejects(binary.runtime(state.path), refusal("deno task compile"));
  await assert.rejects(binary.deno(state.path), refusal("deno task compile"));
  const stage2 = { file: "./stage2.gz", sha256: await sha256Of("") };
  const bundle = ownProgram({ ...FACTS, embedded: { ...await embedded(), stage2 } });
  await assert.rejects(bundle.runtime(state.path), refusal("deno task bundle"));
});

Deno.test("what doctor verifies with is unpacked from a bundle that holds it", async () => {
  using state = new TempDirectory();
  const verifier = { text: "verify;", sha256: await sha256Of("verify;") };
  const program = ownProgram({ ...FACTS, embedded: { ...await embedded(), verifier } });
  assert.equal(Deno.readTextFileSync(await program.verifier(state.path)), "verify;");
});

Deno.test("a tombolo that came without what doctor verifies with says so", async () => {
  using state = new TempDirectory();
  const { TOMBOLO_VERIFY_JS: _, ...environment } = SCRIPT.environment;
  for (const facts of [{ ...FACTS, embedded: await embedded() }, { ...SCRIPT, environment }]) {
    await assert.rejects(
      ownProgram(facts).verifier(state.path),
      /^TomboloError: Cannot verify: this tombolo came without/,
    );
  }
});

Deno.test("modules that Deno runs from a checkout find what the build has left there", async () => {
  using checkout = new TempDirectory();
  checkout.file("stage2/main.ts");
  checkout.file(".cache/stage2.js");
  checkout.file(".cache/worker.js");
  checkout.file(".cache/verify.js");
  checkout.file(".cache/ready.sh", "tombolo_deno='/opt/deno'\ntombolo_inputs='stage2/main.ts'\n");
  const program = ownProgram({ ...FACTS, directory: checkout.at("lib/launch") });
  assert.equal(program.form, "checkout");
  assert.deepEqual(await program.runtime("/nowhere"), {
    deno: "/opt/deno",
    stage2: checkout.at(".cache/stage2.js"),
  });
  assert.equal(await program.worker("/nowhere"), checkout.at(".cache/worker.js"));
  assert.equal(await program.verifier("/nowhere"), checkout.at(".cache/verify.js"));
  assert.deepEqual(program.again, [checkout.at("bin/tombolo")]);
  assert.ok(program.files.includes(checkout.path));
});

Deno.test("a checkout that is not built, or has changed since, is refused with what makes it", async () => {
  using checkout = new TempDirectory();
  const program = ownProgram({ ...FACTS, directory: checkout.at("lib/launch") });
  const refusal = (message: RegExp) => (error: unknown) => {
    assert.ok(error instanceof TomboloError);
    assert.match(error.message, message);
    assert.match(error.remedy ?? "", /deno task build/);
    return true;
  };
  await assert.rejects(program.runtime("/nowhere"), refusal(/is not made yet/));
  const source = checkout.file("stage2/main.ts");
  checkout.file(".cache/ready.sh", "tombolo_inputs='stage2/main.ts'\n");
  Deno.utimeSync(source, new Date(), new Date(Date.now() + 10_000));
  await assert.rejects(program.worker("/nowhere"), refusal(/stage2\/main\.ts has changed/));
  Deno.removeSync(source);
  await assert.rejects(program.worker("/nowhere"), refusal(/stage2\/main\.ts has changed/));
});

Deno.test("modules from a URL that hold no stage2 are refused", async () => {
  await assert.rejects(ownProgram(FACTS).runtime("/nowhere"), TomboloError);
});
