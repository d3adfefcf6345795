import { NAMES } from "../../lib/verify/trap.ts";
import { pinString } from "../pin.ts";
import { AT_FDCWD } from "../system_call.ts";
import { callNumber } from "./call_numbers.ts";
import { anyOf, type Attempts, refused, type Tools } from "./tools.ts";

const O_WRONLY = 1;
const O_RDWR = 2;
const O_CREAT = 0o100;
const O_APPEND = 0o2000;
const O_CLOEXEC = 0o2000000;
const S_IFBLK = 0o060000;

function open({ call }: Tools, path: string, flags: number): number {
  const opened = call(callNumber("openat"), AT_FDCWD, pinString(path), flags | O_CLOEXEC, 0o600);
  if (opened >= 0) call(callNumber("close"), opened);
  return opened;
}

// A mask may be an empty file: only what was planted counts.
function read({ trap: { marker } }: Tools, path: string) {
  try {
    const holds = Deno.readTextFileSync(path).includes(marker);
    return { reached: holds, saw: holds ? "its content" : "an empty file" };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    return { reached: false, saw: code };
  }
}

/** What the rules about files hold. */
export const FILE_ATTEMPTS: Attempts = {
  "write-outside": (tools) =>
    refused(open(tools, `${tools.trap.outside}/${NAMES.planted}`, O_WRONLY | O_CREAT)),
  "change-outside": (tools) =>
    anyOf([
      refused(open(tools, `${tools.trap.outside}/${NAMES.file}`, O_WRONLY | O_APPEND)),
      refused(open(tools, `${tools.trap.outside}/${NAMES.file}`, O_RDWR)),
    ]),
  "change-by-link": (tools) => {
    const link = `${tools.trap.work}/link`;
    const target = pinString(`${tools.trap.outside}/${NAMES.file}`);
    const made = tools.call(callNumber("symlinkat"), target, AT_FDCWD, pinString(link));
    return made < 0 ? refused(made) : refused(open(tools, link, O_WRONLY | O_APPEND));
  },
  "mode-outside": ({ call, trap }) =>
    refused(call(callNumber("fchmodat"), AT_FDCWD, pinString(`${trap.outside}/${NAMES.file}`), 0o777)),
  // The first one that the kernel has for memory disks: nothing is there.
  "make-device": ({ call, trap }) =>
    refused(call(callNumber("mknodat"), AT_FDCWD, pinString(`${trap.work}/device`), S_IFBLK | 0o600, 1 << 8)),
  "read-secret": (tools) => anyOf(tools.trap.secrets.map((path) => read(tools, path))),
  "read-secret-by-proc": (tools) =>
    anyOf(
      tools.trap.secrets.flatMap((path) =>
        ["self", "1", String(tools.trap.pid)].map((pid) => read(tools, `/proc/${pid}/root${path}`))
      ),
    ),
  "read-host-tmp": (tools) => read(tools, tools.trap.temporary),
  "git-hook": (tools) => refused(open(tools, `${tools.trap.work}/${NAMES.hook}`, O_WRONLY | O_CREAT)),
  "git-config": (tools) => refused(open(tools, `${tools.trap.work}/${NAMES.gitConfig}`, O_WRONLY | O_APPEND)),
  "git-rename": ({ call, trap }) => {
    const [from, to] = [`${trap.work}/.git`, `${trap.work}/renamed`].map(pinString);
    return refused(call(callNumber("renameat2"), AT_FDCWD, from ?? 0n, AT_FDCWD, to ?? 0n));
  },
  // It may be written; at the end it may not be there (the host looks).
  "host-executed": (tools) => {
    const file = `${tools.trap.work}/${NAMES.executed}`;
    try {
      Deno.mkdirSync(file.slice(0, file.lastIndexOf("/")), { recursive: true });
      Deno.writeTextFileSync(file, "{}\n");
      return { reached: false, saw: "written, and taken away at the end" };
    } catch (error) {
      return { reached: false, saw: error instanceof Error ? error.name : String(error) };
    }
  },
  "own-state": (tools) => refused(open(tools, `${tools.trap.state}/${NAMES.planted}`, O_WRONLY | O_CREAT)),
  // Opened only: nothing is written.
  "kernel-setting": (tools) =>
    anyOf(
      ["/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sysrq-trigger"].map((path) =>
        refused(open(tools, path, O_WRONLY))
      ),
    ),
};
