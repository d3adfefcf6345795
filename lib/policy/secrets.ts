/** A place in the home directory that holds credentials. */
export interface Secret {
  /** Below the home directory. */
  readonly path: string;
  /** What is lost when it is read. */
  readonly reason: string;
  /** Entries inside that hold no credential and stay readable. */
  readonly except?: readonly string[];
}

const HISTORY = "typed commands often hold passwords and tokens";
const BROWSER = "a browser profile holds cookies and saved passwords";
const AGENT = "credentials of a coding agent";

/** What may never be read inside, whatever broad rule opens the home directory. */
export const SECRETS: readonly Secret[] = [
  { path: ".ssh", reason: "private keys of ssh", except: ["known_hosts", "config"] },
  { path: ".gnupg", reason: "private keys of GnuPG" },
  { path: ".aws", reason: "access keys of AWS" },
  { path: ".azure", reason: "access tokens of Azure" },
  { path: ".config/gcloud", reason: "access tokens of Google Cloud" },
  { path: ".kube", reason: "credentials of Kubernetes clusters" },
  { path: ".docker/config.json", reason: "credentials of container registries" },
  { path: ".config/containers/auth.json", reason: "credentials of container registries" },
  { path: ".config/gh", reason: "access token of GitHub's command line" },
  { path: ".config/glab-cli", reason: "access token of GitLab's command line" },
  { path: ".config/hub", reason: "access token of GitHub's hub" },
  { path: ".netrc", reason: "passwords for hosts" },
  { path: ".git-credentials", reason: "passwords for git remotes" },
  { path: ".config/git/credentials", reason: "passwords for git remotes" },
  { path: ".npmrc", reason: "publish tokens of npm" },
  { path: ".yarnrc.yml", reason: "publish tokens of yarn" },
  { path: ".pypirc", reason: "publish tokens of PyPI" },
  { path: ".gem/credentials", reason: "publish tokens of RubyGems" },
  { path: ".cargo/credentials", reason: "publish tokens of crates.io" },
  { path: ".cargo/credentials.toml", reason: "publish tokens of crates.io" },
  { path: ".m2/settings.xml", reason: "passwords of Maven repositories" },
  { path: ".m2/settings-security.xml", reason: "master password of Maven" },
  { path: ".gradle/gradle.properties", reason: "signing keys and repository passwords of Gradle" },
  { path: ".composer/auth.json", reason: "tokens of Composer repositories" },
  { path: ".config/composer/auth.json", reason: "tokens of Composer repositories" },
  { path: ".terraform.d", reason: "tokens of Terraform" },
  { path: ".terraformrc", reason: "tokens of Terraform" },
  { path: ".vault-token", reason: "token of Vault" },
  { path: ".password-store", reason: "passwords of pass" },
  { path: ".local/share/keyrings", reason: "passwords of the desktop's keyring" },
  { path: ".config/op", reason: "session of 1Password" },
  { path: ".config/rclone", reason: "passwords of remote storage" },
  { path: ".s3cfg", reason: "access keys of S3" },
  { path: ".boto", reason: "access keys of cloud storage" },
  { path: ".pgpass", reason: "passwords of PostgreSQL" },
  { path: ".my.cnf", reason: "passwords of MySQL" },
  { path: ".config/hcloud", reason: "tokens of Hetzner Cloud" },
  { path: ".config/doctl", reason: "tokens of DigitalOcean" },
  { path: ".fly", reason: "tokens of Fly.io" },
  { path: ".config/sops", reason: "private keys of sops" },
  { path: ".config/age", reason: "private keys of age" },
  { path: ".mozilla", reason: BROWSER },
  { path: ".config/google-chrome", reason: BROWSER },
  { path: ".config/chromium", reason: BROWSER },
  { path: ".config/BraveSoftware", reason: BROWSER },
  { path: ".config/microsoft-edge", reason: BROWSER },
  { path: ".config/vivaldi", reason: BROWSER },
  { path: ".thunderbird", reason: "mail and its passwords" },
  { path: ".bash_history", reason: HISTORY },
  { path: ".zsh_history", reason: HISTORY },
  { path: ".local/share/fish/fish_history", reason: HISTORY },
  { path: ".python_history", reason: HISTORY },
  { path: ".node_repl_history", reason: HISTORY },
  { path: ".psql_history", reason: HISTORY },
  { path: ".mysql_history", reason: HISTORY },
  { path: ".lesshst", reason: HISTORY },
  { path: ".viminfo", reason: HISTORY },
  { path: ".claude/.credentials.json", reason: AGENT },
  { path: ".claude.json", reason: AGENT },
  { path: ".codex/auth.json", reason: AGENT },
  { path: ".gemini/oauth_creds.json", reason: AGENT },
  { path: ".config/github-copilot", reason: AGENT },
  { path: ".local/share/opencode/auth.json", reason: AGENT },
];
