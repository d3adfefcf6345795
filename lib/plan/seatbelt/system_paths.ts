/** A place of the system that every program needs, whatever the policy shows. */
export interface SystemPath {
  readonly path: string;
  /** Whether it is the place alone, and nothing below it. */
  readonly alone?: boolean;
  readonly reason: string;
}

/**
 * Readable under every policy, unless a rule denies it: without these not even the loader starts. All of it is the same
 * on every Mac of a version.
 */
export const SYSTEM_PATHS: readonly SystemPath[] = [
  { path: "/", alone: true, reason: "the loader opens it" },
  { path: "/usr/lib", reason: "the loader, and libraries" },
  { path: "/System/Library", reason: "frameworks" },
  { path: "/System/Cryptexes", reason: "where newer systems keep libraries and the loader's cache" },
  { path: "/System/Volumes/Preboot/Cryptexes", reason: "what /System/Cryptexes leads to" },
  { path: "/Library/Apple", reason: "libraries of the system that come with updates" },
  { path: "/private/var/db/dyld", reason: "the loader's cache of older systems" },
  { path: "/private/var/select", reason: "it says which shell /bin/sh is" },
  { path: "/private/var/db/xcode_select_link", alone: true, reason: "it says where the tools of Xcode are" },
  { path: "/private/var/db/timezone", reason: "what /etc/localtime leads to" },
];

/** Links and directories on the way to what real paths name; a look-up asks for each of them. */
export const WAYPOINTS: readonly string[] = [
  "/",
  "/etc",
  "/tmp",
  "/var",
  "/private",
  "/private/etc",
  "/private/etc/localtime",
  "/private/tmp",
  "/private/var",
  "/private/var/db",
  "/private/var/folders",
  "/System",
  "/System/Volumes",
  "/System/Volumes/Preboot",
  "/usr",
  "/Library",
  "/dev",
];
