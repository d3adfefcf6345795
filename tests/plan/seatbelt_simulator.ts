/** An atom, a text, or a list of a profile. */
type Form = string | { readonly text: string } | { readonly regex: string } | readonly Form[];

interface Rule {
  readonly allows: boolean;
  readonly operation: string;
  /** Of these one has to hold; none: it holds always. */
  readonly filters: readonly Form[];
  /** As it stands in the profile, with what the parameters stand for. */
  readonly shown: string;
}

/** What an operation is done to. */
export interface Subject {
  readonly path?: string;
  /** Of a service or a value of the kernel. */
  readonly name?: string;
  /** Host and port of a connection over TCP. */
  readonly remote?: { readonly host: string; readonly port: number };
  /** Path of a unix socket that is connected to. */
  readonly socket?: string;
  readonly domain?: string;
  /** Whose process it is. */
  readonly process?: "same-sandbox" | "others";
  readonly extension?: string;
  readonly ioctl?: string;
}

/** What a rule decided, and which. */
export interface Outcome {
  readonly allowed: boolean;
  readonly rule: string;
}

const TOKEN = /\s+|;[^\n]*|#"((?:[^"])*)"|"((?:[^"\\]|\\.)*)"|([()'])|([^\s()"';]+)/gy;

/** Reads a profile; whatever is not of its small grammar is an error, as it is for the system. */
function parse(text: string): Form[] {
  const stack: Form[][] = [[]];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null) {
      throw new SyntaxError(`cannot read the profile at ${JSON.stringify(text.slice(at, at + 20))}`);
    }
    const [, regex, quoted, mark, word] = match;
    const top = stack.at(-1) ?? [];
    if (regex !== undefined) top.push({ regex });
    else if (quoted !== undefined) top.push({ text: quoted.replaceAll(/\\(.)/g, "$1") });
    else if (word !== undefined) top.push(word);
    else if (mark === "(") stack.push([]);
    else if (mark === ")") {
      const done = stack.pop();
      if (done === undefined || stack.length === 0) throw new SyntaxError("a parenthesis too many");
      stack.at(-1)?.push(done);
    }
  }
  if (stack.length !== 1) throw new SyntaxError("a parenthesis is not closed");
  return stack[0] ?? [];
}

// sandbox(7): an operation with a star is all whose names begin so.
function isPartOf(operation: string, whole: string): boolean {
  return operation === whole || (whole.endsWith("*") && operation.startsWith(whole.slice(0, -1)));
}

function within(top: string, path: string): boolean {
  const parts = (text: string) => text.split("/").filter((part) => part !== "");
  const above = parts(top);
  const below = parts(path);
  return above.length <= below.length && above.every((part, index) => part === below[index]);
}

/** What the kernel would decide by a profile. It shares no code with what writes the profile. */
export class SeatbeltSimulator {
  readonly #rules: Rule[] = [];
  readonly #used = new Set<string>();

  /** @throws {SyntaxError} for whatever the profile may not hold */
  constructor(text: string, private readonly parameters: ReadonlyMap<string, string>) {
    // deno-lint-ignore no-control-regex
    if (/[^\x00-\x7f]/.test(text)) throw new SyntaxError("a profile is ASCII");
    const [version, ...forms] = parse(text);
    if (JSON.stringify(version) !== '["version","1"]') throw new SyntaxError("no version");
    for (const form of forms) this.#take(form);
    const unused = [...parameters.keys()].filter((key) => !this.#used.has(key));
    if (unused.length > 0) throw new SyntaxError(`parameters that nothing uses: ${unused}`);
  }

  get rules(): readonly string[] {
    return this.#rules.map(({ shown }) => shown);
  }

  #take(form: Form): void {
    if (!Array.isArray(form)) throw new SyntaxError(`a rule is wanted: ${JSON.stringify(form)}`);
    const [head, ...rest] = form as readonly Form[];
    // Names that older systems lack; here all are known.
    if (head === "if") {
      const [condition, then] = rest;
      if (!Array.isArray(condition) || condition[0] !== "defined?" || then === undefined) {
        throw new SyntaxError("an unknown condition");
      }
      return this.#take(then);
    }
    if (head !== "allow" && head !== "deny") {
      throw new SyntaxError(`an unknown form: ${JSON.stringify(head)}`);
    }
    const operations = rest.filter((each): each is string => typeof each === "string");
    const filters = rest.filter((each) => typeof each !== "string");
    if (operations.length === 0) throw new SyntaxError("a rule without an operation");
    for (const operation of operations) {
      const shown = `${head} ${operation} ${filters.map((filter) => this.#show(filter)).join(" ")}`.trim();
      this.#rules.push({ allows: head === "allow", operation, filters, shown });
    }
  }

