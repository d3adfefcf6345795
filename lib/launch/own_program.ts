import type { RuntimeFiles } from "../plan/host_facts.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import type { Embedded, EmbeddedProgram, EmbeddedText } from "./embedded.ts";
import { type StartFacts, startFacts } from "./start_facts.ts";

/** This tombolo: everything that depends on how it was installed and started. */
export interface OwnProgram {
  /**
   * - `script`: bin/tombolo, or that of the npm package, which says where everything is
   * - `checkout`: Deno runs the modules themselves, as it does for who imports the library
   * - `bundle`: one file, also from a URL, that holds stage2 and the worker
   * - `compiled`: one binary, which holds stage2 as a program, and a Deno for the worker
   */
  readonly form: "script" | "checkout" | "bundle" | "compiled";
  /** Files of its own that no sandbox may write: absolute paths, of which some may be absent. */
  readonly files: readonly string[];
  /** Arguments of /bin/sh that start tombolo again, up to its own arguments. */
  readonly again: readonly string[];
  /** The environment of the caller, without what the start script has put into it. */
  readonly caller: Readonly<Record<string, string>>;
  /** Whether the caller is known to have left descriptors open that only stage2 can close. */
  readonly leaks: boolean;
  /** Soft limit of open files of the caller, which Deno has raised for itself, where it can be told. */
  readonly openFiles: () => Promise<string | undefined>;
  /**
   * Finds stage2, and the Deno that runs it where it needs one; unpacks what is inside.
   *
   * @param stateDirectory Where what is unpacked is kept
   * @throws {TomboloError} where it is not there, or not what it should be
   */
  readonly runtime: (stateDirectory: string) => Promise<RuntimeFiles>;
  /**
   * Finds the Deno that runs the worker and the verifier, whose permissions are made for each run, in the same way.
   *
   * @param stateDirectory Where what is unpacked is kept
   * @throws {TomboloError} where it is not there, or not what it should be
   */
  readonly deno: (stateDirectory: string) => Promise<string>;
  /**
   * Finds the worker, one plain JavaScript file, in the same way.
   *
   * @param stateDirectory Where what is unpacked is kept
   * @throws {TomboloError} where it is not there, or not what it should be
   */
  readonly worker: (stateDirectory: string) => Promise<string>;
  /**
   * Finds what `doctor --verify` tries to get out of a sandbox with, in the same way.
   *
   * @param stateDirectory Where what is unpacked is kept
   * @throws {TomboloError} where it is not there, or not what it should be
   */
  readonly verifier: (stateDirectory: string) => Promise<string>;
}

/** Prefix of what a start script has kept aside for the command, because Deno would heed it. */
const ASIDE = "TOMBOLO_CALLER_";
/** What a start script sets for Deno. */
const SET_BY_SCRIPT = ["DENO_DIR", "DENO_NO_UPDATE_CHECK", "DENO_TLS_CA_STORE"];

type Environment = StartFacts["environment"];
type Form<Name extends OwnProgram["form"]> = Omit<OwnProgram, "form"> & { readonly form: Name };

// Names with this prefix are tombolo's own everywhere.
function withoutOwn(environment: Environment): [name: string, value: string][] {
  return Object.entries(environment).filter(([name]) => !name.startsWith("TOMBOLO_"));
}

function callerOfScript(environment: Environment): Record<string, string> {
  const aside = Object.entries(environment).filter(([name]) => name.startsWith(ASIDE));
  return Object.fromEntries([
    ...withoutOwn(environment).filter(([name]) => !SET_BY_SCRIPT.includes(name)),
    ...aside.map(([name, value]) => [name.slice(ASIDE.length), value]),
  ]);
}

// Modules and compiled code that a later start would load from there.
function denoCache(facts: StartFacts): string[] {
  const { environment, os } = facts;
  const named = environment["DENO_DIR"] ?? "";
  if (named !== "") return [named.startsWith("/") ? named : `${facts.cwd}/${named}`];
  const home = environment["HOME"];
  const caches = environment["XDG_CACHE_HOME"];
  if (os === "darwin") return home === undefined ? [] : [`${home}/Library/Caches/deno`];
  if (caches?.startsWith("/") === true) return [`${caches}/deno`];
  return home === undefined ? [] : [`${home}/.cache/deno`];
}

async function askedOpenFiles(): Promise<string | undefined> {
  const { openFilesOf } = await import("./open_files_of.ts");
  return openFilesOf(Deno.ppid);
}

function noVerifier(): TomboloError {
  return new TomboloError("sandbox", "Cannot verify: this tombolo came without the program for it", {
    remedy: "run bin/tombolo of a checkout",
  });
}

function verifierOf(environment: Environment): Promise<string> {
  const file = environment["TOMBOLO_VERIFY_JS"];
  return file === undefined ? Promise.reject(noVerifier()) : Promise.resolve(file);
}

function script(
  facts: StartFacts,
  { root, stage2, worker }: { root: string; stage2: string; worker: string },
): Form<"script"> {
  const { environment } = facts;
  const denoDir = environment["DENO_DIR"];
  return {
    form: "script",
    get files() {
      return [root, facts.execPath, ...(denoDir === undefined ? [] : [denoDir])];
    },
    again: [environment["TOMBOLO_START"] ?? `${root}/bin/tombolo`],
    caller: callerOfScript(environment),
    leaks: environment["TOMBOLO_LEAK"] !== undefined,
    openFiles: () => Promise.resolve(environment["TOMBOLO_NOFILE"] || undefined),
    runtime: () => Promise.resolve({ deno: facts.execPath, stage2 }),
    deno: () => Promise.resolve(facts.execPath),
    worker: () => Promise.resolve(worker),
    verifier: () => verifierOf(environment),
  };
}

