import type { Secret } from "./secrets.ts";

const SUPPORT = "Library/Application Support";
const BROWSER = "a browser profile holds cookies and saved passwords";
const MESSENGER = "sessions of a messenger";
const PERSONAL = "personal data that programs of the system keep";

/** What macOS and programs on it keep elsewhere than other systems. */
export const MAC_SECRETS: readonly Secret[] = [
  { path: "Library/Keychains", reason: "passwords and keys of the user" },
  { path: "Library/Cookies", reason: BROWSER },
  { path: "Library/HTTPStorages", reason: "cookies of programs" },
  { path: "Library/Safari", reason: BROWSER },
  { path: "Library/Containers/com.apple.Safari", reason: BROWSER },
  { path: `${SUPPORT}/Google/Chrome`, reason: BROWSER },
  { path: `${SUPPORT}/Chromium`, reason: BROWSER },
  { path: `${SUPPORT}/BraveSoftware`, reason: BROWSER },
  { path: `${SUPPORT}/Microsoft Edge`, reason: BROWSER },
  { path: `${SUPPORT}/Vivaldi`, reason: BROWSER },
  { path: `${SUPPORT}/Arc`, reason: BROWSER },
  { path: `${SUPPORT}/com.operasoftware.Opera`, reason: BROWSER },
  { path: `${SUPPORT}/Firefox`, reason: BROWSER },
  { path: `${SUPPORT}/zen`, reason: BROWSER },
  { path: "Library/Mail", reason: "mail" },
  { path: "Library/Thunderbird", reason: "mail and its passwords" },
  { path: "Library/Messages", reason: "messages, and codes for logins among them" },
  { path: "Library/Accounts", reason: "accounts of the user" },
  { path: "Library/IdentityServices", reason: "accounts of the user" },
  { path: "Library/Calendars", reason: PERSONAL },
  { path: `${SUPPORT}/AddressBook`, reason: PERSONAL },
  { path: `${SUPPORT}/com.apple.TCC`, reason: "what programs may do" },
  { path: "Library/Group Containers/group.com.apple.notes", reason: "notes" },
  { path: "Library/Mobile Documents", reason: "files in iCloud" },
  { path: "Library/Group Containers/2BUA8C4S2C.com.1password", reason: "passwords" },
  { path: `${SUPPORT}/1Password`, reason: "passwords" },
  { path: `${SUPPORT}/Bitwarden`, reason: "passwords" },
  { path: `${SUPPORT}/KeePassXC`, reason: "passwords" },
  { path: `${SUPPORT}/Slack`, reason: MESSENGER },
  { path: `${SUPPORT}/discord`, reason: MESSENGER },
  { path: `${SUPPORT}/Signal`, reason: MESSENGER },
  { path: `${SUPPORT}/Telegram Desktop`, reason: MESSENGER },
  { path: `${SUPPORT}/Element`, reason: MESSENGER },
  { path: `${SUPPORT}/Exodus`, reason: "keys of a wallet" },
  { path: `${SUPPORT}/Bitcoin`, reason: "keys of a wallet" },
  { path: `${SUPPORT}/Claude`, reason: "credentials of a coding agent" },
  { path: `${SUPPORT}/com.vercel.cli`, reason: "tokens of Vercel" },
  { path: `${SUPPORT}/Code/User/globalStorage`, reason: "sessions and tokens of editor extensions" },
  { path: `${SUPPORT}/VSCodium/User/globalStorage`, reason: "sessions and tokens of editor extensions" },
  { path: `${SUPPORT}/Cursor/User/globalStorage`, reason: "sessions and tokens of editor extensions" },
  { path: ".zsh_sessions", reason: "typed commands often hold passwords and tokens" },
];
