/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "decode.h"

#define NONE LINK_REG_NONE

struct row {
    const char *what;
    unsigned bits;
    const char *code;
    unsigned bytes;
    struct link_insn want; /* text is not compared */
};

#define W(kind_, length_, size_, reg_, reg_size_, extend_, rep_, dx_, imm_)                                            \
    {.kind = (kind_), .length = (length_), .size = (size_), .reg = (reg_), .reg_size = (reg_size_),                    \
     .extend = (extend_), .rep = (rep_), .dx_port = (dx_), .base = NONE, .index = NONE, .imm = (uint64_t)(imm_)}
/* Flow, which always runs at 0x1000. */
#define F(kind_, length_, reg_, memory_, base_, index_, scale_, condition_, imm_)                                      \
    {.kind = (kind_), .length = (length_), .reg = (reg_), .memory = (memory_), .base = (base_), .index = (index_),     \
     .scale = (scale_), .condition = (condition_), .imm = (uint64_t)(imm_)}
#define ROW(what_, bits_, code_, want_) {what_, bits_, code_, sizeof(code_) - 1, want_}

/* Encodings by hand from the Intel manual, volume 2. */
static const struct row s_rows[] = {
    ROW("mov eax,[ecx]", 32, "\x8B\x01", W(LINK_INSN_LOAD, 2, 4, 0, 4, 0, 0, 0, 0)),
    ROW("mov al,[0xE0000000]", 32, "\xA0\x00\x00\x00\xE0", W(LINK_INSN_LOAD, 5, 1, 0, 1, 0, 0, 0, 0)),
    ROW("mov ch,[edx]", 32, "\x8A\x2A", W(LINK_INSN_LOAD, 2, 1, 1 | LINK_REG_HIGH_BYTE, 1, 0, 0, 0, 0)),
    ROW("movzx eax,byte [ecx+0x14]", 32, "\x0F\xB6\x41\x14", W(LINK_INSN_LOAD, 4, 1, 0, 4, 1, 0, 0, 0)),
    ROW("movzx edx,word [esi]", 64, "\x0F\xB7\x16", W(LINK_INSN_LOAD, 3, 2, 2, 4, 1, 0, 0, 0)),
    ROW("movsx eax,byte [rcx]", 64, "\x0F\xBE\x01", W(LINK_INSN_LOAD, 3, 1, 0, 4, 2, 0, 0, 0)),
    ROW("movsxd rax,dword [rcx]", 64, "\x48\x63\x01", W(LINK_INSN_LOAD, 3, 4, 0, 8, 2, 0, 0, 0)),
    ROW("mov r9d,[r10+8]", 64, "\x45\x8B\x4A\x08", W(LINK_INSN_LOAD, 4, 4, 9, 4, 0, 0, 0, 0)),
    ROW("mov rax,[rdx]", 64, "\x48\x8B\x02", W(LINK_INSN_LOAD, 3, 8, 0, 8, 0, 0, 0, 0)),
    ROW("mov sil,[rax]", 64, "\x40\x8A\x30", W(LINK_INSN_LOAD, 3, 1, 6, 1, 0, 0, 0, 0)),
    ROW("mov [ecx],eax", 32, "\x89\x01", W(LINK_INSN_STORE, 2, 4, 0, 4, 0, 0, 0, 0)),
    ROW("mov [rcx+0x1000],ax", 64, "\x66\x89\x81\x00\x10\x00\x00", W(LINK_INSN_STORE, 7, 2, 0, 2, 0, 0, 0, 0)),
    ROW("mov byte [rcx],0xff", 64, "\xC6\x01\xFF", W(LINK_INSN_STORE, 3, 1, NONE, 0, 0, 0, 0, -1)),
    ROW("mov word [ecx],0x8001", 32, "\x66\xC7\x01\x01\x80", W(LINK_INSN_STORE, 5, 2, NONE, 0, 0, 0, 0, -32767)),
    ROW("mov dword [ecx],0xffffffff", 32, "\xC7\x01\xFF\xFF\xFF\xFF", W(LINK_INSN_STORE, 6, 4, NONE, 0, 0, 0, 0, -1)),
    ROW("mov qword [rcx],-2", 64, "\x48\xC7\x01\xFE\xFF\xFF\xFF", W(LINK_INSN_STORE, 7, 8, NONE, 0, 0, 0, 0, -2)),
    ROW("movdqu xmm3,[rax]", 64, "\xF3\x0F\x6F\x18", W(LINK_INSN_LOAD, 4, 16, 3, 16, 0, 0, 0, 0)),
    ROW("movups [rax],xmm9", 64, "\x44\x0F\x11\x08", W(LINK_INSN_STORE, 4, 16, 9, 16, 0, 0, 0, 0)),
    ROW("and dword [ecx],7", 32, "\x83\x21\x07", W(LINK_INSN_RMW, 3, 4, NONE, 0, 0, 0, 0, 7)),
    ROW("lock or [rcx],eax", 64, "\xF0\x09\x01", W(LINK_INSN_RMW, 3, 4, 0, 4, 0, 0, 0, 0)),
    ROW("xchg [ecx],eax", 32, "\x87\x01", W(LINK_INSN_RMW, 2, 4, 0, 4, 0, 0, 0, 0)),
    ROW("inc dword [ecx]", 32, "\xFF\x01", W(LINK_INSN_RMW, 2, 4, NONE, 0, 0, 0, 0, 0)),
    ROW("test byte [ecx],1", 32, "\xF6\x01\x01", W(LINK_INSN_COMPARE, 3, 1, NONE, 0, 0, 0, 0, 1)),
    ROW("cmp [rcx],eax", 64, "\x39\x01", W(LINK_INSN_COMPARE, 2, 4, 0, 4, 0, 0, 0, 0)),
    ROW("cmp eax,[rcx]", 64, "\x3B\x01", W(LINK_INSN_COMPARE, 2, 4, 0, 4, 1, 0, 0, 0)),
    ROW("rep movsd", 32, "\xF3\xA5", W(LINK_INSN_STRING, 2, 4, NONE, 0, 0, 1, 0, 0)),
    ROW("stosq", 64, "\x48\xAB", W(LINK_INSN_STRING, 2, 8, NONE, 0, 0, 0, 0, 0)),
    ROW("lodsb", 32, "\xAC", W(LINK_INSN_STRING, 1, 1, NONE, 0, 0, 0, 0, 0)),
    ROW("in eax,dx", 32, "\xED", W(LINK_INSN_PORT_IN, 1, 4, 0, 4, 0, 0, 1, 0)),
    ROW("in al,0x80", 64, "\xE4\x80", W(LINK_INSN_PORT_IN, 2, 1, 0, 1, 0, 0, 0, 0x80)),
    ROW("out dx,ax", 64, "\x66\xEF", W(LINK_INSN_PORT_OUT, 2, 2, 0, 2, 0, 0, 1, 0)),
    ROW("out 0xf1,al", 32, "\xE6\xF1", W(LINK_INSN_PORT_OUT, 2, 1, 0, 1, 0, 0, 0, 0xF1)),
    ROW("mov rbx,cr8", 64, "\x44\x0F\x20\xC3", W(LINK_INSN_READ_CR8, 4, 8, 3, 8, 0, 0, 0, 0)),
    ROW("mov cr8,r12", 64, "\x45\x0F\x22\xC4", W(LINK_INSN_WRITE_CR8, 4, 8, 12, 8, 0, 0, 0, 0)),
    ROW("cli", 32, "\xFA", W(LINK_INSN_CLI, 1, 0, NONE, 0, 0, 0, 0, 0)),
    ROW("sti", 64, "\xFB", W(LINK_INSN_STI, 1, 0, NONE, 0, 0, 0, 0, 0)),
    ROW("hlt", 64, "\xF4", W(LINK_INSN_HLT, 1, 0, NONE, 0, 0, 0, 0, 0)),
    ROW("int3", 64, "\xCC", W(LINK_INSN_INT3, 1, 0, NONE, 0, 0, 0, 0, 0)),
    ROW("mov cr0,rax", 64, "\x0F\x22\xC0", W(LINK_INSN_PRIVILEGED, 3, 0, NONE, 0, 0, 0, 0, 0)),
    ROW("wrmsr", 32, "\x0F\x30", W(LINK_INSN_PRIVILEGED, 2, 0, NONE, 0, 0, 0, 0, 0)),
    ROW("invlpg [eax]", 32, "\x0F\x01\x38", W(LINK_INSN_PRIVILEGED, 3, 0, NONE, 0, 0, 0, 0, 0)),
    ROW("lea eax,[ecx]", 32, "\x8D\x01", W(LINK_INSN_UNKNOWN, 2, 0, NONE, 0, 0, 0, 0, 0)),
    ROW("jo short", 32, "\x70\x10", F(LINK_INSN_JUMP_IF, 2, NONE, 0, NONE, NONE, 0, 0, 0x1012)),
    ROW("jg near", 64, "\x0F\x8F\xFA\xFF\xFF\xFF", F(LINK_INSN_JUMP_IF, 6, NONE, 0, NONE, NONE, 0, 15, 0x1000)),
    ROW("jmp short", 64, "\xEB\xFE", F(LINK_INSN_JUMP, 2, NONE, 0, NONE, NONE, 0, 0, 0x1000)),
    ROW("jmp near", 32, "\xE9\x01\x00\x00\x00", F(LINK_INSN_JUMP, 5, NONE, 0, NONE, NONE, 0, 0, 0x1006)),
    ROW("call near", 64, "\xE8\x01\x00\x00\x00", F(LINK_INSN_CALL, 5, NONE, 0, NONE, NONE, 0, 0, 0x1006)),
    ROW("call r11", 64, "\x41\xFF\xD3", F(LINK_INSN_CALL, 3, 11, 0, NONE, NONE, 0, 0, 0)),
    ROW("jmp eax", 32, "\xFF\xE0", F(LINK_INSN_JUMP, 2, 0, 0, NONE, NONE, 0, 0, 0)),
    ROW("call [rip+0x10]", 64, "\xFF\x15\x10\x00\x00\x00", F(LINK_INSN_CALL, 6, NONE, 1, NONE, NONE, 1, 0, 0x1016)),
    ROW("call [0x80001000]", 32, "\xFF\x15\x00\x10\x00\x80",
        F(LINK_INSN_CALL, 6, NONE, 1, NONE, NONE, 1, 0, 0xFFFFFFFF80001000u)),
    ROW("jmp [rax+rcx*8-8]", 64, "\xFF\x64\xC8\xF8", F(LINK_INSN_JUMP, 4, NONE, 1, 0, 1, 8, 0, -8)),
    ROW("ret", 32, "\xC3", F(LINK_INSN_RETURN, 1, NONE, 0, NONE, NONE, 0, 0, 0)),
    ROW("ret 8", 64, "\xC2\x08\x00", F(LINK_INSN_RETURN, 3, NONE, 0, NONE, NONE, 0, 0, 8)),
    ROW("loop", 64, "\xE2\xFE", F(LINK_INSN_FLOW, 2, NONE, 0, NONE, NONE, 0, 0, 0)),
    ROW("jecxz", 32, "\xE3\xFE", F(LINK_INSN_FLOW, 2, NONE, 0, NONE, NONE, 0, 0, 0)),
    ROW("call far [ecx]", 32, "\xFF\x19", F(LINK_INSN_FLOW, 2, NONE, 0, NONE, NONE, 0, 0, 0)),
    ROW("jmp fs:[ecx]", 32, "\x64\xFF\x21", F(LINK_INSN_FLOW, 3, NONE, 0, NONE, NONE, 0, 0, 0)),
    ROW("int 0x29", 64, "\xCD\x29", F(LINK_INSN_FLOW, 2, NONE, 0, NONE, NONE, 0, 0, 0)),
    ROW("no instruction", 64, "\x0F\xFF\xFF\x06", W(LINK_INSN_UNKNOWN, 0, 0, NONE, 0, 0, 0, 0, 0)),
};

