import type { Surroundings } from "./doctor_facts.ts";

/** Variables that tell where tombolo runs. */
export const TELLING_VARIABLES: readonly string[] = [
  "container",
  "KUBERNETES_SERVICE_HOST",
  "CODESPACES",
  "REMOTE_CONTAINERS",
  "DEVCONTAINER",
  "GITHUB_ACTIONS",
  "WSL_DISTRO_NAME",
];

/** Files that tell it. */
export const TELLING_FILES: readonly string[] = [
  "/.dockerenv",
  "/run/.containerenv",
  "/var/run/secrets/kubernetes.io",
  "/.flatpak-info",
];

const BY_NAME: Readonly<Record<string, string>> = {
  docker: "Docker",
  podman: "Podman",
  lxc: "LXC",
  "lxc-libvirt": "LXC",
  "systemd-nspawn": "systemd-nspawn",
  wsl: "WSL",
};

/**
 * The kinds of surroundings, outermost last: a devcontainer in Docker is both.
 *
 * @returns Their names; none on a plain host
 */
export function surroundingsOf({ variables, files, systemdContainer }: Surroundings): string[] {
  const named = [variables["container"], systemdContainer].flatMap((name) =>
    name === undefined || name === "" ? [] : [BY_NAME[name] ?? `container (${name})`]
  );
  const kinds: readonly (readonly [boolean, string])[] = [
    [variables["CODESPACES"] === "true", "Codespaces"],
    [variables["REMOTE_CONTAINERS"] === "true" || variables["DEVCONTAINER"] !== undefined, "devcontainer"],
    [variables["GITHUB_ACTIONS"] === "true", "GitHub Actions"],
    [
      variables["KUBERNETES_SERVICE_HOST"] !== undefined || files.includes("/var/run/secrets/kubernetes.io"),
      "Kubernetes",
    ],
    [files.includes("/.flatpak-info"), "Flatpak"],
    [files.includes("/run/.containerenv"), "Podman"],
    [files.includes("/.dockerenv"), "Docker"],
  ];
  const found = kinds.filter(([holds]) => holds).map(([, name]) => name);
  return [...new Set([...found, ...named.filter((name) => name !== "WSL")])];
}

/**
 * Which WSL this is: 1 has no Linux kernel, and calls itself Microsoft's; 2 has one of its own.
 *
 * @param kernel As `uname -r` gives it
 */
export function wslVersion(kernel: string): 1 | 2 | undefined {
  if (kernel.includes("Microsoft")) return 1;
  return kernel.includes("microsoft") ? 2 : undefined;
}
