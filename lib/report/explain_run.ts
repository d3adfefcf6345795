import type { RunDecider } from "../policy/decide_run.ts";
import type { RunPolicy } from "../policy/run_policy.ts";
import type { Rule } from "../policy/rule.ts";

/** Files by real path, with the links that call them by other names. */
export type OtherNames = ReadonlyMap<string, readonly { toString(): string }[]>;

/** What `explain` says of programs: a title and its rules, or a sentence. */
export type RunSection = { readonly title: string; readonly rules: readonly Rule[] } | {
  readonly sentence: string;
};

const LIST_LIMITS =
  "limits of the list: it holds what is executed, not what is loaded. A listed loader (ld.so FILE), interpreter " +
  "(python3 FILE) or mapping still runs any file that can be read, and a listed program does what it likes";
const DENY_LIMITS =
  "limits of denied programs: these files can be neither executed nor read; a like program that stands elsewhere, " +
  "or is brought along, runs";

function programs(list: RunDecider["deny"], names: OtherNames, also: string): Rule[] {
  return list.map(({ path, rule, because }) => {
    const others = because === undefined ? names.get(path.toString()) ?? [] : [];
    const said = others.length === 0 ? "" : `; ${also}: ${others.join(" ")}`;
    return {
      text: path.toString(),
      origin: `${rule.text} (${rule.origin})${because === undefined ? "" : `: ${because}`}${said}`,
    };
  });
}

/**
 * Which programs may be executed, and what that does not hold.
 *
 * @param run Rules by real path; absent where there are none
 * @param names Other names of the files
 */
export function explainRun(
  { deny }: RunPolicy,
  run: RunDecider | undefined,
  names: OtherNames = new Map(),
): RunSection[] {
  if (run === undefined) return [];
  const absent = deny.filter((rule) =>
    !run.deny.some((program) => program.rule.text === rule.text && program.rule.origin === rule.origin)
  );
  const { allow } = run;
  return [
    ...(allow === undefined ? [] : [
      allow.length === 0
        ? { sentence: "run: nothing may be executed" }
        : { title: "run, allowed (and nothing else):", rules: programs(allow, names, "allowed with it") },
      { sentence: LIST_LIMITS },
    ]),
    { title: "run, denied:", rules: programs(run.deny, names, "denied with it") },
    { title: "run, denied and not found (nothing to deny):", rules: absent },
    ...(run.deny.length === 0 ? [] : [{ sentence: DENY_LIMITS }]),
  ];
}
