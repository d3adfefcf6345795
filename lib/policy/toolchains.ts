import type { Preset } from "./presets.ts";

/** A place of a toolchain: where it is, unless a variable of the caller's moves it. */
export interface MovedPlace {
  /** Where it is by default. */
  readonly path: string;
  /** Variables that move it, and the path below their value; the first that is set decides. */
  readonly by: readonly (readonly [name: string, below: string])[];
}

function moved(path: string, ...by: MovedPlace["by"]): MovedPlace {
  return { path, by };
}

/** Where a cache lies that follows the XDG base directories. */
function cached(name: string, variable?: string): MovedPlace {
  return moved(`~/.cache/${name}`, ...variable === undefined ? [] : [[variable, ""] as const], [
    "XDG_CACHE_HOME",
    name,
  ]);
}

/** npm's cache; the variable is read in both spellings. */
function npmCache(below: string): MovedPlace {
  return moved(`~/.npm/${below}`, ["npm_config_cache", below], ["NPM_CONFIG_CACHE", below]);
}

/**
 * Presets that add what a toolchain needs. Of caches they open what is written at every use, and nothing that the host
 * executes by its name: not `~/.cargo/bin`, `GOPATH/bin`, `~/.deno/bin`, `~/.local/bin`, nor npx's packages.
 */
export const TOOLCHAINS: Readonly<Record<string, Preset>> = {
  npm: {
    purpose: "caches and registries of npm, yarn and pnpm",
    read: ["~/.npm", "~/.nvm", "~/.volta", "~/.local/share/fnm", "~/.local/share/pnpm"],
    caches: [npmCache("_cacache"), npmCache("_logs")],
    write: [
      cached("node-gyp"),
      cached("yarn"),
      cached("pnpm"),
      "~/.yarn/berry/cache",
      moved("~/.local/share/pnpm/store", ["XDG_DATA_HOME", "pnpm/store"]),
    ],
    net: ["*.npmjs.org:443", "*.yarnpkg.com:443"],
    env: [
      "NODE_ENV",
      "NVM_DIR",
      "NVM_BIN",
      "VOLTA_HOME",
      "FNM_DIR",
      "PNPM_HOME",
      "npm_config_cache",
      "npm_config_registry",
      "NPM_CONFIG_CACHE",
      "NPM_CONFIG_REGISTRY",
    ],
  },
  deno: {
    purpose: "Deno's cache, deno.land, JSR and npm's registry",
    read: ["~/.deno"],
    caches: [cached("deno", "DENO_DIR")],
    net: ["deno.land:443", "*.deno.land:443", "jsr.io:443", "*.jsr.io:443", "*.npmjs.org:443"],
    env: ["DENO_DIR", "DENO_ENV", "JSR_URL", "NPM_CONFIG_REGISTRY"],
  },
  python: {
    purpose: "caches of pip, uv and poetry, and PyPI",
    read: [
      moved("~/.pyenv", ["PYENV_ROOT", ""]),
      "~/.local/lib",
      "~/.local/share/uv",
      "~/.local/share/virtualenvs",
      "~/.local/pipx",
    ],
    caches: [cached("pip", "PIP_CACHE_DIR")],
    write: [
      cached("uv", "UV_CACHE_DIR"),
      cached("pypoetry/cache"),
      cached("pypoetry/artifacts"),
    ],
    net: ["pypi.org:443", "*.pypi.org:443", "*.pythonhosted.org:443"],
    env: [
      "VIRTUAL_ENV",
      "CONDA_PREFIX",
      "CONDA_DEFAULT_ENV",
      "PYENV_ROOT",
      "PYENV_VERSION",
      "PYTHONPATH",
      "PYTHONUTF8",
      "PYTHONUNBUFFERED",
      "PYTHONDONTWRITEBYTECODE",
      "PIP_CACHE_DIR",
      "PIP_DISABLE_PIP_VERSION_CHECK",
      "UV_CACHE_DIR",
    ],
  },
  cargo: {
    purpose: "cargo's cache of crates, and crates.io",
    read: [moved("~/.cargo", ["CARGO_HOME", ""]), moved("~/.rustup", ["RUSTUP_HOME", ""])],
    // Where they are by default, they are secrets anyway.
    deny: [
      moved("~/.cargo/credentials.toml", ["CARGO_HOME", "credentials.toml"]),
      moved("~/.cargo/credentials", ["CARGO_HOME", "credentials"]),
    ],
    caches: [
      moved("~/.cargo/registry", ["CARGO_HOME", "registry"]),
      moved("~/.cargo/git", ["CARGO_HOME", "git"]),
    ],
    net: ["crates.io:443", "*.crates.io:443"],
    env: [
      "CARGO_HOME",
      "CARGO_TARGET_DIR",
      "CARGO_INCREMENTAL",
      "CARGO_TERM_COLOR",
      "RUSTUP_HOME",
      "RUSTUP_TOOLCHAIN",
      "RUSTFLAGS",
      "RUST_BACKTRACE",
      "RUST_LOG",
    ],
  },
  go: {
    purpose: "Go's caches of modules and builds, and its module proxy",
    read: [moved("~/go", ["GOPATH", ""]), "~/sdk", "~/.config/go"],
    caches: [
      moved("~/go/pkg/mod", ["GOMODCACHE", ""], ["GOPATH", "pkg/mod"]),
      moved("~/go/pkg/sumdb", ["GOPATH", "pkg/sumdb"]),
      cached("go-build", "GOCACHE"),
    ],
    net: ["*.golang.org:443"],
    env: [
      "GOPATH",
      "GOROOT",
      "GOCACHE",
      "GOMODCACHE",
      "GOPROXY",
      "GOSUMDB",
      "GOPRIVATE",
      "GONOPROXY",
      "GONOSUMDB",
      "GOFLAGS",
      "GOTOOLCHAIN",
      "GOWORK",
      "GOOS",
      "GOARCH",
      "GO111MODULE",
      "CGO_ENABLED",
    ],
  },
  git: {
    purpose: "hosts of repositories over HTTPS, and who commits",
    read: ["~/.gitconfig", "~/.config/git", "~/.gitignore", "~/.gitignore_global"],
    net: [
      "github.com:443",
      "*.github.com:443",
      "*.githubusercontent.com:443",
      "gitlab.com:443",
      "bitbucket.org:443",
      "codeberg.org:443",
    ],
    env: [
      "GIT_AUTHOR_*",
      "GIT_COMMITTER_*",
      "GIT_TERMINAL_PROMPT",
      "GIT_PAGER",
      "GIT_MERGE_AUTOEDIT",
      "EMAIL",
    ],
  },
};
