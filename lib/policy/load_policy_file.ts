import {
  findNodeAtLocation,
  getNodePath,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from "jsonc-parser";
import { SafePath } from "../paths/safe_path.ts";
import { escape, quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import { checkForm, type PolicyDocument } from "./policy_schema.ts";
import type { Entry, EntryList, ExternalText, PolicySource } from "./policy_source.ts";
import { PRESETS } from "./presets.ts";

type KeyPath = readonly (string | number)[];

// 16 levels of extends is more than anybody writes, and ends every circle that links could hide.
const DEEPEST = 16;

/** One policy file, parsed, with the lines of its keys. */
class PolicyFile {
  readonly #text: string;
  readonly #root: Node;
  readonly document: PolicyDocument;

  constructor(readonly path: string, readonly name: string, text: string) {
    this.#text = text.startsWith("\ufeff") ? text.slice(1) : text;
    const errors: ParseError[] = [];
    const root = parseTree(this.#text, errors, { allowTrailingComma: true });
    const [error] = errors;
    if (error !== undefined || root === undefined) {
      const found = error === undefined || this.#text.trim() === ""
        ? "it is empty"
        : printParseErrorCode(error.error);
      throw new TomboloError(
        "policy",
        `Cannot parse policy ${this.at(error?.offset ?? 0)}: ${found}, wanted JSON with comments`,
      );
    }
    this.#root = root;
    this.#refuseDuplicates(root);
    const result = checkForm(valueOf(root));
    if ("problem" in result) {
      const { path: keys, wanted, unknownKey } = result.problem;
      const what = unknownKey === undefined
        ? `key ${quote(dotted(keys))} has a wrong value`
        : `unknown key ${quote(dotted(keys))}`;
      throw new TomboloError("policy", `Cannot use policy ${this.origin(keys)}: ${what}, wanted ${wanted}`);
    }
    this.document = result.document;
  }

  /** `FILE:LINE` of an offset. */
  at(offset: number): string {
    return `${this.name}:${this.#text.slice(0, offset).split("\n").length}`;
  }

  /** `FILE:LINE` of a key or list entry. */
  origin(keys: KeyPath): string {
    for (let length = keys.length; length >= 0; length--) {
      const node = findNodeAtLocation(this.#root, keys.slice(0, length));
      if (node !== undefined) return this.at((node.parent?.type === "property" ? node.parent : node).offset);
    }
    return this.at(0);
  }

  // JSON.parse would take the last one in silence.
  #refuseDuplicates(node: Node): void {
    const seen = new Set<string>();
    for (const child of node.children ?? []) {
      const key: unknown = child.type === "property" ? child.children?.[0]?.value : undefined;
      if (key === "__proto__") {
        throw new TomboloError(
          "policy",
          `Cannot use policy ${this.at(child.offset)}: unknown key "__proto__"`,
        );
      }
      if (typeof key === "string") {
        if (seen.has(key)) {
          const path = dotted(getNodePath(child.children?.[0] ?? child));
          throw new TomboloError(
            "policy",
            `Cannot use policy ${this.at(child.offset)}: key ${quote(path)} stands twice`,
          );
        }
        seen.add(key);
      }
      this.#refuseDuplicates(child);
    }
  }
}

// jsonc-parser's own getNodeValue would let a "__proto__" key through as the prototype.
function valueOf(node: Node): unknown {
  if (node.type === "array") return (node.children ?? []).map(valueOf);
  if (node.type !== "object") return node.value;
  const entries = (node.children ?? []).map((property): [string, unknown] => {
    const [key, value] = property.children ?? [];
    return [String(key?.value), value === undefined ? undefined : valueOf(value)];
  });
  return Object.fromEntries(entries);
}

function dotted(keys: KeyPath): string {
  return keys.join(".");
}

function read(path: string, askedBy: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Deno.readFileSync(path));
  } catch (error) {
    const reason = error instanceof Deno.errors.NotFound
      ? "no such file"
      : error instanceof TypeError
      ? "it is not UTF-8"
      : error instanceof Error
      ? escape(error.message)
      : "unknown error";
    throw new TomboloError("policy", `Cannot read policy ${quote(path)} (${askedBy}): ${reason}`, {
      cause: error,
    });
  }
}

function parse(path: string, name: string, textOf: () => string): PolicyFile {
  try {
    return new PolicyFile(path, escape(name), textOf());
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new TomboloError("policy", `Cannot parse policy ${escape(name)}: it is nested too deeply`, {
      cause: error,
    });
  }
}

function list(
  file: PolicyFile,
  keys: KeyPath,
  value: readonly string[] | true | undefined,
): EntryList | undefined {
  if (value === undefined) return undefined;
  const base = file.path.slice(0, file.path.lastIndexOf("/")) || "/";
  if (value === true) return { all: { text: "true", origin: file.origin(keys), base }, entries: [] };
  return { entries: value.map((text, index) => ({ text, origin: file.origin([...keys, index]), base })) };
}

// Leaves out what a document does not set, so that it stays absent.
function present<T extends object>(fields: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}

function externalSource(
  external: NonNullable<NonNullable<PolicyDocument["net"]>["external"]>,
  entry: (text: string, keys: KeyPath) => Entry,
): Entry & ExternalText {
  const { command, protocol, startupTimeout, onFailure } = external;
  return present<Entry & ExternalText>({
    ...entry(command.join(" "), ["net", "external"]),
    command,
    protocol,
    startupTimeout,
    onFailure,
  });
}

function toSource(file: PolicyFile, presets: readonly Entry[]): PolicySource {
  const { read, write, net, run, env, limits } = file.document;
  const base = file.path.slice(0, file.path.lastIndexOf("/")) || "/";
  const entry = (text: string, keys: KeyPath): Entry => ({ text, origin: file.origin(keys), base });
  return present<PolicySource>({
    file: file.path,
    presets,
    readAllow: list(file, ["read", "allow"], read?.allow),
    readDeny: list(file, ["read", "deny"], read?.deny),
    writeAllow: list(file, ["write", "allow"], write?.allow),
    writeDeny: list(file, ["write", "deny"], write?.deny),
    netAllow: list(file, ["net", "allow"], net?.allow),
    netDeny: list(file, ["net", "deny"], net?.deny),
    runAllow: list(file, ["run", "allow"], run?.allow),
    runDeny: list(file, ["run", "deny"], run?.deny),
    unixAllow: list(file, ["net", "unix"], net?.unix),
    envAllow: list(file, ["env", "allow"], env?.allow),
    envDeny: list(file, ["env", "deny"], env?.deny),
    resolve: Object.entries(net?.resolve ?? {}).map(([name, to]) => ({
      ...entry(name, ["net", "resolve", name]),
      addresses: typeof to === "string" ? [to] : to,
    })),
    upstream: net?.upstream === undefined ? undefined : entry(net.upstream, ["net", "upstream"]),
    external: net?.external === undefined ? undefined : externalSource(net.external, entry),
    publish: net?.publish?.map((text, index) => entry(text, ["net", "publish", index])),
    caBundle: net?.caBundle === undefined ? undefined : entry(net.caBundle, ["net", "caBundle"]),
    envSet: Object.entries(env?.set ?? {}).map(([name, value]) => ({
      ...entry(name, ["env", "set", name]),
      value,
    })),
    limits: limits === undefined ? undefined : Object.fromEntries(
      Object.entries(limits).map(([name, value]) => [name, entry(String(value), ["limits", name])]),
    ),
  });
}

/**
 * Reads a policy file and the files that it extends.
 *
 * @param path Absolute path
 * @param name The path as the user wrote it, for messages
 * @param askedBy Who asked for the file: a flag, or `FILE:LINE`
 * @returns What the files ask for, the extended ones first
 * @throws {TomboloError} naming the key, the file and the line
 */
export function loadPolicyFile(
  path: string,
  name: string,
  askedBy: string,
  within: readonly string[] = [],
): PolicySource[] {
  if (within.includes(path) || within.length >= DEEPEST) {
    throw new TomboloError("policy", `Cannot extend ${quote(name)} (${askedBy}): it extends itself`);
  }
  return sourcesOf(parse(path, name, () => read(path, askedBy)), [...within, path]);
}

/**
 * Reads a policy that is handed over as text, and the files that it extends.
 *
 * @param directory Absolute directory for relative paths
 * @param name What stands for the file in messages
 * @returns As {@linkcode loadPolicyFile}
 * @throws {TomboloError} naming the key and the line
 */
export function loadPolicyText(text: string, directory: string, name: string): PolicySource[] {
  const sources = sourcesOf(parse(`${directory}/.`, name, () => text), []);
  // There is no file that could be written.
  return sources.map(({ file, ...source }) =>
    file?.endsWith("/.") ? source : { ...source, ...(file === undefined ? {} : { file }) }
  );
}

function sourcesOf(file: PolicyFile, within: readonly string[]): PolicySource[] {
  const { extends: parents } = file.document;
  const directory = file.path.slice(0, file.path.lastIndexOf("/"));
  const presets: Entry[] = [];
  const sources: PolicySource[] = [];
  for (const [index, parent] of (typeof parents === "string" ? [parents] : parents ?? []).entries()) {
    const origin = file.origin(typeof parents === "string" ? ["extends"] : ["extends", index]);
    if (Object.hasOwn(PRESETS, parent)) {
      presets.push({ text: parent, origin, base: directory });
      continue;
    }
    if (!parent.includes("/") && !/\.jsonc?$/.test(parent)) {
      const names = Object.keys(PRESETS).join(", ");
      throw new TomboloError(
        "policy",
        `Cannot extend ${quote(parent)} (${origin}): it is neither a preset (${names}) nor a file`,
      );
    }
    const target = parent.startsWith("/") ? parent : `${directory}/${parent}`;
    sources.push(...loadPolicyFile(SafePath.of(target).toString(), parent, origin, within));
  }
  return [...sources, toSource(file, presets)];
}