function checkout(facts: StartFacts): Form<"checkout"> {
  const { directory, execPath, environment } = facts;
  const root = directory?.replace(/\/lib\/launch$/, "");
  return {
    form: "checkout",
    files: [...(root === undefined ? [] : [root]), execPath, ...denoCache(facts)],
    again: [`${root}/bin/tombolo`],
    caller: Object.fromEntries(withoutOwn(environment)),
    leaks: false,
    openFiles: askedOpenFiles,
    async runtime() {
      const { builtPart } = await import("./built_part.ts");
      return { deno: execPath, stage2: builtPart(root, "stage2.js") };
    },
    deno: () => Promise.resolve(execPath),
    async worker() {
      const { builtPart } = await import("./built_part.ts");
      return builtPart(root, "worker.js");
    },
    async verifier() {
      const { builtPart } = await import("./built_part.ts");
      return builtPart(root, "verify.js");
    },
  };
}

// What the shell needs around a program that is not a script for it.
function through(...words: string[]): string[] {
  return ["-c", 'exec "$@"', "sh", ...words];
}

function fileOf(url: string): string[] {
  return url.startsWith("file:") ? [decodeURIComponent(new URL(url).pathname)] : [];
}

async function unpack(stateDirectory: string, name: string, embedded: EmbeddedText): Promise<string> {
  const { unpackText } = await import("./unpack_text.ts");
  return unpackText(stateDirectory, name, embedded);
}

function lacks(what: string, task: string): TomboloError {
  return new TomboloError("sandbox", `Cannot find ${what}: this tombolo holds none`, {
    remedy: `make it with \`${task}\``,
  });
}

async function unpackVerifier(stateDirectory: string, { verifier }: Embedded): Promise<string> {
  if (verifier === undefined) throw noVerifier();
  return await unpack(stateDirectory, "verify.js", verifier);
}

function bundle(facts: StartFacts, embedded: Embedded): Form<"bundle"> {
  const { execPath, environment, mainModule } = facts;
  return {
    form: "bundle",
    files: [execPath, ...fileOf(mainModule), ...denoCache(facts)],
    again: through(
      execPath,
      "run",
      "--quiet",
      "--no-prompt",
      "--no-config",
      "--no-lock",
      ...embedded.flags,
      mainModule,
    ),
    caller: Object.fromEntries(withoutOwn(environment)),
    leaks: false,
    openFiles: askedOpenFiles,
    async runtime(stateDirectory) {
      const { stage2 } = embedded;
      if (!("text" in stage2)) throw lacks("stage2 as a script", "deno task bundle");
      return { deno: execPath, stage2: await unpack(stateDirectory, "stage2.js", stage2) };
    },
    deno: () => Promise.resolve(execPath),
    worker: (stateDirectory) => unpack(stateDirectory, "worker.js", embedded.worker),
    verifier: (stateDirectory) => unpackVerifier(stateDirectory, embedded),
  };
}

function compiled(facts: StartFacts, embedded: Embedded): Form<"compiled"> {
  const { execPath, environment } = facts;
  const unpackBinary = async (stateDirectory: string, name: string, { file, sha256 }: EmbeddedProgram) => {
    const { unpackProgram } = await import("./unpack_program.ts");
    return await unpackProgram(stateDirectory, name, sha256, new URL(file, facts.mainModule));
  };
  return {
    form: "compiled",
    files: [execPath],
    again: through(execPath),
    caller: Object.fromEntries(withoutOwn(environment)),
    leaks: false,
    openFiles: askedOpenFiles,
    async runtime(stateDirectory) {
      const { stage2 } = embedded;
      if ("text" in stage2) throw lacks("stage2 as a program", "deno task compile");
      return { stage2: await unpackBinary(stateDirectory, "stage2", stage2) };
    },
    async deno(stateDirectory) {
      if (embedded.deno === undefined) throw lacks("a Deno for the worker", "deno task compile");
      return await unpackBinary(stateDirectory, "deno", embedded.deno);
    },
    worker: (stateDirectory) => unpack(stateDirectory, "worker.js", embedded.worker),
    verifier: (stateDirectory) => unpackVerifier(stateDirectory, embedded),
  };
}

/**
 * Which tombolo this is.
 *
 * @param facts How this process was started
 */
export function ownProgram(facts: StartFacts = startFacts(Deno.env.toObject())): OwnProgram {
  const { embedded, environment, standalone } = facts;
  if (embedded !== undefined) return standalone ? compiled(facts, embedded) : bundle(facts, embedded);
  const root = environment["TOMBOLO_ROOT"];
  const stage2 = environment["TOMBOLO_STAGE2_JS"];
  const worker = environment["TOMBOLO_WORKER_JS"];
  if (root !== undefined && stage2 !== undefined && worker !== undefined) {
    return script(facts, { root, stage2, worker });
  }
  return checkout(facts);
}
