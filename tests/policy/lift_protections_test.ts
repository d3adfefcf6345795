import assert from "node:assert/strict";
import { SafePath } from "../../lib/paths/safe_path.ts";
import { liftProtections } from "../../lib/policy/lift_protections.ts";
import type { PathRule } from "../../lib/policy/policy.ts";
import { TomboloError } from "../../lib/report/tombolo_error.ts";
import { protection } from "../plan/facts.ts";

const RULES = [
  protection("/home/a/.ssh", "read"),
  protection("/home/a/.ssh/config", "nothing"),
  protection("/home/a/.ssh/config", "write"),
  protection("/work/.git/hooks", "write"),
  { ...protection("/state", "write"), origin: "protection tombolo" },
];

function lift(...paths: readonly string[]): string[] {
  const rules: PathRule[] = paths.map((text) => ({
    text,
    origin: "--unprotect",
    path: SafePath.of(text),
    optional: false,
  }));
  const real = (path: SafePath) => path.toString() === "/link" ? SafePath.of("/work/.git/hooks") : path;
  return liftProtections(RULES, rules, real).map(({ path, denies }) => `${path} ${denies}`);
}

Deno.test("exactly the protections of a path are lifted", () => {
  assert.deepEqual(lift("/work/.git/hooks"), [
    "/home/a/.ssh read",
    "/home/a/.ssh/config nothing",
    "/home/a/.ssh/config write",
    "/state write",
  ]);
  assert.deepEqual(lift("/link"), lift("/work/.git/hooks"));
  assert.deepEqual(lift("/home/a/.ssh", "/home/a/.ssh/config", "/work/.git/hooks"), [
    "/home/a/.ssh/config nothing",
    "/state write",
  ]);
});

Deno.test("a path without a protection is an error that names one below it", () => {
  for (
    const [path, remedy] of [
      ["/work/.git", /name what is protected: "\/work\/.git\/hooks"/],
      ["/work/.git/hooks/pre-commit", /tombolo explain lists them/],
      ["/elsewhere", /tombolo explain lists them/],
      ["/home/a/.ssh/known_hosts", /tombolo explain lists them/],
    ] as const
  ) {
    assert.throws(() => lift(path), (error) => {
      assert.ok(error instanceof TomboloError);
      assert.match(error.message, /Cannot unprotect .* \(--unprotect\): no protection stands at/);
      assert.match(error.remedy ?? "", remedy);
      return true;
    });
  }
  assert.throws(() => lift("/work/.git/hooks", "/work/.git/hooks"), /no protection stands at/);
});

Deno.test("tombolo's own files stay protected", () => {
  assert.throws(() => lift("/state"), /what decides over the next sandbox stays protected/);
});
