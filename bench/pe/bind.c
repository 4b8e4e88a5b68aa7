/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Binds imports to the bench's exports. Each import gets a stub of its own that
 * reports the call (who, at which IRQL) and then jumps to the implementation
 * with registers and stack untouched, so any calling convention passes through.
 */
#include "image.h"
#include "../nt/steppoint.h"

#include <string.h>
#include <strings.h>
#include <sys/mman.h>

#define STUB_BYTES 32u
#define STUB_AREA_BYTES (64u * 1024u)
#define BUSY_CALLS_LIMIT 20000000u

extern const struct nt_export __start_nt_exports[], __stop_nt_exports[];

static struct import imports[STUB_AREA_BYTES / STUB_BYTES];
static unsigned import_count;
static uint8_t *stubs;
static uint64_t calls_since_time, time_of_calls;

void bind_common(void); /* below: entered from every stub */

/* Called by every stub. `sp` points at the return address. Returns where to go on. */
__attribute__((used)) NTAPI const void *bind_enter(const struct import *import, const uintptr_t *sp)
{
    const struct nt_export *export = import->export;
    const uint8_t *caller = steps_caller(sp);

    g_blame = caller - 1;
    thread_check_stack((uintptr_t)sp);
    cpu_check_call(export->name);
    if (irql_current() > export->irql)
        violation("IRQL_TOO_HIGH", "%s at IRQL %u; the highest allowed is %u", export->name, irql_current(),
                  export->irql);
    if (time_of_calls != clock_now_ns()) {
        time_of_calls = clock_now_ns();
        calls_since_time = 0;
    } else if (++calls_since_time > BUSY_CALLS_LIMIT) {
        violation("BUSY_LOOP", "%u calls without any time passing; the last was %s", BUSY_CALLS_LIMIT, export->name);
    }
    trace("call %s from %s", export->name, host_symbol(g_blame));
    step_point();
    deliver_pending();
    g_blame = caller - 1;
    return export->address;
}

#if defined(__x86_64__)
/* r11: the import. Keeps the four argument registers, the xmm ones that can carry arguments, and rax. */
__asm__(".text\n"
        ".globl bind_common\n"
        "bind_common:\n"
        "    push %rcx\n    push %rdx\n    push %r8\n    push %r9\n    push %rax\n"
        "    lea 40(%rsp), %rdx\n"
        "    sub $0x60, %rsp\n"
        "    movups %xmm0, 0x20(%rsp)\n    movups %xmm1, 0x30(%rsp)\n"
        "    movups %xmm2, 0x40(%rsp)\n    movups %xmm3, 0x50(%rsp)\n"
        "    mov %r11, %rcx\n"
        "    call bind_enter\n"
        "    mov %rax, %r11\n"
        "    movups 0x20(%rsp), %xmm0\n    movups 0x30(%rsp), %xmm1\n"
        "    movups 0x40(%rsp), %xmm2\n    movups 0x50(%rsp), %xmm3\n"
        "    add $0x60, %rsp\n"
        "    pop %rax\n    pop %r9\n    pop %r8\n    pop %rdx\n    pop %rcx\n"
        "    jmp *%r11\n");

static void write_stub(uint8_t *at, const struct import *import)
{
    void (*common)(void) = bind_common;

    *at++ = 0x49; /* mov r11, import */
    *at++ = 0xBB;
    memcpy(at, &import, 8);
    at += 8;
    *at++ = 0xFF; /* jmp [rip+0] */
    *at++ = 0x25;
    memset(at, 0, 4);
    memcpy(at + 4, &common, 8);
}
#else
__asm__(".text\n"
        ".globl bind_common\n"
        "bind_common:\n"
        "    pusha\n"
        "    lea 36(%esp), %eax\n"
        "    mov 32(%esp), %edx\n"
        "    push %eax\n"
        "    push %edx\n"
        "    call bind_enter\n" /* stdcall */
        "    mov %eax, 32(%esp)\n"
        "    popa\n"
        "    ret\n"); /* to the implementation; the stack is as the caller left it */

static void write_stub(uint8_t *at, const struct import *import)
{
    void (*common)(void) = bind_common;
    int32_t distance;

    *at++ = 0x68; /* push import */
    memcpy(at, &import, 4);
    at += 4;
    *at++ = 0xE9; /* jmp bind_common */
    distance = (int32_t)((uintptr_t)common - ((uintptr_t)at + 4));
    memcpy(at, &distance, 4);
}
#endif

static const struct nt_export *find_export(const char *module, const char *name)
{
    const struct nt_export *export;

    for (export = __start_nt_exports; export < __stop_nt_exports; export++)
        if (strcasecmp(export->module, module) == 0 && strcmp(export->name, name) == 0)
            return export;
    return NULL;
}

void *bind_import(const char *module, const char *name)
{
    const struct nt_export *export = find_export(module, name);
    struct import *import;
    uint8_t *stub;

    if (export == NULL)
        bad_image("unresolved import: %s!%s", module, name);
    if (export->is_data)
        return (void *)export->address;
    if (stubs == NULL) {
        stubs = mmap(NULL, STUB_AREA_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (stubs == MAP_FAILED)
            bench_bug("no memory for import stubs");
    }
    if (import_count == LENGTH_OF(imports))
        bad_image("more than %zu imports", LENGTH_OF(imports));
    import = &imports[import_count];
    stub = stubs + STUB_BYTES * import_count++;
    import->export = export;
    import->stub = stub;
    mprotect(stubs, STUB_AREA_BYTES, PROT_READ | PROT_WRITE);
    write_stub(stub, import);
    mprotect(stubs, STUB_AREA_BYTES, PROT_READ | PROT_EXEC);
    return stub;
}

void bind_forget(void) { import_count = 0; }

/* MmGetSystemRoutineAddress. */
void *bind_find(const char *name)
{
    if (find_export("ntoskrnl.exe", name) != NULL)
        return bind_import("ntoskrnl.exe", name);
    return find_export("hal.dll", name) != NULL ? bind_import("hal.dll", name) : NULL;
}
