/** A platform that a binary is made for. */
export interface Target {
  /** As in the name of the binary. */
  readonly name: string;
  /** As `deno compile` calls it. */
  readonly triple: string;
  /** npm package that holds a Deno for it. */
  readonly package: string;
}

/** The platforms that a release has binaries for. */
export const TARGETS: readonly Target[] = [
  { name: "linux-x64", triple: "x86_64-unknown-linux-gnu", package: "@deno/linux-x64-glibc" },
  { name: "linux-arm64", triple: "aarch64-unknown-linux-gnu", package: "@deno/linux-arm64-glibc" },
  { name: "macos-x64", triple: "x86_64-apple-darwin", package: "@deno/darwin-x64" },
  { name: "macos-arm64", triple: "aarch64-apple-darwin", package: "@deno/darwin-arm64" },
];
