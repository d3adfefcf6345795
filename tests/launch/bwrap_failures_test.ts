import assert from "node:assert/strict";
import { BWRAP_FAILURES, type BwrapFailure } from "../../lib/launch/bwrap_failures.ts";
import { explainFailure, UNKNOWN_FAILURE } from "../../lib/launch/explain_failure.ts";
import { type HostEvidence, hostEvidence } from "../../lib/launch/host_evidence.ts";

const BWRAP = "/usr/bin/bwrap";

/** A host on which a row of the table is the right one. */
function hostOf({ place, setting }: BwrapFailure): HostEvidence {
  const settings = new Map([
    ["user.max_net_namespaces", setting?.shown.includes("max_X") ? "0" : "96365"],
    ["kernel.unprivileged_userns_clone", setting?.shown.includes("userns_clone") ? "0" : "1"],
    ["kernel.apparmor_restrict_unprivileged_userns", setting?.shown.includes("apparmor") ? "1" : "0"],
    ["selinux", setting?.shown.includes("SELinux") ? "1" : "0"],
    ["Seccomp", setting?.shown.includes("seccomp") ? "2" : "0"],
    ["CapPrm", setting?.shown.includes("capabilities") ? "0000000000001000" : "0000000000000000"],
  ]);
  return { place: place ?? "host", settings };
}

function filled(text: string): string {
  return text.replaceAll("{bwrap}", BWRAP).replaceAll("{setting}", "user.max_net_namespaces");
}

for (const failure of BWRAP_FAILURES) {
  const where = [failure.place, failure.setting?.shown].filter((one) => one !== undefined).join(", ");
  for (const said of failure.said) {
    Deno.test(`"${said}" ${where === "" ? "" : `(${where}) `}means: ${failure.wrong}`, () => {
      const found = explainFailure(BWRAP, `${filled(said)}\n`, hostOf(failure));
      const setting = failure.setting?.shown.split(" ")[0]?.replace("max_X", "max_net") ?? "";
      const expected = (text: string) => text.replaceAll("{setting}", setting).replaceAll("{bwrap}", BWRAP);
      assert.deepEqual(found, { wrong: expected(failure.wrong), remedy: expected(failure.remedy) });
    });
  }
}

Deno.test("the one limit that is 0 is named, whichever it is and in whatever place", () => {
  for (const kind of ["user", "pid", "net", "mnt", "ipc", "uts", "cgroup"]) {
    for (const place of ["host", "container"] as const) {
      const settings = new Map([["user.max_a_namespaces", "7"], [`user.max_${kind}_namespaces`, "0"]]);
      const said = "bwrap: Creating new namespace failed: No space left on device";
      const { wrong, remedy } = explainFailure(BWRAP, said, { place, settings });
      assert.match(wrong, new RegExp(`user\\.max_${kind}_namespaces is 0`));
      assert.match(remedy, new RegExp(`sysctl -w user\\.max_${kind}_namespaces=\\d+`));
    }
  }
});

Deno.test("what nobody has seen yet leads to the documentation", () => {
  const found = explainFailure(BWRAP, "bwrap: The moon is full", { place: "host", settings: new Map() });
  assert.deepEqual(found, UNKNOWN_FAILURE);
});

interface Look {
  readonly kernel?: string;
  readonly files?: readonly string[];
  readonly variables?: Readonly<Record<string, string>>;
  readonly init?: string;
}

function placeOf({ kernel = "6.8.0-45-generic", files = [], variables = {}, init = "systemd" }: Look) {
  return hostEvidence({
    kernel,
    variable: (name) => variables[name],
    exists: (path) => files.includes(path),
    settings: new Map([["init", init]]),
  }).place;
}

Deno.test("containers, sandboxes and WSL 1 are known by what they leave", () => {
  assert.equal(placeOf({}), "host");
  assert.equal(placeOf({ files: ["/.dockerenv"] }), "container");
  assert.equal(placeOf({ files: ["/run/.containerenv"] }), "container");
  assert.equal(placeOf({ variables: { container: "oci" } }), "container");
  assert.equal(placeOf({ variables: { KUBERNETES_SERVICE_HOST: "10.0.0.1" } }), "container");
  assert.equal(placeOf({ init: "bwrap", files: ["/.dockerenv"] }), "sandbox");
  assert.equal(placeOf({ kernel: "4.4.0-19041-Microsoft" }), "wsl1");
  assert.equal(placeOf({ kernel: "5.15.153.1-microsoft-standard-WSL2" }), "host");
});

/** The table of the documentation, a list of cells each row. */
async function documented(): Promise<string[][]> {
  const text = await Deno.readTextFile(new URL("../../docs/troubleshooting.md", import.meta.url));
  const section = text.split("\n## ").find((one) => one.startsWith("bubblewrap fails\n")) ?? "";
  const lines = section.split("\n").filter((line) => line.startsWith("| `"));
  return lines.map((line) => line.slice(1, -1).split("|").map((cell) => cell.trim()));
}

const PLACES = { host: "on the host", container: "in a container", sandbox: "in a sandbox", wsl1: "WSL 1" };

function documentedRow({ said, place, setting, wrong, remedy }: BwrapFailure): string[] {
  const where = [
    ...(place === undefined ? [] : [PLACES[place]]),
    ...(setting === undefined ? [] : [setting.shown]),
  ];
  const named = (text: string) =>
    text.replaceAll("{bwrap}", BWRAP).replaceAll("{setting}", setting?.shown.split(" ")[0] ?? "");
  return [
    said.map((line) => `\`${named(line)}\``).join("<br>"),
    where.join(", "),
    named(wrong),
    named(remedy),
  ];
}

Deno.test("docs/troubleshooting.md has every row of the table, in its order and in its words", async () => {
  assert.deepEqual(await documented(), BWRAP_FAILURES.map(documentedRow));
});
