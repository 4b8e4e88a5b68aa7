/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "decode.h"

#include <capstone/capstone.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct decoder {
    csh handle;
    cs_insn *insn;
};

/* Hardware numbers of the registers, by width; a row per number. */
static const struct {
    x86_reg r64, r32, r16, r8, xmm;
} s_registers[16] = {
    {X86_REG_RAX, X86_REG_EAX, X86_REG_AX, X86_REG_AL, X86_REG_XMM0},
    {X86_REG_RCX, X86_REG_ECX, X86_REG_CX, X86_REG_CL, X86_REG_XMM1},
    {X86_REG_RDX, X86_REG_EDX, X86_REG_DX, X86_REG_DL, X86_REG_XMM2},
    {X86_REG_RBX, X86_REG_EBX, X86_REG_BX, X86_REG_BL, X86_REG_XMM3},
    {X86_REG_RSP, X86_REG_ESP, X86_REG_SP, X86_REG_SPL, X86_REG_XMM4},
    {X86_REG_RBP, X86_REG_EBP, X86_REG_BP, X86_REG_BPL, X86_REG_XMM5},
    {X86_REG_RSI, X86_REG_ESI, X86_REG_SI, X86_REG_SIL, X86_REG_XMM6},
    {X86_REG_RDI, X86_REG_EDI, X86_REG_DI, X86_REG_DIL, X86_REG_XMM7},
    {X86_REG_R8, X86_REG_R8D, X86_REG_R8W, X86_REG_R8B, X86_REG_XMM8},
    {X86_REG_R9, X86_REG_R9D, X86_REG_R9W, X86_REG_R9B, X86_REG_XMM9},
    {X86_REG_R10, X86_REG_R10D, X86_REG_R10W, X86_REG_R10B, X86_REG_XMM10},
    {X86_REG_R11, X86_REG_R11D, X86_REG_R11W, X86_REG_R11B, X86_REG_XMM11},
    {X86_REG_R12, X86_REG_R12D, X86_REG_R12W, X86_REG_R12B, X86_REG_XMM12},
    {X86_REG_R13, X86_REG_R13D, X86_REG_R13W, X86_REG_R13B, X86_REG_XMM13},
    {X86_REG_R14, X86_REG_R14D, X86_REG_R14W, X86_REG_R14B, X86_REG_XMM14},
    {X86_REG_R15, X86_REG_R15D, X86_REG_R15W, X86_REG_R15B, X86_REG_XMM15},
};

static const x86_reg s_high_bytes[4] = {X86_REG_AH, X86_REG_CH, X86_REG_DH, X86_REG_BH};

/* Instructions whose first operand is memory that they read and write back. */
static const unsigned s_rmw[] = {X86_INS_AND,  X86_INS_OR,   X86_INS_XOR, X86_INS_ADD, X86_INS_SUB,     X86_INS_INC,
                                 X86_INS_DEC,  X86_INS_NOT,  X86_INS_NEG, X86_INS_ADC, X86_INS_SBB,     X86_INS_SHL,
                                 X86_INS_SHR,  X86_INS_SAR,  X86_INS_ROL, X86_INS_ROR, X86_INS_BTS,     X86_INS_BTR,
                                 X86_INS_BTC,  X86_INS_XADD, X86_INS_XCHG, X86_INS_CMPXCHG};
static const unsigned s_compare[] = {X86_INS_CMP, X86_INS_TEST, X86_INS_BT};
static const unsigned s_moves[] = {X86_INS_MOV,    X86_INS_MOVABS, X86_INS_MOVNTI,  X86_INS_MOVAPS,  X86_INS_MOVUPS,
                                   X86_INS_MOVDQA, X86_INS_MOVDQU, X86_INS_MOVAPD,  X86_INS_MOVUPD,  X86_INS_MOVD,
                                   X86_INS_MOVQ,   X86_INS_MOVSD,  X86_INS_MOVSS,   X86_INS_MOVNTPS, X86_INS_MOVNTDQ};

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static bool listed(const unsigned *list, size_t count, unsigned id) {
    for (size_t i = 0; i < count; i++) {
        if (list[i] == id) {
            return true;
        }
    }
    return false;
}

static uint8_t register_number(x86_reg reg) {
    for (unsigned i = 0; i < COUNT(s_registers); i++) {
        if (reg == s_registers[i].r64 || reg == s_registers[i].r32 || reg == s_registers[i].r16 ||
            reg == s_registers[i].r8 || reg == s_registers[i].xmm) {
            return (uint8_t)i;
        }
    }
    for (unsigned i = 0; i < COUNT(s_high_bytes); i++) {
        if (reg == s_high_bytes[i]) {
            return (uint8_t)(i | LINK_REG_HIGH_BYTE);
        }
    }
    return LINK_REG_NONE;
}

