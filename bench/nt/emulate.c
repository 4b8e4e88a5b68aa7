/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "emulate.h"

#include <string.h>

#define FLAG_CARRY 0x001u
#define FLAG_PARITY 0x004u
#define FLAG_ZERO 0x040u
#define FLAG_SIGN 0x080u
#define FLAG_TRAP 0x100u
#define FLAG_OVERFLOW 0x800u

#if defined(__x86_64__)
static const int slots[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                              REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
#define REG_PC REG_RIP
#define REG_FLAGS REG_EFL
#else
static const int slots[8] = {REG_EAX, REG_ECX, REG_EDX, REG_EBX, REG_ESP, REG_EBP, REG_ESI, REG_EDI};
#define REG_PC REG_EIP
#define REG_FLAGS REG_EFL
#endif
enum { AX = 0, CX = 1, DX = 2, SP = 4, SI = 6, DI = 7 };

static uint64_t mask_of(unsigned size) { return size >= 8 ? UINT64_MAX : (1ull << (8 * size)) - 1; }

static greg_t *slot(ucontext_t *context, unsigned reg)
{
    reg &= ~LINK_REG_HIGH_BYTE;
    if (reg >= LENGTH_OF(slots))
        bench_bug("the decoder names register %u", reg);
    return &context->uc_mcontext.gregs[slots[reg]];
}

static uint64_t get(ucontext_t *context, unsigned reg, unsigned size)
{
    uint64_t value = (uint64_t)(uintptr_t)*slot(context, reg);

    if (reg & LINK_REG_HIGH_BYTE)
        return (value >> 8) & 0xFF;
    return value & mask_of(size);
}

static void set(ucontext_t *context, unsigned reg, unsigned size, uint64_t value)
{
    greg_t *at = slot(context, reg);
    uint64_t old = (uint64_t)(uintptr_t)*at;

    if (reg & LINK_REG_HIGH_BYTE)
        value = (old & ~0xFF00ull) | ((value & 0xFF) << 8);
    else if (size < 4)
        value = (old & ~mask_of(size)) | (value & mask_of(size));
    else if (size == 4)
        value &= 0xFFFFFFFFull; /* clears the upper half on x64 */
    *at = (greg_t)value;
}

static uint64_t extended(uint64_t value, unsigned size, unsigned extend)
{
    if (extend == 2 && size < 8 && (value >> (8 * size - 1)) & 1)
        return value | ~mask_of(size);
    return value;
}

static void step(ucontext_t *context, const struct link_insn *insn)
{
    context->uc_mcontext.gregs[REG_PC] += insn->length;
}

static bool starts_with(const char *text, const char *prefix) { return strncmp(text, prefix, strlen(prefix)) == 0; }

/* Flags of `left - right` or `left & right`, as cmp and test set them. */
static void set_flags(ucontext_t *context, uint64_t left, uint64_t right, unsigned size, bool is_test)
{
    uint64_t mask = mask_of(size), top = 1ull << (8 * size - 1);
    uint64_t result = (is_test ? left & right : left - right) & mask;
    greg_t *flags = &context->uc_mcontext.gregs[REG_FLAGS];
    unsigned long value = (unsigned long)*flags;

    value &= ~(unsigned long)(FLAG_CARRY | FLAG_PARITY | FLAG_ZERO | FLAG_SIGN | FLAG_OVERFLOW);
    if (result == 0)
        value |= FLAG_ZERO;
    if (result & top)
        value |= FLAG_SIGN;
    if (!__builtin_parity((unsigned)(result & 0xFF)))
        value |= FLAG_PARITY;
    if (!is_test && (left & mask) < (right & mask))
        value |= FLAG_CARRY;
    if (!is_test && ((left ^ right) & (left ^ result) & top))
        value |= FLAG_OVERFLOW;
    *flags = (greg_t)value;
}

static void compare(ucontext_t *context, const struct link_insn *insn, uint64_t memory)
{
    uint64_t other = insn->reg == LINK_REG_NONE ? insn->imm & mask_of(insn->size) : get(context, insn->reg, insn->size);
    bool is_test = starts_with(insn->text, "test");
    const char *operand = strchr(insn->text, ' ');
    const char *bracket = strchr(insn->text, '['), *comma = strchr(insn->text, ',');
    bool memory_second = operand != NULL && bracket != NULL && comma != NULL && comma < bracket;

    if (memory_second)
        set_flags(context, other, memory, insn->size, is_test);
    else
        set_flags(context, memory, other, insn->size, is_test);
}

/* rep movs, stos, lods against registers: one element at a time, as READ_REGISTER_BUFFER does. */
static void string(ucontext_t *context, const struct link_insn *insn, struct block *io)
{
    unsigned word = sizeof(void *);
    uint64_t count = insn->rep ? get(context, CX, word) : 1;
    bool load = starts_with(insn->text, "lods") || strstr(insn->text, "lods") != NULL;
    bool move = strstr(insn->text, "movs") != NULL;

    for (; count > 0; count--) {
        uint64_t value = get(context, AX, insn->size);

        if (load || move) {
            void *from = (void *)(uintptr_t)get(context, SI, word);

            if (arena_find(from) == io)
                value = register_read(io, from, insn->size);
            else
                memcpy(&value, from, insn->size);
            set(context, SI, word, (uint64_t)(uintptr_t)from + insn->size);
        }
        if (load) {
            set(context, AX, insn->size, value);
        } else {
            void *to = (void *)(uintptr_t)get(context, DI, word);

            if (arena_find(to) == io)
                register_write(io, to, insn->size, value);
            else
                memcpy(to, &value, insn->size);
            set(context, DI, word, (uint64_t)(uintptr_t)to + insn->size);
        }
        if (insn->rep)
            set(context, CX, word, count - 1);
    }
}

void emulate_register(ucontext_t *context, const void *pc, struct block *io, void *va)
{
    const struct link_insn *insn = host_decode(pc);
    uint64_t value;

    switch (insn->kind) {
    case LINK_INSN_LOAD:
        value = register_read(io, va, insn->size);
        set(context, insn->reg, insn->reg_size, extended(value, insn->size, insn->extend));
        break;
    case LINK_INSN_STORE:
        value = insn->reg == LINK_REG_NONE ? insn->imm : get(context, insn->reg, insn->size);
        register_write(io, va, insn->size, value & mask_of(insn->size));
        break;
    case LINK_INSN_COMPARE:
        compare(context, insn, register_read(io, va, insn->size));
        break;
    case LINK_INSN_STRING:
        string(context, insn, io);
        break;
    case LINK_INSN_RMW:
        violation("REGISTER_RMW", "'%s' reads and writes a device register", insn->text);
    default:
        violation("REGISTER_WIDTH", "'%s' on a device register", insn->text);
    }
    step(context, insn);
}

/* ---- the page with the system time ---- */

static struct {
    bool active;
    bool traced; /* the trap flag was set before */
    unsigned reg;
    uint64_t original, moved;
} stepping;

/* Lets the processor run one instruction with the register that points at the page moved to the copy. */
static void step_on_copy(ucontext_t *context, const struct link_insn *insn, uintptr_t page)
{
    unsigned reg;

    for (reg = 0; reg < LENGTH_OF(slots); reg++) {
        uint64_t value = get(context, reg, sizeof(void *));

        if (value - page >= PAGE_SIZE)
            continue;
        stepping.active = true;
        stepping.traced = (context->uc_mcontext.gregs[REG_FLAGS] & FLAG_TRAP) != 0;
        stepping.reg = reg;
        stepping.original = value;
        stepping.moved = value - page + (uintptr_t)clock_shared_data();
        set(context, reg, sizeof(void *), stepping.moved);
        context->uc_mcontext.gregs[REG_FLAGS] |= FLAG_TRAP;
        return;
    }
    bench_bug("'%s' reads KUSER_SHARED_DATA in a way that is not carried out", insn->text);
}

bool emulate_step_active(void) { return stepping.active; }

bool emulate_step_done(ucontext_t *context)
{
    if (!stepping.active)
        return false;
    stepping.active = false;
    if (!stepping.traced)
        context->uc_mcontext.gregs[REG_FLAGS] &= ~(greg_t)FLAG_TRAP;
    if (get(context, stepping.reg, sizeof(void *)) == stepping.moved)
        set(context, stepping.reg, sizeof(void *), stepping.original);
    return true;
}

void emulate_shared_data(ucontext_t *context, const void *pc, size_t offset)
{
    const struct link_insn *insn = host_decode(pc);
    uint64_t value = 0;

    if (offset + insn->size > sizeof(KUSER_SHARED_DATA))
        violation("WILD_ACCESS", "read beyond KUSER_SHARED_DATA");
    memcpy(&value, (const uint8_t *)clock_shared_data() + offset, MIN(insn->size, sizeof value));
    if (insn->kind != LINK_INSN_LOAD) {
        step_on_copy(context, insn, (uintptr_t)SHARED_DATA_ADDRESS);
        return;
    }
    set(context, insn->reg, insn->reg_size, extended(value, insn->size, insn->extend));
    step(context, insn);
}

static void write_cr8(ucontext_t *context, const struct link_insn *insn)
{
    uint64_t irql = get(context, insn->reg, sizeof(void *));

    if (irql > HIGH_LEVEL)
        violation("PRIVILEGED", "CR8 is set to %llu", (unsigned long long)irql);
    if (irql >= irql_current())
        irql_raise((KIRQL)irql);
    else
        irql_lower((KIRQL)irql);
}

static void port(ucontext_t *context, const struct link_insn *insn)
{
    uint32_t number = insn->dx_port ? (uint32_t)get(context, DX, 2) : (uint32_t)insn->imm & 0xFF;

    if (insn->kind == LINK_INSN_PORT_IN)
        set(context, AX, insn->size, port_read(number, insn->size));
    else
        port_write(number, insn->size, (uint32_t)get(context, AX, insn->size));
}

void emulate_privileged(ucontext_t *context, const void *pc)
{
    const struct link_insn *insn = host_decode(pc);

    g_blame = pc;
    switch (insn->kind) {
    case LINK_INSN_READ_CR8:
        step(context, insn);
        set(context, insn->reg, sizeof(void *), irql_current());
        return;
    case LINK_INSN_WRITE_CR8:
        step(context, insn); /* first: what is delivered below must not see this instruction again */
        write_cr8(context, insn);
        return;
    case LINK_INSN_PORT_IN:
    case LINK_INSN_PORT_OUT:
        port(context, insn);
        step(context, insn);
        return;
    case LINK_INSN_LOAD:
    case LINK_INSN_STORE:
    case LINK_INSN_RMW:
    case LINK_INSN_COMPARE:
    case LINK_INSN_STRING:
        violation("WILD_ACCESS", "'%s' with an address that no x64 processor accepts, or a misaligned SSE operand",
                  insn->text);
    case LINK_INSN_INT3:
        violation("BREAKPOINT", "breakpoint instruction");
    default:
        violation("PRIVILEGED", "'%s'", insn->text);
    }
}

/* ---- jumps, calls and returns ---- */

bool emulate_condition(unsigned condition, unsigned long flags)
{
    bool less = !(flags & FLAG_SIGN) != !(flags & FLAG_OVERFLOW);
    const bool table[8] = {(flags & FLAG_OVERFLOW) != 0,
                           (flags & FLAG_CARRY) != 0,
                           (flags & FLAG_ZERO) != 0,
                           (flags & (FLAG_CARRY | FLAG_ZERO)) != 0,
                           (flags & FLAG_SIGN) != 0,
                           (flags & FLAG_PARITY) != 0,
                           less,
                           less || (flags & FLAG_ZERO)};

    return table[condition >> 1] != (condition & 1);
}

static uintptr_t target_of(ucontext_t *context, const struct link_insn *insn)
{
    uintptr_t address = (uintptr_t)insn->imm;

    if (insn->reg != LINK_REG_NONE)
        return (uintptr_t)*slot(context, insn->reg);
    if (!insn->memory)
        return address;
    if (insn->base != LINK_REG_NONE)
        address += (uintptr_t)*slot(context, insn->base);
    if (insn->index != LINK_REG_NONE)
        address += (uintptr_t)*slot(context, insn->index) * insn->scale;
    return *(const uintptr_t *)address;
}

void emulate_flow(ucontext_t *context, const struct link_insn *insn)
{
    greg_t *pc = &context->uc_mcontext.gregs[REG_PC], *sp = slot(context, SP);
    uintptr_t next = (uintptr_t)*pc + insn->length, target;

    if (insn->kind == LINK_INSN_RETURN) {
        target = *(const uintptr_t *)(uintptr_t)*sp;
        *sp += (greg_t)(sizeof(void *) + insn->imm);
    } else if (insn->kind == LINK_INSN_JUMP_IF &&
               !emulate_condition(insn->condition, (unsigned long)context->uc_mcontext.gregs[REG_FLAGS])) {
        target = next;
    } else {
        target = target_of(context, insn);
    }
    if (insn->kind == LINK_INSN_CALL) {
        *sp -= (greg_t)sizeof(void *);
        *(uintptr_t *)(uintptr_t)*sp = next;
    }
    *pc = (greg_t)target;
}
