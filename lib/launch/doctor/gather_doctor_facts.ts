import { lstat } from "../../paths/resolve_path.ts";
import {
  type DoctorFacts,
  type HeldPermission,
  isTrouble,
  type Trouble,
} from "../../report/doctor/doctor_facts.ts";
import { TELLING_FILES, TELLING_VARIABLES } from "../../report/doctor/surroundings.ts";
import { TomboloError } from "../../report/tombolo_error.ts";
import { findBwrap, findProgram, type FoundProgram } from "../find_bwrap.ts";
import { CGROUP_PLACES, findScope } from "../find_scope.ts";
import { hostEvidence, readSettings } from "../host_evidence.ts";
import { askLandlockAbi } from "../landlock_abi.ts";
import { processesUnbound } from "../limit_facts.ts";
import { probeHost } from "../probe_host.ts";
import { ownProgram } from "../own_program.ts";
import { openDirectories } from "../state_directory.ts";
import { askBwrap, HOST_ASKER } from "./ask_bwrap.ts";
import { heldPermissions } from "./held_permissions.ts";
import { readFirstLines } from "./read_first_lines.ts";
import { SECURITY_MODULE_FILES, securityModules } from "./security_modules.ts";

const SEATBELT = "/usr/bin/sandbox-exec";
const SYSTEMD_CONTAINER = "/run/systemd/container";

function trouble(error: unknown): Trouble {
  if (error instanceof TomboloError) return { wrong: error.message, remedy: error.remedy ?? "" };
  throw error;
}

async function orTrouble<T>(what: () => T | Promise<T>): Promise<T | Trouble> {
  try {
    return await what();
  } catch (error) {
    return trouble(error);
  }
}

// Nothing is writable inside yet: which bwrap a policy may not use is said when it is used.
const nowhere = () => false;

// util-linux's, where bubblewrap cannot say; a kernel may let this program make one and not that.
async function triedNamespace(): Promise<DoctorFacts["userNamespace"]> {
  const said = await HOST_ASKER.ask("/bin/sh", "-c", "command -v unshare && unshare -Ur echo made");
  if (said === "") return "not tried";
  return said.endsWith("made\n") ? "made" : "refused";
}

// By stage2, which may have to be unpacked first.
async function landlock(directories: DoctorFacts["directories"]): Promise<DoctorFacts["landlock"]> {
  if (isTrouble(directories)) return directories;
  return await orTrouble(async () => askLandlockAbi(await ownProgram().runtime(directories.state)));
}

/** Asks the host at this moment, and nothing that was remembered; what takes time is asked side by side. */
async function linuxFacts(
  environment: Readonly<Record<string, string>>,
  kernel: string,
  directories: DoctorFacts["directories"],
): Promise<
  Pick<
    DoctorFacts,
    | "landlock"
    | "securityModules"
    | "evidence"
    | "surroundings"
    | "userNamespace"
    | "bwrap"
    | "scopes"
    | "processesUnbound"
    | "probe"
  >
> {
  const uid = Deno.uid();
  const found = await orTrouble(() => findBwrap(environment["PATH"] ?? "", nowhere, uid));
  const env = findProgram("env", "/usr/bin:/bin", nowhere, uid);
  const probe = (bwrap: FoundProgram) =>
    orTrouble(() => probeHost({ bwrap, env, kernel, uid, stateDirectory: "" }));
  // These wait for an answer while the next are started; the probes after them block.
  const asked = [
    landlock(directories),
    readFirstLines({ ...SECURITY_MODULE_FILES, container: SYSTEMD_CONTAINER }),
    triedNamespace(),
    isTrouble(found) ? found : askBwrap(found.path),
  ] as const;
  const settings = readSettings();
  const variable = (name: string) => environment[name];
  const evidence = hostEvidence({ kernel, variable, exists: (file) => lstat(file) !== undefined, settings });
  const memory = findScope(["memory"], CGROUP_PLACES);
  const pids = findScope(["pids"], CGROUP_PLACES);
  const probed = isTrouble(found) ? undefined : await probe(found);
  const sharesNamespace = probed === undefined || isTrouble(probed);
  const [answer, lines, userNamespace, bwrap] = await Promise.all(asked);
  const container = lines.get("container");
  const profile = lines.get("profile");
  return {
    landlock: answer,
    securityModules: securityModules(lines, !isTrouble(answer) && answer.abi > 0),
    evidence: profile === undefined
      ? evidence
      : { ...evidence, settings: new Map([...evidence.settings, ["profile", profile]]) },
    surroundings: {
      variables: Object.fromEntries(TELLING_VARIABLES.map((name) => [name, environment[name]])),
      files: TELLING_FILES.filter((file) => lstat(file) !== undefined),
      ...(container === undefined ? {} : { systemdContainer: container }),
    },
    userNamespace,
    bwrap,
    scopes: { memory: memory.scope, pids: pids.scope },
    processesUnbound: processesUnbound({ uid, kernel, sharesNamespace }, memory),
    ...(probed === undefined ? {} : { probe: probed }),
  };
}

// Of another system none of this is asked, and its findings do not speak of it.
function notAsked(why: Trouble): Awaited<ReturnType<typeof linuxFacts>> {
  return {
    landlock: why,
    securityModules: { names: [], listed: false },
    evidence: { place: "host", settings: new Map() },
    surroundings: { variables: {}, files: [] },
    userNamespace: "not tried",
    bwrap: why,
    scopes: { memory: { missing: why.wrong }, pids: { missing: why.wrong } },
    processesUnbound: undefined,
  };
}

const NOT_PERMITTED: Trouble = {
  wrong: "could not be looked at: tombolo has not the permissions that it needs",
  remedy: "start it with bin/tombolo or as the compiled program",
};
const NOT_LINUX: Trouble = { wrong: "is of Linux", remedy: "run tombolo on Linux" };

/**
 * Looks at everything that a diagnosis needs.
 *
 * @param environment Gives the variables of this process
 * @param permissions What this process may do
 * @throws {Error} only for what no host is expected to do; what fails is a fact too
 */
export async function gatherDoctorFacts(
  environment: () => Readonly<Record<string, string>>,
  permissions: readonly HeldPermission[] = heldPermissions(),
): Promise<DoctorFacts> {
  const { os, arch } = Deno.build;
  const deno = { version: Deno.version.deno, permissions };
  if (permissions.some(({ wanted, state }) => wanted && state !== "granted")) {
    const rest = { ...notAsked(NOT_PERMITTED), seatbelt: false, directories: NOT_PERMITTED };
    return { os, arch, kernel: "of unknown version", uid: null, deno, ...rest };
  }
  const kernel = Deno.osRelease();
  const uid = Deno.uid();
  const variables = environment();
  const directories = await orTrouble(() => openDirectories((name) => variables[name], uid));
  return {
    os,
    arch,
    kernel,
    uid,
    ...(os === "linux" ? await linuxFacts(variables, kernel, directories) : notAsked(NOT_LINUX)),
    seatbelt: lstat(SEATBELT) !== undefined,
    deno,
    directories,
  };
}