static uint64_t sign_extend(int64_t value, unsigned size) {
    unsigned shift = size < 8 ? 64 - 8 * size : 0;
    return (uint64_t)((int64_t)((uint64_t)value << shift) >> shift);
}

/* Puts a register or immediate operand beside a memory operand of `insn->size` bytes. */
static void set_other(struct link_insn *insn, const cs_x86_op *op) {
    if (op->type == X86_OP_REG) {
        insn->reg = register_number(op->reg);
        insn->reg_size = op->size;
    } else if (op->type == X86_OP_IMM) {
        insn->imm = sign_extend(op->imm, insn->size);
    }
}

static bool decode_string(struct link_insn *insn, const cs_insn *in) {
    const cs_x86 *x = &in->detail->x86;

    switch (x->opcode[0]) {
    case 0xA4: case 0xA5: case 0xAA: case 0xAB: case 0xAC: case 0xAD:
        break;
    default:
        return false;
    }
    insn->kind = LINK_INSN_STRING;
    insn->size = x->operands[0].size;
    insn->rep = x->prefix[0] == X86_PREFIX_REP || x->prefix[0] == X86_PREFIX_REPNE;
    return true;
}

static bool decode_port(struct link_insn *insn, const cs_insn *in) {
    const cs_x86 *x = &in->detail->x86;
    bool input = in->id == X86_INS_IN;

    if ((!input && in->id != X86_INS_OUT) || x->op_count != 2) {
        return false;
    }
    const cs_x86_op *data = &x->operands[input ? 0 : 1], *port = &x->operands[input ? 1 : 0];
    insn->kind = input ? LINK_INSN_PORT_IN : LINK_INSN_PORT_OUT;
    insn->reg = register_number(data->reg);
    insn->size = insn->reg_size = data->size;
    insn->dx_port = port->type == X86_OP_REG;
    insn->imm = insn->dx_port ? 0 : (uint64_t)port->imm & 0xFFu;
    return true;
}

static bool decode_cr8(struct link_insn *insn, const cs_insn *in) {
    const cs_x86 *x = &in->detail->x86;

    if (in->id != X86_INS_MOV || x->op_count != 2 || x->operands[0].type != X86_OP_REG ||
        x->operands[1].type != X86_OP_REG) {
        return false;
    }
    bool write = x->operands[0].reg == X86_REG_CR8;
    if (!write && x->operands[1].reg != X86_REG_CR8) {
        return false;
    }
    insn->kind = write ? LINK_INSN_WRITE_CR8 : LINK_INSN_READ_CR8;
    insn->reg = register_number(x->operands[write ? 1 : 0].reg);
    insn->size = insn->reg_size = 8;
    return true;
}

static bool decode_state(struct link_insn *insn, const cs_insn *in) {
    static const struct {
        unsigned id;
        uint8_t kind;
    } plain[] = {{X86_INS_CLI, LINK_INSN_CLI}, {X86_INS_STI, LINK_INSN_STI}, {X86_INS_HLT, LINK_INSN_HLT},
                 {X86_INS_INT3, LINK_INSN_INT3}};

    for (size_t i = 0; i < COUNT(plain); i++) {
        if (in->id == plain[i].id) {
            insn->kind = plain[i].kind;
            return true;
        }
    }
    for (uint8_t i = 0; i < in->detail->groups_count; i++) {
        if (in->detail->groups[i] == X86_GRP_PRIVILEGE) {
            insn->kind = LINK_INSN_PRIVILEGED;
            return true;
        }
    }
    return false;
}

static bool is_flow(const cs_insn *in) {
    for (uint8_t i = 0; i < in->detail->groups_count; i++) {
        switch (in->detail->groups[i]) {
        case X86_GRP_JUMP: case X86_GRP_CALL: case X86_GRP_RET: case X86_GRP_INT: case X86_GRP_IRET:
        case X86_GRP_BRANCH_RELATIVE: /* loop has only this one */
            return true;
        default:
            break;
        }
    }
    return false;
}

/* Where a jump or call leads. */
static void decode_target(struct link_insn *insn, const cs_insn *in) {
    const cs_x86_op *op = &in->detail->x86.operands[0];

    if (op->type == X86_OP_REG) {
        insn->reg = register_number(op->reg);
    } else if (op->type == X86_OP_IMM) {
        insn->imm = (uint64_t)op->imm;
    } else {
        insn->memory = 1;
        insn->base = register_number(op->mem.base);
        insn->index = register_number(op->mem.index);
        insn->scale = (uint8_t)op->mem.scale;
        insn->imm = (uint64_t)op->mem.disp + (op->mem.base == X86_REG_RIP ? in->address + in->size : 0);
    }
}

