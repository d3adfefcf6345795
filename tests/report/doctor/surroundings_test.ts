import assert from "node:assert/strict";
import type { Surroundings } from "../../../lib/report/doctor/doctor_facts.ts";
import { surroundingsOf, wslVersion } from "../../../lib/report/doctor/surroundings.ts";

const NOWHERE: Surroundings = { variables: {}, files: [] };

const CASES: readonly (readonly [evidence: Partial<Surroundings>, kinds: readonly string[]])[] = [
  [{}, []],
  [{ files: ["/.dockerenv"] }, ["Docker"]],
  [{ files: ["/run/.containerenv"], variables: { container: "podman" } }, ["Podman"]],
  [{ variables: { container: "lxc" } }, ["LXC"]],
  [{ systemdContainer: "systemd-nspawn" }, ["systemd-nspawn"]],
  [{ variables: { container: "oci" } }, ["container (oci)"]],
  [{ variables: { KUBERNETES_SERVICE_HOST: "10.0.0.1" } }, ["Kubernetes"]],
  [{ files: ["/var/run/secrets/kubernetes.io", "/.dockerenv"] }, ["Kubernetes", "Docker"]],
  [{ variables: { CODESPACES: "true", REMOTE_CONTAINERS: "true" }, files: ["/.dockerenv"] }, [
    "Codespaces",
    "devcontainer",
    "Docker",
  ]],
  [{ variables: { GITHUB_ACTIONS: "true" } }, ["GitHub Actions"]],
  [{ variables: { GITHUB_ACTIONS: "false", CODESPACES: "" } }, []],
  [{ files: ["/.flatpak-info"] }, ["Flatpak"]],
  [{ systemdContainer: "wsl" }, []],
];

for (const [evidence, kinds] of CASES) {
  Deno.test(`${JSON.stringify(evidence)} is ${kinds.join(", ") || "a plain host"}`, () => {
    assert.deepEqual(surroundingsOf({ ...NOWHERE, ...evidence }), kinds);
  });
}

Deno.test("WSL is told by its kernel's name, and 1 from 2", () => {
  assert.equal(wslVersion("4.4.0-19041-Microsoft"), 1);
  assert.equal(wslVersion("5.15.90.1-microsoft-standard-WSL2"), 2);
  assert.equal(wslVersion("6.18.1-generic"), undefined);
});
