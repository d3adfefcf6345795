import { join } from "node:path";

/** In dependency order; bubblewrap's are what its package asks for. */
const PROGRAMS = [
  "libc6",
  "libgcc-s1",
  "busybox-static",
  "bubblewrap",
  "libcap2",
  "libselinux1",
  "libpcre2-8-0",
];
const KERNEL = "linux-image-cloud-arm64";

async function output(command: readonly string[], options: Deno.CommandOptions = {}): Promise<string> {
  const [program = "", ...args] = command;
  const { success, stdout, stderr } = await new Deno.Command(program, { args, ...options }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`Cannot run ${command.join(" ")}: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}

/** The archive that this machine has its own packages from, with its backports: their kernel has a newer Landlock. */
async function sources(): Promise<string> {
  const format = "$(CREATED_BY) $(ORIGIN) $(CODENAME) $(COMPONENT) $(REPO_URI)";
  const release = /^VERSION_CODENAME=(\w+)$/m.exec(await Deno.readTextFile("/etc/os-release"))?.[1];
  const wanted = `Packages Debian ${release} main `;
  const target = (await output(["apt-get", "indextargets", "--format", format]))
    .split("\n").find((line) => line.startsWith(wanted));
  if (target === undefined) throw new Error(`Cannot find Debian's archive: no source of ${release} main`);
  const uri = target.slice(wanted.length);
  const trusted = "[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]";
  return [`${release}`, `${release}-backports`].map((suite) => `deb ${trusted} ${uri} ${suite} main\n`).join(
    "",
  );
}

/** apt for other architectures, with a state of its own: this machine's is left alone, and no privilege is needed. */
async function foreignApt(directory: string): Promise<Deno.CommandOptions> {
  for (const name of ["lists/partial", "cache/archives/partial", "packages"]) {
    await Deno.mkdir(join(directory, name), { recursive: true });
  }
  await Deno.writeTextFile(join(directory, "status"), "");
  await Deno.writeTextFile(join(directory, "sources.list"), await sources());
  const settings = {
    "APT::Architecture": "arm64",
    "APT::Sandbox::User": "",
    "Dir::State": directory,
    "Dir::State::lists": join(directory, "lists"),
    "Dir::State::status": join(directory, "status"),
    "Dir::Cache": join(directory, "cache"),
    "Dir::Etc::SourceList": join(directory, "sources.list"),
    "Dir::Etc::SourceParts": "/dev/null",
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} "${value}";\n`);
  await Deno.writeTextFile(
    join(directory, "apt.conf"),
    `${lines.join("")}APT::Architectures { "arm64"; "armhf"; };\n`,
  );
  return { env: { APT_CONFIG: join(directory, "apt.conf") }, cwd: join(directory, "packages") };
}

async function unpack(directory: string, name: RegExp, into: string): Promise<void> {
  const packages = join(directory, "packages");
  const found = Array.from(Deno.readDirSync(packages), (entry) => entry.name).filter((file) =>
    name.test(file)
  );
  if (found.length === 0) throw new Error(`Cannot unpack ${name}: it was not fetched`);
  for (const file of found) await output(["dpkg-deb", "-x", join(packages, file), into]);
}

/**
 * Fetches what a Debian machine of aarch64 is made from, through apt, which checks the signatures: `root` holds programs
 * of arm64, `armhf` one of 32 bits, `kernel` the kernel.
 *
 * @param directory Where to put it; must not exist
 */
export async function fetchPackages(directory: string): Promise<void> {
  const options = await foreignApt(directory);
  await output(["apt-get", "update", "--quiet"], options);
  const backports = (await Deno.readTextFile(join(directory, "sources.list"))).match(/\S+-backports/)?.[0] ??
    "";
  const depends = await output(["apt-cache", "show", `${KERNEL}/${backports}`], options);
  const kernel = /^Depends: (\S+)/m.exec(depends)?.[1];
  if (kernel === undefined) throw new Error(`Cannot find a kernel: ${KERNEL} depends on none`);
  const programs = PROGRAMS.map((name) => `${name}:arm64`);
  await output(["apt-get", "download", "--quiet", kernel, ...programs, "busybox-static:armhf"], options);
  await unpack(directory, /_armhf\.deb$/, join(directory, "armhf"));
  await unpack(directory, /^linux-image-.*_arm64\.deb$/, join(directory, "kernel"));
  await unpack(directory, /^(?!linux-image-).*_arm64\.deb$/, join(directory, "root"));
}
