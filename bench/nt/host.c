/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The guest's end of the link to the host process (bench/include/link.h). One request at a time, from one thread. */
#include "nt.h"
#include "../pe/image.h"
#include "../seat/seat.h"
#include "../include/turn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#define DECODE_CACHE_SLOTS 4096u
#define CODE_BYTES 16u

struct link *g_link;
static int link_file = -1;
static pid_t parent;
static bool gone;
static bool busy;
static bool seated; /* the device is in this process */

void host_attach(int link_fd)
{
    void *page = mmap(NULL, LINK_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, link_fd, 0);

    if (page == MAP_FAILED) {
        fprintf(stderr, "guest: cannot map the link page: %s\n", strerror(errno));
        exit(LINK_EXIT_INTERNAL);
    }
    g_link = page;
    link_file = link_fd;
    if (g_link->magic != LINK_MAGIC) {
        fprintf(stderr, "guest: the link page has no magic; start this program through the host\n");
        exit(LINK_EXIT_INTERNAL);
    }
    parent = getppid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

void host_map_link(void *address, size_t bytes, size_t offset)
{
    if (mmap(address, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, link_file, (off_t)offset) == MAP_FAILED)
        bench_bug("cannot map the link's file: %s", strerror(errno));
}

void host_seat_device(void)
{
    if (!g_link->options.device_in_guest)
        return;
    if (!seat_open(g_link, g_ram, g_ram_bytes))
        exit(LINK_EXIT_INTERNAL);
    seated = true;
}

/* The device works in this process, on a stack of its own. */
static void serve_here(enum link_op op)
{
    if (busy)
        bench_bug("nested request to the device: op %d inside op %u", op, g_link->op);
    busy = true;
    g_link->op = op;
    g_link->result.virtual_ns = clock_now_ns();
    thread_call_on_device_stack(op == LINK_OP_MARK ? seat_mark : seat_serve);
    busy = false;
}

/* Hands the page to the host and waits for it back. */
static void exchange(enum link_op op)
{
    static const struct timespec patience = {.tv_sec = 1, .tv_nsec = 0};

    if (seated && op <= LINK_OP_ADVANCE) {
        serve_here(op);
        return;
    }
    if (busy)
        bench_bug("nested exchange with the host: op %d inside op %u", op, g_link->op);
    busy = true;
    g_link->op = op;
    g_link->result.virtual_ns = clock_now_ns();
    turn_give(g_link, LINK_HOST);
    while (!turn_await(g_link, LINK_GUEST, &patience)) {
        if (getppid() != parent)
            _exit(LINK_EXIT_INTERNAL); /* the host is gone, nobody reads an answer */
    }
    busy = false;
}

static uint64_t all_ones(unsigned size) { return size >= 8 ? UINT64_MAX : (1ull << (8 * size)) - 1; }

uint32_t host_config_read(uint32_t offset, unsigned size)
{
    if (gone)
        return (uint32_t)all_ones(size);
    g_link->a = offset;
    g_link->size = size;
    exchange(LINK_OP_CONFIG_READ);
    return (uint32_t)(g_link->value & all_ones(size));
}

void host_config_write(uint32_t offset, unsigned size, uint32_t value)
{
    if (gone)
        return;
    g_link->a = offset;
    g_link->size = size;
    g_link->value = value;
    exchange(LINK_OP_CONFIG_WRITE);
}

uint64_t host_bar_read(unsigned bar, uint64_t offset, unsigned size)
{
    if (gone)
        return all_ones(size);
    g_link->bar = bar;
    g_link->a = offset;
    g_link->size = size;
    exchange(LINK_OP_BAR_READ);
    return g_link->value & all_ones(size);
}

void host_bar_write(unsigned bar, uint64_t offset, unsigned size, uint64_t value)
{
    if (gone)
        return;
    g_link->bar = bar;
    g_link->a = offset;
    g_link->size = size;
    g_link->value = value;
    exchange(LINK_OP_BAR_WRITE);
    if (g_link->value != LINK_NOWHERE)
        violation("DMA_LENT_TWICE", "%#llx is in a chain now posted, and in another that was not given back; the "
                  "device may write it", (unsigned long long)g_link->value);
}

uint64_t host_advance(uint64_t until_ns)
{
    if (gone)
        return until_ns;
    g_link->a = until_ns;
    exchange(LINK_OP_ADVANCE);
    return g_link->a;
}

void host_power(bool on)
{
    if (gone)
        return;
    g_link->a = on;
    exchange(LINK_OP_POWER);
}

void host_device_gone(void)
{
    gone = true;
    g_link->intx = 0;
}

void host_device_back(void)
{
    gone = false;
    host_power(false);
    host_power(true);
    while (host_advance(clock_now_ns()) < clock_now_ns())
        ; /* its time stood still */
}

void host_strike(enum link_strike strike)
{
    if (gone)
        return;
    g_link->a = strike;
    exchange(LINK_OP_STRIKE);
}

bool host_intx(void) { return !gone && power_is_on() && g_link->intx != 0; }

unsigned host_claims(uint64_t physical, uint32_t bytes)
{
    if (gone)
        return 0;
    g_link->a = physical;
    g_link->size = bytes;
    exchange(LINK_OP_CLAIMS);
    return (unsigned)g_link->value;
}

static struct {
    const void *code;
    struct link_insn insn;
} cache[DECODE_CACHE_SLOTS];

void host_forget_code(void) { memset(cache, 0, sizeof cache); }

const struct link_insn *host_decode(const void *code)
{
    uintptr_t slot = ((uintptr_t)code ^ ((uintptr_t)code >> 12)) % DECODE_CACHE_SLOTS;
    size_t bytes = CODE_BYTES;

    if (cache[slot].code == code)
        return &cache[slot].insn;
    memset(g_link->text, 0, CODE_BYTES);
    if (PAGE_SIZE - BYTE_OFFSET(code) < CODE_BYTES && !memory_is_readable(code, CODE_BYTES))
        bytes = PAGE_SIZE - BYTE_OFFSET(code);
    memcpy(g_link->text, code, bytes);
    g_link->a = (uintptr_t)code;
    exchange(LINK_OP_DECODE);
    cache[slot].code = code;
    cache[slot].insn = g_link->insn;
    return &cache[slot].insn;
}

const char *host_symbol(const void *address)
{
    static char name[256];

    name[0] = '\0';
    if (busy || !image_contains(address, 1))
        return name;
    g_link->a = (uintptr_t)address - (uintptr_t)g_image.base;
    exchange(LINK_OP_SYMBOL);
    snprintf(name, sizeof name, "%.255s", g_link->text);
    return name;
}

void host_text(enum link_op op, const char *text)
{
    snprintf(g_link->text, sizeof g_link->text, "%s", text);
    exchange(op);
}

void host_mark(enum link_mark mark)
{
    g_link->a = mark;
    if (seated)
        serve_here(LINK_OP_MARK);
    exchange(LINK_OP_MARK);
}

bool host_device_runs(void) { return busy && seated; }

_Noreturn void host_exit(enum link_exit code, const char *text)
{
    coverage_write();
    if (!busy) {
        snprintf(g_link->text, sizeof g_link->text, "%s", text);
        g_link->a = code;
        if (seated)
            seat_leave();
        exchange(LINK_OP_EXIT);
    }
    _exit(code);
}
