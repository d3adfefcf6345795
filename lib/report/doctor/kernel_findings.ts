import type { DoctorFacts } from "./doctor_facts.ts";
import { isTrouble } from "./doctor_facts.ts";
import type { Finding } from "./finding.ts";
import { LANDLOCK_COSTS } from "./landlock_costs.ts";
import { surroundingsOf, wslVersion } from "./surroundings.ts";

const NO_LANDLOCK = "no Landlock backend where bubblewrap fails, and no --allow-run=PROGRAM";
const ENOSYS = 38;
const EOPNOTSUPP = 95;

function kernelFinding({ kernel, arch, os }: DoctorFacts): Finding {
  const found = `${os === "linux" ? "Linux" : os} ${kernel} on ${arch}`;
  if (arch === "x86_64" || arch === "aarch64") return { id: "kernel", status: "ok", found, value: kernel };
  return {
    id: "kernel",
    status: "missing",
    found,
    value: kernel,
    cost: "no filter of system calls for this machine, so no sandbox",
    remedy: "run tombolo on x86_64 or aarch64",
  };
}

function wslFinding({ kernel }: DoctorFacts): Finding[] {
  const version = wslVersion(kernel);
  if (version === undefined) return [];
  if (version === 2) return [{ id: "wsl", status: "ok", found: "WSL 2", value: 2 }];
  return [{
    id: "wsl",
    status: "missing",
    found: "WSL 1",
    value: 1,
    cost: "no namespaces and no Landlock, so no sandbox",
    remedy: "move the distribution to WSL 2, in Windows: wsl --set-version DISTRIBUTION 2",
  }];
}

function surroundingsFinding({ surroundings }: DoctorFacts): Finding {
  const kinds = surroundingsOf(surroundings);
  return {
    id: "container",
    status: "ok",
    found: kinds.length === 0 ? "none" : `in ${kinds.join(", in ")}`,
    value: kinds,
  };
}

function securityModulesFinding({ securityModules: { names, listed } }: DoctorFacts): Finding {
  const list = names.length === 0 ? "none seen" : names.join(", ");
  return {
    id: "security-modules",
    status: "ok",
    found: listed ? list : `${list} (by what they leave; /sys/kernel/security is not readable here)`,
    value: names,
  };
}

function noLandlock(errno: number | undefined): Pick<Finding, "found" | "remedy"> {
  if (errno === EOPNOTSUPP) {
    return {
      found: "switched off when the kernel was started",
      remedy: "start the kernel with landlock in its list of security modules: lsm=landlock,...",
    };
  }
  if (errno === ENOSYS) {
    return {
      found: "none: the kernel has none, or a filter of system calls hides it",
      remedy:
        "boot Linux 5.13 or later with CONFIG_SECURITY_LANDLOCK; in a container, use an engine whose filter knows Landlock (Docker 20.10.10, Podman 4)",
    };
  }
  return {
    found: `none: a filter of system calls refuses it (errno ${errno})`,
    remedy: "start tombolo outside of that container or service, or with --security-opt seccomp=unconfined",
  };
}

function landlockFinding({ landlock }: DoctorFacts): Finding {
  if (isTrouble(landlock)) {
    return {
      id: "landlock",
      status: "missing",
      found: landlock.wrong,
      cost: NO_LANDLOCK,
      remedy: landlock.remedy,
    };
  }
  const { abi, errno } = landlock;
  if (abi < 1) {
    return {
      id: "landlock",
      status: "missing",
      value: 0,
      ...noLandlock(errno),
      cost: NO_LANDLOCK,
    };
  }
  const missing = LANDLOCK_COSTS.filter((row) => row.abi > abi);
  const found = `ABI ${abi}`;
  if (missing.length === 0) return { id: "landlock", status: "ok", found, value: abi };
  return {
    id: "landlock",
    status: "warning",
    found,
    value: abi,
    cost: missing.map((row) => `${row.cost} (ABI ${row.abi})`).join("; "),
    remedy: `boot Linux ${missing.at(-1)?.linux} or later`,
  };
}

/** What doctor finds of the kernel and of what is around it. */
export function kernelFindings(facts: DoctorFacts): Finding[] {
  if (facts.os !== "linux") return [kernelFinding(facts)];
  return [
    kernelFinding(facts),
    ...wslFinding(facts),
    surroundingsFinding(facts),
    securityModulesFinding(facts),
    landlockFinding(facts),
  ];
}
