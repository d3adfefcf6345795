/**
 * What a new process does between vfork and execve, as machine code: it goes through a table of system calls. Neither V8
 * nor libc can: their memory is not for a child (MADV_DONTFORK), and posix_spawn(3) knows neither Landlock nor seccomp.
 *
 * First argument: the table; second: its end. A row has nine words: number, six arguments, the error numbers (as bits) after
 * which it goes on, and the address that the result is written to. After any other error, and at the end, the child ends
 * with status 125. The result is clone's: the child's pid, once the child has executed something or ended.
 *
 * The child shares memory and stack with its parent, which waits (CLONE_VM, CLONE_VFORK; clone(2)), so it must not push.
 */

// deno-fmt-ignore
/** `as` made these from what stands beside them. */
const X86_64 = [
  "53", // push rbx
  "4154", // push r12
  "4889fb", // mov rbx,rdi
  "4989f4", // mov r12,rsi
  "b838000000", // mov eax,0x38
  "bf11410000", // mov edi,0x4111
  "31f6", // xor esi,esi
  "31d2", // xor edx,edx
  "4531d2", // xor r10d,r10d
  "4531c0", // xor r8d,r8d
  "0f05", // syscall
  "85c0", // test eax,eax
  "7555", // jne parent
  "4c39e3", // next: cmp rbx,r12
  "7342", // jae finish
  "488b03", // mov rax,QWORD PTR [rbx]
  "488b7b08", // mov rdi,QWORD PTR [rbx+0x8]
  "488b7310", // mov rsi,QWORD PTR [rbx+0x10]
  "488b5318", // mov rdx,QWORD PTR [rbx+0x18]
  "4c8b5320", // mov r10,QWORD PTR [rbx+0x20]
  "4c8b4328", // mov r8,QWORD PTR [rbx+0x28]
  "4c8b4b30", // mov r9,QWORD PTR [rbx+0x30]
  "0f05", // syscall
  "488b4b40", // mov rcx,QWORD PTR [rbx+0x40]
  "488901", // mov QWORD PTR [rcx],rax
  "4885c0", // test rax,rax
  "7913", // jns done
  "48f7d8", // neg rax
  "4883f83f", // cmp rax,0x3f
  "7710", // ja finish
  "488b5338", // mov rdx,QWORD PTR [rbx+0x38]
  "480fa3c2", // bt rdx,rax
  "7306", // jae finish
  "4883c348", // done: add rbx,0x48
  "ebb9", // jmp next
  "bf7d000000", // finish: mov edi,0x7d
  "b8e7000000", // mov eax,0xe7
  "0f05", // syscall
  "ebf2", // jmp finish
  "415c", // parent: pop r12
  "5b", // pop rbx
  "c3", // ret
].join("");

// deno-fmt-ignore
/** The same for aarch64. */
const AARCH64 = [
  "e90300aa", // mov x9, x0
  "ea0301aa", // mov x10, x1
  "202288d2", // mov x0, #0x4111
  "010080d2", // mov x1, #0x0
  "020080d2", // mov x2, #0x0
  "030080d2", // mov x3, #0x0
  "040080d2", // mov x4, #0x0
  "881b80d2", // mov x8, #0xdc
  "010000d4", // svc #0x0
  "e00200b5", // cbnz x0, parent
  "3f010aeb", // next: cmp x9, x10
  "22020054", // b.cs finish
  "280140f9", // ldr x8, [x9]
  "208540a9", // ldp x0, x1, [x9, #8]
  "228d41a9", // ldp x2, x3, [x9, #24]
  "249542a9", // ldp x4, x5, [x9, #40]
  "010000d4", // svc #0x0
  "2b2140f9", // ldr x11, [x9, #64]
  "600100f9", // str x0, [x11]
  "e000f8b6", // tbz x0, #63, done
  "ec0300cb", // neg x12, x0
  "9ffd00f1", // cmp x12, #0x3f
  "c8000054", // b.hi finish
  "2d1d40f9", // ldr x13, [x9, #56]
  "ad25cc9a", // lsr x13, x13, x12
  "6d000036", // tbz w13, #0, finish
  "29210191", // done: add x9, x9, #0x48
  "efffff17", // b next
  "a00f80d2", // finish: mov x0, #0x7d
  "c80b80d2", // mov x8, #0x5e
  "010000d4", // svc #0x0
  "fdffff17", // b finish
  "c0035fd6", // parent: ret
].join("");

/** The code for an architecture. */
export function childCode(arch: typeof Deno.build.arch): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(arch === "x86_64" ? X86_64 : AARCH64);
}

/** Words in a row of the table. */
export const ROW_WORDS = 9;
