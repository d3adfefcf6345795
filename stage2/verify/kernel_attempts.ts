import { pin, pinString, pinWords } from "../pin.ts";
import { callNumber } from "./call_numbers.ts";
import { anyOf, type Attempts, refused } from "./tools.ts";

const EPERM = 1;
const ENOSYS = 38;
/** What the filter answers. */
const FILTER: readonly number[] = [EPERM, ENOSYS];

const CLONE_FS = 0x200;
const CLONE_NEWUSER = 0x10000000;
const TIOCSTI = 0x5412;
const TIOCLINUX = 0x541c;
const ABOVE_32_BITS = 1n << 32n;
const MNT_DETACH = 2;
const AT_FDCWD = -100;
const BPF_PROG_LOAD = 5;
const PERF_TYPE_SOFTWARE = 1n;
const KEY_SPEC_SESSION_KEYRING = -3;

/** What the filter of system calls refuses. None does harm where it does not: most are made with nonsense. */
export const KERNEL_ATTEMPTS: Attempts = {
  // A pipe is no terminal: without the filter it would say ENOTTY.
  terminal: ({ call }) =>
    anyOf(
      [0, 1, 2].map((descriptor) =>
        refused(call(callNumber("ioctl"), descriptor, TIOCSTI, pinString(" ")), [EPERM])
      ),
    ),
  "terminal-high-bits": ({ call }) =>
    refused(call(callNumber("ioctl"), 0, BigInt(TIOCSTI) | ABOVE_32_BITS, pinString(" ")), [EPERM]),
  console: ({ call }) => refused(call(callNumber("ioctl"), 0, TIOCLINUX, pinString("\x02")), [EPERM]),
  // The kernel itself refuses this to a process of several threads, but with EINVAL.
  unshare: ({ call }) => refused(call(callNumber("unshare"), CLONE_NEWUSER), FILTER),
  // Nonsense together (clone(2)).
  clone: ({ call }) => refused(call(callNumber("clone"), CLONE_NEWUSER | CLONE_FS), FILTER),
  setns: ({ call }) => refused(call(callNumber("setns"), -1, 0), FILTER),
  mount: ({ call, trap }) => {
    const [nothing, kind, at] = ["none", "tmpfs", trap.work].map(pinString);
    const mounted = call(callNumber("mount"), nothing ?? 0n, at ?? 0n, kind ?? 0n, 0, 0);
    if (mounted >= 0) call(callNumber("umount2"), at ?? 0n, MNT_DETACH);
    return refused(mounted, FILTER);
  },
  "mount-api": ({ call, trap }) => {
    const opened = call(callNumber("fsopen"), pinString("tmpfs"), 1);
    const tree = call(callNumber("open_tree"), AT_FDCWD, pinString(trap.work), 0x80001);
    return anyOf(
      [opened, tree, call(callNumber("move_mount"), -1, 0, -1, 0, 0)].map((result) =>
        refused(result, FILTER)
      ),
    );
  },
  "pivot-root": ({ call }) => refused(call(callNumber("pivot_root"), 0, 0), FILTER),
  chroot: ({ call }) => refused(call(callNumber("chroot"), pinString("/")), FILTER),
  "file-handle": ({ call }) => refused(call(callNumber("open_by_handle_at"), -1, 0, 0), FILTER),
  keyring: ({ call }) =>
    anyOf([
      refused(call(callNumber("keyctl"), 0, KEY_SPEC_SESSION_KEYRING, 0), FILTER),
      refused(call(callNumber("request_key"), 0, 0, 0, 0), FILTER),
      refused(call(callNumber("add_key"), 0, 0, 0, 0, 0), FILTER),
    ]),
  "io-uring": ({ call }) => refused(call(callNumber("io_uring_setup"), 1, 0), FILTER),
  bpf: ({ call }) => refused(call(callNumber("bpf"), BPF_PROG_LOAD, pin(new Uint8Array(128)), 128), FILTER),
  perf: ({ call }) => {
    // struct perf_event_attr: type, size 64, a count of context switches.
    const attributes = pinWords(PERF_TYPE_SOFTWARE | (64n << 32n), 3n, 0n, 0n, 0n, 0n, 0n, 0n);
    return refused(call(callNumber("perf_event_open"), attributes, 0, -1, -1, 0), FILTER);
  },
  userfaultfd: ({ call }) => refused(call(callNumber("userfaultfd"), 1), FILTER),
  module: ({ call }) =>
    anyOf([
      refused(call(callNumber("finit_module"), -1, pinString(""), 0), FILTER),
      refused(call(callNumber("kexec_load"), 0, 0, 0, -1), FILTER),
    ]),
};