static void check_row(const struct row *row, struct decoder *decoder) {
    struct link_insn got;
    const struct link_insn *want = &row->want;

    decoder_decode(decoder, (const uint8_t *)row->code, row->bytes, 0x1000, &got);
    if (got.kind != want->kind || got.size != want->size || got.reg != want->reg || got.reg_size != want->reg_size ||
        got.extend != want->extend || got.rep != want->rep || got.dx_port != want->dx_port || got.imm != want->imm ||
        got.memory != want->memory || got.base != want->base || got.index != want->index || got.scale != want->scale ||
        got.condition != want->condition || (want->length != 0 && got.length != want->length)) {
        fail_msg("%s (%s): kind %u length %u size %u reg %u reg_size %u extend %u rep %u dx %u imm %llx "
                 "memory %u base %u index %u scale %u condition %u", row->what,
                 got.text, got.kind, got.length, got.size, got.reg, got.reg_size, got.extend, got.rep, got.dx_port,
                 (unsigned long long)got.imm, got.memory, got.base, got.index, got.scale, got.condition);
    }
}

static void every_form_is_decoded_exactly(void **state) {
    struct decoder *decoder32 = decoder_create(32), *decoder64 = decoder_create(64);
    (void)state;
    assert_non_null(decoder32);
    assert_non_null(decoder64);
    for (size_t i = 0; i < sizeof s_rows / sizeof s_rows[0]; i++) {
        check_row(&s_rows[i], s_rows[i].bits == 64 ? decoder64 : decoder32);
    }
    decoder_destroy(decoder64);
    decoder_destroy(decoder32);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_form_is_decoded_exactly)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("decode", tests, NULL, NULL);
}