/* Prefixes other than rep's make any of these LINK_INSN_FLOW. */
static bool decode_flow(struct link_insn *insn, const cs_insn *in) {
    const cs_x86 *x = &in->detail->x86;
    uint8_t first = x->opcode[0], jump = first == 0x0F ? x->opcode[1] : (uint8_t)(first + 0x10);
    unsigned extension = (x->modrm >> 3) & 7u;

    if (!is_flow(in)) {
        return false;
    }
    insn->kind = LINK_INSN_FLOW;
    if (x->prefix[1] != 0 || x->prefix[2] != 0 || x->prefix[3] != 0) {
        return true;
    }
    if (jump >= 0x80 && jump <= 0x8F) {
        insn->kind = LINK_INSN_JUMP_IF;
        insn->condition = jump & 0xFu;
    } else if (first == 0xEB || first == 0xE9 || (first == 0xFF && extension == 4)) {
        insn->kind = LINK_INSN_JUMP;
    } else if (first == 0xE8 || (first == 0xFF && extension == 2)) {
        insn->kind = LINK_INSN_CALL;
    } else if (first == 0xC3 || first == 0xC2) {
        insn->kind = LINK_INSN_RETURN;
        insn->imm = x->op_count != 0 ? (uint64_t)x->operands[0].imm : 0;
        return true;
    }
    if (insn->kind != LINK_INSN_FLOW) {
        decode_target(insn, in);
    }
    return true;
}

/* `load`: the register is the first operand, memory the second. */
static void decode_memory(struct link_insn *insn, const cs_insn *in, bool load) {
    const cs_x86 *x = &in->detail->x86;
    const cs_x86_op *memory = &x->operands[load ? 1 : 0];
    bool swapped = load && (in->id == X86_INS_XCHG || listed(s_compare, COUNT(s_compare), in->id));

    insn->size = memory->size;
    if (x->op_count == 2) {
        set_other(insn, &x->operands[load ? 0 : 1]);
    }
    if (listed(s_compare, COUNT(s_compare), in->id)) {
        insn->kind = LINK_INSN_COMPARE;
        insn->extend = swapped;
    } else if (listed(s_rmw, COUNT(s_rmw), in->id) && (!load || swapped)) {
        insn->kind = LINK_INSN_RMW;
    } else if (load && in->id == X86_INS_MOVZX) {
        insn->kind = LINK_INSN_LOAD;
        insn->extend = 1;
    } else if (load && (in->id == X86_INS_MOVSX || in->id == X86_INS_MOVSXD)) {
        insn->kind = LINK_INSN_LOAD;
        insn->extend = 2;
    } else if (listed(s_moves, COUNT(s_moves), in->id)) {
        insn->kind = load ? LINK_INSN_LOAD : LINK_INSN_STORE;
    }
}

static void classify(struct link_insn *insn, const cs_insn *in) {
    const cs_x86 *x = &in->detail->x86;

    if (decode_string(insn, in) || decode_port(insn, in) || decode_cr8(insn, in) || decode_state(insn, in) ||
        decode_flow(insn, in)) {
        return;
    }
    for (uint8_t i = 0; i < x->op_count && i < 2; i++) {
        if (x->operands[i].type == X86_OP_MEM && in->id != X86_INS_LEA) {
            decode_memory(insn, in, i == 1);
            return;
        }
    }
}

struct decoder *decoder_create(unsigned bits) {
    struct decoder *decoder = calloc(1, sizeof *decoder);

    if (decoder == NULL || cs_open(CS_ARCH_X86, bits == 64 ? CS_MODE_64 : CS_MODE_32, &decoder->handle) != CS_ERR_OK) {
        free(decoder);
        return NULL;
    }
    cs_option(decoder->handle, CS_OPT_DETAIL, CS_OPT_ON);
    decoder->insn = cs_malloc(decoder->handle);
    if (decoder->insn == NULL) {
        decoder_destroy(decoder);
        return NULL;
    }
    return decoder;
}

void decoder_destroy(struct decoder *decoder) {
    if (decoder == NULL) {
        return;
    }
    if (decoder->insn != NULL) {
        cs_free(decoder->insn, 1);
    }
    cs_close(&decoder->handle);
    free(decoder);
}

void decoder_decode(struct decoder *decoder, const uint8_t *code, size_t bytes, uint64_t address,
                    struct link_insn *insn) {
    memset(insn, 0, sizeof *insn);
    insn->reg = insn->base = insn->index = LINK_REG_NONE;
    if (!cs_disasm_iter(decoder->handle, &code, &bytes, &address, decoder->insn)) {
        snprintf(insn->text, sizeof insn->text, "(bad)");
        return;
    }
    insn->length = (uint8_t)decoder->insn->size;
    snprintf(insn->text, sizeof insn->text, "%.10s %.20s", decoder->insn->mnemonic, decoder->insn->op_str);
    classify(insn, decoder->insn);
}