  #show(form: Form): string {
    if (typeof form === "string") return form;
    if ("text" in form) return JSON.stringify(form.text);
    if ("regex" in form) return `#"${form.regex}"`;
    if (form[0] === "param") return JSON.stringify(this.#text(form));
    return `(${form.map((each) => this.#show(each)).join(" ")})`;
  }

  #text(form: Form | undefined): string {
    if (typeof form === "object" && "text" in form) return form.text;
    if (Array.isArray(form) && form[0] === "param") {
      const key = this.#text(form[1]);
      const value = this.parameters.get(key);
      if (value === undefined) throw new SyntaxError(`no parameter ${key}`);
      this.#used.add(key);
      return value;
    }
    throw new SyntaxError(`a text is wanted: ${JSON.stringify(form)}`);
  }

  #holds(form: Form, subject: Subject): boolean {
    if (!Array.isArray(form)) throw new SyntaxError(`a filter is wanted: ${JSON.stringify(form)}`);
    const [kind, ...rest] = form as readonly Form[];
    const [first, second] = rest;
    const { path, name, remote, socket } = subject;
    switch (kind) {
      case "literal":
        return path === this.#text(first);
      case "subpath":
        return path !== undefined && within(this.#text(first), path);
      case "regex":
        if (typeof first !== "object" || !("regex" in first)) throw new SyntaxError("a pattern is wanted");
        return path !== undefined && new RegExp(first.regex).test(path);
      case "global-name":
      case "sysctl-name":
        return name === this.#text(first);
      case "sysctl-name-prefix":
        return name?.startsWith(this.#text(first)) === true;
      case "target":
        return subject.process === first;
      case "extension":
        return subject.extension === this.#text(first);
      case "ioctl-command":
        return subject.ioctl === first;
      case "socket-domain":
        return subject.domain === first;
      case "remote":
        if (first === "tcp") return remote !== undefined && isRemote(this.#text(second), remote);
        if (first === "unix-socket") {
          return socket !== undefined && second !== undefined && this.#holds(second, { path: socket });
        }
        break;
      case "require-all":
        return rest.every((each) => this.#holds(each, subject));
    }
    throw new SyntaxError(`an unknown filter: ${this.#show(form)}`);
  }

  /**
   * Which rule decides. It is not documented whether a rule about a part (`file-write-unlink`) comes before a later one
   * about the whole (`file-write*`): a profile has to decide the same either way.
   *
   * @throws {SyntaxError} where it does not
   */
  decide(operation: string, subject: Subject = {}): Outcome {
    const matching = this.#rules.filter((rule) =>
      rule.operation !== "default" && isPartOf(operation, rule.operation) &&
      (rule.filters.length === 0 || rule.filters.some((filter) => this.#holds(filter, subject)))
    );
    const fallback = this.#rules.findLast((rule) => rule.operation === "default");
    const last = matching.at(-1) ?? fallback;
    const exact = matching.findLast((rule) => rule.operation === operation) ?? last;
    if (last === undefined || last.allows !== exact?.allows) {
      throw new SyntaxError(`${operation} ${JSON.stringify(subject)}: ${last?.shown} or ${exact?.shown}`);
    }
    return { allowed: last.allows, rule: last.shown };
  }

  allows(operation: string, subject: Subject = {}): boolean {
    return this.decide(operation, subject).allowed;
  }

  /** What can be done with the host's file at a path. */
  see(path: string): "none" | "read" | "write" {
    const can = (...operations: string[]) => operations.map((operation) => this.allows(operation, { path }));
    const reads = can("file-read-data", "file-read-xattr");
    const writes = can("file-write-data", "file-write-create", "file-write-mode");
    if (new Set(reads).size > 1 || new Set(writes).size > 1) {
      throw new SyntaxError(`half of ${path} is allowed`);
    }
    if (!this.allows("file-read-metadata", { path }) && reads[0] === true) {
      throw new SyntaxError(`no stat of ${path}`);
    }
    if (writes[0] === true && reads[0] !== true) {
      throw new SyntaxError(`${path} can be written, and not read`);
    }
    return writes[0] === true ? "write" : reads[0] === true ? "read" : "none";
  }

  /** Whether the kind of what stands at a path is told, so that a look-up gets past it. */
  canPass(path: string): boolean {
    return this.allows("file-read-metadata", { path });
  }

  /** Whether a path can be given another place, so that something else can take its own. */
  canRename(path: string): boolean {
    return path !== "/" && this.allows("file-write-unlink", { path });
  }
}

function isRemote(text: string, { host, port }: { readonly host: string; readonly port: number }): boolean {
  const [, name = "", wanted = ""] = /^(localhost|\*):(\d+|\*)$/.exec(text) ?? [];
  if (name === "") throw new SyntaxError(`no remote address: ${text}`);
  return (name === "*" || host === name) && (wanted === "*" || Number(wanted) === port);
}
