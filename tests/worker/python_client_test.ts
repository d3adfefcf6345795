import assert from "node:assert/strict";
import { Box, fixture, TOMBOLO } from "../system/tombolo.ts";

const SESSION = `ping {'kind': 'pong'} b''
write {'kind': 'write', 'bytes_written': 14} b''
write error not_found
read {'kind': 'read', 'size': 14, 'truncated': False} b'one\\ntwo\\nthree\\n'
read {'kind': 'read', 'size': 14, 'truncated': True} b'two'
edit {'kind': 'edit', 'replacements': 1} b''
edit error edit_ambiguous
edit {'kind': 'edit', 'replacements': 3} b''
edit error edit_not_found
list {'kind': 'list', 'entries': [{'name': 'a.txt', 'kind': 'file', 'size': 12}]} b''
stat {'kind': 'stat', 'stat': {'size': 12, 'kind': 'file', 'mtime': 'int', 'is_symlink': False}} b''
make_dir {'kind': 'ok'} b''
make_dir error exists
rename {'kind': 'ok'} b''
glob {'kind': 'glob', 'paths': ['notes/deep/b.txt'], 'truncated': False} b''
grep {'kind': 'grep', 'matches': [{'path': 'notes/deep/b.txt', 'line': 2, 'text': '2'}], 'truncated': False} b''
grep error invalid_pattern
read error is_a_directory
read error policy_denied
read error not_found
remove error io
remove {'kind': 'ok'} b''
get_env {'kind': 'get_env', 'values': {'LANG': 'C.UTF-8'}} b''
no such kind error protocol
write {'kind': 'write', 'bytes_written': 20971520} b''
big True
shutdown {'kind': 'pong'} 0
`;

Deno.test("a client in Python, written from the documentation alone, holds a session with every request", async () => {
  await using box = await Box.create();
  const session = fixture(import.meta.dirname, "session.py");
  const { code, stdout, stderr } = await box.host(["python3", "-B", session, TOMBOLO, box.work]);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, SESSION);
  assert.equal((await Deno.stat(`${box.work}/big`)).size, 20_971_520);
});
