import { resolveTrusted } from "../launch/gather_facts.ts";
import { requiredHome } from "../launch/home_directory.ts";
import { ownProgram } from "../launch/own_program.ts";
import { SafePath } from "../paths/safe_path.ts";
import { buildPolicy } from "../policy/build_policy.ts";
import { composePolicies } from "../policy/compose_policies.ts";
import { loadPolicyText } from "../policy/load_policy_file.ts";
import type { NetPolicy } from "../policy/net_policy.ts";
import type { Policy as PolicyRules } from "../policy/policy.ts";
import type { PolicyDocument } from "../policy/policy_schema.ts";
import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import { decide, type Decision, type DecisionRequest } from "./decide.ts";
import { withRealPaths } from "./with_real_paths.ts";

/** What the texts of a policy are read against. */
export interface ParseOptions {
  /** Directory that relative paths start at, and the working directory of commands; that of this process unless given. */
  readonly cwd?: string;
  /** The environment that `~`, variables in paths and rules about variables mean; that of this process unless given. */
  readonly environment?: Readonly<Record<string, string>>;
  /** What stands for the file in messages; `policy` unless given. */
  readonly origin?: string;
}

interface Layers {
  readonly parent: Policy;
  readonly child: Policy;
}

function directory(named: string | undefined): SafePath {
  const current = Deno.cwd();
  if (named === undefined) return SafePath.of(current);
  const { real, kind } = resolveTrusted(SafePath.from(named, current), "working directory", Deno.uid());
  if (kind === "directory") return real;
  throw new TomboloError("usage", `Cannot use working directory ${quote(named)}: no such directory`);
}

function textOf(source: string | PolicyDocument): string {
  if (typeof source === "string") return source;
  if (typeof source === "object" && source !== null) return JSON.stringify(source);
  throw new TomboloError("usage", `Cannot parse policy: it is ${quote(String(source))}`, {
    remedy: "wanted: JSON text, or an object as in a policy file",
  });
}

/** What is allowed and denied; it does not change. */
export class Policy {
  readonly #rules: PolicyRules | Layers;

  private constructor(
    rules: PolicyRules | Layers,
    /** Real path of the directory that relative paths start at. */
    readonly cwd: string,
    /** The environment that it was read against. */
    readonly environment: Readonly<Record<string, string>>,
  ) {
    this.#rules = rules;
  }

  /**
   * Reads a policy.
   *
   * @param source JSON text (comments and trailing commas may be in it), or an object, of the form of a policy file
   * @throws {TomboloError} naming the key and the line, for anything that cannot be understood
   *
   * @example
   * ```ts
   * import { Policy } from "@tombolo/tombolo";
   *
   * const policy = Policy.parse({ net: { allow: ["example.com:443"] } });
   * const { allowed, suggestion } = policy.decide({ kind: "net", target: "example.org:443" });
   * console.log(allowed, suggestion); // false --allow-net=example.org:443
   * ```
   */
  static parse(source: string | PolicyDocument, options: ParseOptions = {}): Policy {
    const environment = options.environment ?? ownProgram().caller;
    const cwd = directory(options.cwd);
    const home = requiredHome(environment["HOME"]);
    const variable = (name: string) =>
      name === "PWD" ? cwd.toString() : name === "HOME" ? home.toString() : environment[name];
    const sources = loadPolicyText(textOf(source), cwd.toString(), options.origin ?? "policy");
    const rules = buildPolicy(sources, { cwd: cwd.toString(), home: home.toString(), variable });
    return new Policy(rules, cwd.toString(), environment);
  }

  /**
   * Makes a policy narrower: what the result allows, both allow. Denies unite, allows intersect, the smaller limit holds,
   * and what the parent denies no rule of the child opens again, however deep it is.
   *
   * @throws {TomboloError} where the child names an upstream, an external proxy, a static address or certificates that the
   * parent does not
   *
   * @example
   * ```ts
   * import { Policy } from "@tombolo/tombolo";
   *
   * const parent = Policy.parse({ read: { deny: ["~/notes"] }, net: { allow: ["*.example.com"] } });
   * const child = Policy.parse({ read: { allow: ["~/notes/today"] }, net: { allow: ["api.example.com", "example.org"] } });
   * const both = Policy.compose(parent, child);
   * console.log(both.decide({ kind: "net", target: "api.example.com:443" }).allowed); // true
   * console.log(both.decide({ kind: "net", target: "example.org:443" }).allowed); // false
   * console.log(both.decide({ kind: "read", target: "~/notes/today" }).allowed); // false
   * ```
   */
  static compose(parent: Policy, child: Policy): Policy {
    const both = new Policy({ parent, child }, child.cwd, child.environment);
    // What cannot be composed is said now.
    both.rules();
    return both;
  }

  /**
   * Asks whether something is allowed, as a sandbox would decide.
   *
   * Paths follow links, and protections have their say. A host without a port is asked about at 443, and its name is not
   * resolved: where it leads is decided when it is dialed. What a link leads to whose own name a pattern matches is found
   * only where the path is asked about by that link, or by a sandbox.
   *
   * @throws {TomboloError} where the question is not one
   */
  decide(request: DecisionRequest): Decision {
    const uid = Deno.uid();
    return decide(withRealPaths(this.rules(), uid, false), request, {
      cwd: SafePath.of(this.cwd),
      home: requiredHome(this.environment["HOME"]),
      uid,
      caller: this.environment,
      own: ownProgram().files,
    });
  }

  /** What may leave, as a {@linkcode Gateway} takes it. */
  get net(): NetPolicy {
    return this.rules().net;
  }

  /**
   * The rules as they are now: those of a composed policy depend on where links lead.
   *
   * @internal
   */
  rules(): PolicyRules {
    const rules = this.#rules;
    if (!("parent" in rules)) return rules;
    const uid = Deno.uid();
    const [parent, child] = [rules.parent, rules.child].map((each) => withRealPaths(each.rules(), uid, true));
    if (parent === undefined || child === undefined) throw new TypeError("Cannot compose fewer than two");
    return composePolicies(parent, child);
  }
}
