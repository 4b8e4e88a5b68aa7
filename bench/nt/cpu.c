/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What a driver may see of the processor: the processor control region behind
 * gs (x64) or fs (x86), and the state that calls must preserve.
 */
#include "nt.h"

#include <asm/ldt.h>
#include <asm/prctl.h>
#include <cpuid.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EFLAGS_DIRECTION 0x400u
#define X87_CONTROL 0x37Fu /* of FNINIT */
#define X87_TAG_EMPTY 0xFFFFu
#define XSTATE_X87 1u
#define CPUID_FEATURES 1u
#define CPUID_OSXSAVE (1u << 27) /* ecx */
#define CPUID_XSTATE 0xDu
#define CPUID_XSTATE_IN_USE (1u << 2) /* eax of subleaf 1 */

/* Windows 7 SP1: KPCR.Prcb.CurrentThread is at gs:[188h] and fs:[124h], the self pointer at gs:[18h] and fs:[1Ch]. */
#if defined(__x86_64__)
#define PCR_SELF 0x18
#define PCR_PRCB_POINTER 0x20
#define PCR_PRCB 0x180
#define PCR_CURRENT_THREAD 0x188
#else
#define PCR_SELF 0x1C
#define PCR_PRCB_POINTER 0x20
#define PCR_PRCB 0x120
#define PCR_CURRENT_THREAD 0x124
#define PCR_EXCEPTION_LIST 0x00
#endif

static uint8_t pcr[0x5000] __attribute__((aligned(4096)));

static bool shows_in_use;

static void set(size_t offset, const void *value) { memcpy(pcr + offset, &value, sizeof value); }

void cpu_set_current_thread(struct thread *thread) { set(PCR_CURRENT_THREAD, thread); }

void **cpu_exception_list(void)
{
#if defined(__i386__)
    return (void **)(void *)(pcr + PCR_EXCEPTION_LIST);
#else
    static void *none;
    return &none;
#endif
}

static bool processor_shows_in_use(void)
{
    uint32_t a, b, c, d;

    if (!__get_cpuid(CPUID_FEATURES, &a, &b, &c, &d) || !(c & CPUID_OSXSAVE))
        return false;
    return __get_cpuid_count(CPUID_XSTATE, 1, &a, &b, &c, &d) && (a & CPUID_XSTATE_IN_USE);
}

void cpu_init(void)
{
    shows_in_use = processor_shows_in_use();
    set(PCR_SELF, pcr);
    set(PCR_PRCB_POINTER, pcr + PCR_PRCB);
#if defined(__x86_64__)
    if (syscall(SYS_arch_prctl, ARCH_SET_GS, pcr) != 0)
        bench_bug("cannot set the GS base");
#else
    struct user_desc segment = {.entry_number = (unsigned)-1, .base_addr = (unsigned)(uintptr_t)pcr,
                                .limit = sizeof pcr / PAGE_SIZE - 1, .seg_32bit = 1, .limit_in_pages = 1, .useable = 1};

    *cpu_exception_list() = (void *)(intptr_t)-1;
    if (syscall(SYS_set_thread_area, &segment) != 0)
        bench_bug("cannot set the FS segment");
    __asm__ volatile("movw %w0, %%fs" : : "q"(segment.entry_number * 8 + 3));
#endif
}

/* Has no x87 instruction run since the state was last initial? XGETBV with 1 in ecx shows which state is in use. */
static bool floating_point_is_untouched(void)
{
    uint32_t in_use, upper;

    if (!shows_in_use)
        return false;
    __asm__ volatile("xgetbv" : "=a"(in_use), "=d"(upper) : "c"(1));
    return !(in_use & XSTATE_X87);
}

/* The registers are empty already; but only with zeros in them, and without that address, is it the initial state. */
static void initialise_floating_point(void)
{
    __asm__ volatile("fldz; fldz; fldz; fldz; fldz; fldz; fldz; fldz; fninit");
}

/*
 * Windows keeps no x87 or MMX state for drivers: on x86 they must save it themselves, on x64 they may not use it at
 * all. The processor remembers the address of the last x87 instruction (its low 32 bits in this format).
 */
static void check_floating_point(const char *name)
{
    struct {
        uint32_t control, status, tag, instruction_pointer, opcode, operand, operand_segment;
    } environment;
    uintptr_t offset;

    if (floating_point_is_untouched())
        return;
    __asm__ volatile("fnstenv %0\n\tfldcw %0" : "=m"(environment) : : "memory"); /* it masks the exceptions */
    offset = (uint32_t)(environment.instruction_pointer - (uint32_t)(uintptr_t)g_image.base);
    if (offset < g_image.bytes && environment.instruction_pointer != 0 && image_contains_code(g_image.base + offset)) {
        g_blame = g_image.base + offset;
        violation("FLOATING_POINT", "x87 instruction of the driver before or in %s", name);
    }
    if ((environment.control & 0xFFFF) == X87_CONTROL && (environment.tag & 0xFFFF) == X87_TAG_EMPTY)
        initialise_floating_point(); /* so that the next check is cheap again */
}

void cpu_check_call(const char *name)
{
    uintptr_t flags;

#if defined(__x86_64__)
    __asm__ volatile("pushfq; pop %0; cld" : "=r"(flags));
#else
    __asm__ volatile("pushfl; pop %0; cld" : "=r"(flags));
#endif
    if (flags & EFLAGS_DIRECTION)
        violation("DIRECTION_FLAG", "the direction flag is set at %s", name);
    check_floating_point(name);
}
