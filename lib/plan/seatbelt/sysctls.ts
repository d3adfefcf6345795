/** A value of the kernel that may be read, or all whose names begin so. */
export interface Sysctl {
  readonly name: string;
  readonly isPrefix?: boolean;
  /** What needs it. */
  readonly reason: string;
}

/**
 * Not all of them: `kern.procargs2` gives the arguments and the environment of every process of the user, on whichever
 * side of the sandbox.
 */
export const SYSCTLS: readonly Sysctl[] = [
  { name: "hw.", isPrefix: true, reason: "processors, memory, pages and features of the machine" },
  { name: "machdep.cpu.", isPrefix: true, reason: "the processor's name and features" },
  { name: "machdep.ptrauth_enabled", reason: "the loader asks whether pointers are signed" },
  { name: "kern.argmax", reason: "how long arguments may be (xargs, getconf)" },
  { name: "kern.hostname", reason: "hostname" },
  { name: "kern.domainname", reason: "hostname" },
  { name: "kern.maxfiles", reason: "limits (ulimit)" },
  { name: "kern.maxfilesperproc", reason: "limits (ulimit)" },
  { name: "kern.maxproc", reason: "limits (ulimit)" },
  { name: "kern.ngroups", reason: "limits (getconf)" },
  { name: "kern.osproductversion", reason: "the system's version" },
  { name: "kern.osrelease", reason: "uname" },
  { name: "kern.ostype", reason: "uname" },
  { name: "kern.osversion", reason: "the system's version" },
  { name: "kern.osvariant_status", reason: "the C library asks which build of the system it is on" },
  { name: "kern.version", reason: "uname" },
  { name: "kern.secure_kernel", reason: "the C library asks which build of the system it is on" },
  { name: "kern.boottime", reason: "uptime" },
  { name: "kern.usrstack64", reason: "runtimes look where the stack ends" },
  { name: "kern.tcsm_available", reason: "V8 asks it for every thread" },
  { name: "kern.tcsm_enable", reason: "V8 asks it for every thread" },
  { name: "sysctl.proc_cputype", reason: "whether the process is translated" },
  { name: "sysctl.proc_translated", reason: "whether the process is translated" },
  { name: "vm.loadavg", reason: "make -l, os.loadavg" },
];
