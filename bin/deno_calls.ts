/** A permission of Deno's; `sys` by what is asked for. */
export type Permission = "read" | "write" | "run" | "env" | "net" | "ffi" | "import" | `sys=${string}`;

/** No permission is asked for. */
const FREE: readonly Permission[] = [];

/**
 * What each of Deno's calls that tombolo makes asks for. Types, constants and what needs nothing are here too: a name that
 * is not is a call whose permission nobody has looked up.
 */
const CALLS: Readonly<Record<string, readonly Permission[]>> = {
  Command: ["run"],
  addSignalListener: FREE,
  args: FREE,
  build: FREE,
  chdir: ["read"],
  chmod: ["write"],
  chmodSync: ["write"],
  connect: ["net", "read", "write"],
  connectTls: ["net"],
  copyFile: ["read", "write"],
  copyFileSync: ["read", "write"],
  cwd: ["read"],
  dlopen: ["ffi"],
  env: ["env"],
  errors: FREE,
  execPath: ["read"],
  exit: FREE,
  hostname: ["sys=hostname"],
  kill: ["run"],
  link: ["read", "write"],
  linkSync: ["read", "write"],
  listen: ["net", "read", "write"],
  loadavg: ["sys=loadavg"],
  lstat: ["read"],
  lstatSync: ["read"],
  mainModule: ["read"],
  makeTempDir: ["write"],
  makeTempDirSync: ["write"],
  makeTempFile: ["write"],
  makeTempFileSync: ["write"],
  mkdir: ["write"],
  mkdirSync: ["write"],
  networkInterfaces: ["sys=networkInterfaces"],
  open: ["read", "write"],
  openSync: ["read", "write"],
  osRelease: ["sys=osRelease"],
  permissions: FREE,
  pid: FREE,
  ppid: FREE,
  readDir: ["read"],
  readDirSync: ["read"],
  readFile: ["read"],
  readFileSync: ["read"],
  readLink: ["read"],
  readLinkSync: ["read"],
  readTextFile: ["read"],
  readTextFileSync: ["read"],
  realPath: ["read"],
  realPathSync: ["read"],
  remove: ["write"],
  removeSignalListener: FREE,
  removeSync: ["write"],
  rename: ["read", "write"],
  renameSync: ["read", "write"],
  resolveDns: ["net"],
  serve: ["net"],
  stat: ["read"],
  statSync: ["read"],
  stderr: FREE,
  stdin: FREE,
  stdout: FREE,
  startTls: ["net"],
  symlink: ["read", "write"],
  symlinkSync: ["read", "write"],
  systemMemoryInfo: ["sys=systemMemoryInfo"],
  uid: ["sys=uid"],
  UnsafeFnPointer: ["ffi"],
  UnsafePointer: ["ffi"],
  UnsafePointerView: ["ffi"],
  unrefTimer: FREE,
  utime: ["write"],
  utimeSync: ["write"],
  version: FREE,
  writeFile: ["write"],
  writeFileSync: ["write"],
  writeTextFile: ["write"],
  writeTextFileSync: ["write"],
  SeekMode: FREE,
};

/** The same for built-in modules. */
const MODULES: Readonly<Record<string, readonly Permission[]>> = {
  "node:dgram": ["net"],
  "node:dns/promises": ["net"],
  "node:events": FREE,
  // Its streams; what needs a permission in it goes through the calls above.
  "node:process": FREE,
};

/** The same for names of the web platform that reach outside. */
const GLOBALS: Readonly<Record<string, readonly Permission[]>> = {
  fetch: ["net"],
  WebSocket: ["net"],
  EventSource: ["net"],
};

/** One use of something that Deno may ask a permission for. */
export interface Use {
  /** As it stands in the text: `Deno.connect`, `node:dns/promises`, `fetch`. */
  readonly name: string;
  /** `undefined` where nobody has looked it up. */
  readonly permissions: readonly Permission[] | undefined;
}

// Types have the runtime's name before them too; none of them is a call.
const TYPES =
  /^(?:Addr|ChildProcess|CommandStatus|Conn|DirEntry|FileInfo|FsFile|Listener|NetAddr|PermissionDescriptor|PermissionState|PointerObject|PointerValue|Signal|TcpConn|TcpListener|TlsConn|UnixConn|UnixListener)$/;

// As a value of its own, or by a name that is computed; in a sentence it has other neighbours.
const WHOLE =
  /\bDeno(?:\?\.)?\[|[=(:?]\s*Deno\s*(?:[;,)}\]]|$)|,\s*Deno\s*[)\]}]|\.\.\.Deno\b(?!\.)|globalThis\??\.Deno\b/m;

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, "");
}

/**
 * What a module, or a bundle of modules, uses that Deno may ask a permission for.
 *
 * @returns Each use once, by name; `Deno` alone where it is passed on as a whole, so that nobody can tell
 */
export function denoCalls(source: string): Use[] {
  const text = withoutComments(source);
  const uses = new Map<string, Use["permissions"]>();
  if (WHOLE.test(text)) uses.set("Deno", undefined);
  for (const [, member = ""] of text.matchAll(/(?<![\w$.])Deno\??\.(\w+)/g)) {
    if (!TYPES.test(member)) uses.set(`Deno.${member}`, CALLS[member]);
  }
  for (const [, name = ""] of text.matchAll(/(?:from|import\(|import|require\()\s*["'](node:[\w/]+)["']/g)) {
    uses.set(name, MODULES[name]);
  }
  for (const [, name = ""] of text.matchAll(/(?<![\w$.#"'`])(fetch|WebSocket|EventSource)\(/g)) {
    uses.set(name, GLOBALS[name]);
  }
  return [...uses].map(([name, permissions]) => ({ name, permissions })).sort((a, b) =>
    a.name < b.name ? -1 : 1
  );
}
