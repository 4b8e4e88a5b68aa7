/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The order in which locks are taken. Whoever holds A and asks for B says that A
 * comes before B; when another path ever said the reverse, on whatever detour,
 * two processors or threads could wait for each other for ever, though these two
 * did not.
 *
 * Locks of one kind are one node: those at one place of the blocks that one call
 * allocates, so that what one stream did counts for the next. Only two locks of
 * one kind are told apart by their addresses.
 *
 * Spin locks are a graph of their own: who holds one cannot wait for a mutex,
 * and a mutex that is held means nothing to the processor that spins.
 */
#include "nt.h"

#include <stdio.h>
#include <string.h>

#define MAX_NODES 512u

/* `site` NULL: the lock at address `place`. Else all locks at offset `place` of blocks of `bytes` made by `site`. */
struct node {
    const void *site;
    uintptr_t place;
    size_t bytes;
    bool used;
};
static struct node nodes[MAX_NODES];
static uint64_t before[MAX_NODES][MAX_NODES / 64]; /* before[a] has bit b: b was asked for while a was held */

static void forget_node(unsigned node)
{
    unsigned i;

    nodes[node].used = false;
    memset(before[node], 0, sizeof before[node]);
    for (i = 0; i < MAX_NODES; i++)
        before[i][node / 64] &= ~(1ull << (node % 64));
}

static unsigned node_find(struct node wanted)
{
    static unsigned victim;
    unsigned i, spare = MAX_NODES;

    for (i = 0; i < MAX_NODES; i++) {
        if (!nodes[i].used)
            spare = spare == MAX_NODES ? i : spare;
        else if (nodes[i].site == wanted.site && nodes[i].place == wanted.place && nodes[i].bytes == wanted.bytes)
            return i;
    }
    if (spare == MAX_NODES) {
        spare = victim++ % MAX_NODES;
        forget_node(spare);
    }
    nodes[spare] = wanted;
    return spare;
}

static struct node node_of_address(const void *lock) { return (struct node){NULL, (uintptr_t)lock, 0, true}; }

static struct node node_of_kind(const void *lock)
{
    const struct block *block = arena_find(lock);

    if (block == NULL || !block->live || block->allocated_by == NULL)
        return node_of_address(lock);
    return (struct node){block->allocated_by, (uintptr_t)lock - (uintptr_t)block->start, block->bytes, true};
}

static bool same(struct node a, struct node b) { return a.site == b.site && a.place == b.place && a.bytes == b.bytes; }

static bool is_before(unsigned first, unsigned second) { return (before[first][second / 64] >> (second % 64)) & 1; }

/* Is there a way first -> ... -> second? */
static bool ordered(unsigned first, unsigned second)
{
    static uint8_t seen[MAX_NODES];
    static unsigned stack[MAX_NODES];
    unsigned depth = 0, i;

    memset(seen, 0, sizeof seen);
    stack[depth++] = first;
    seen[first] = 1;
    while (depth > 0) {
        unsigned at = stack[--depth];

        for (i = 0; i < MAX_NODES; i++) {
            if (seen[i] || !is_before(at, i))
                continue;
            if (i == second)
                return true;
            seen[i] = 1;
            stack[depth++] = i;
        }
    }
    return false;
}

static const char *node_text(struct node node, char *text, size_t bytes)
{
    const char *site = node.site ? host_symbol(node.site) : "";

    if (site[0] != '\0')
        snprintf(text, bytes, "at offset %zu of what %.150s made", (size_t)node.place, site);
    else
        snprintf(text, bytes, "%p", (void *)node.place);
    return text;
}

void lockorder_asked(const void *lock, const void *held, const char *rule)
{
    struct node inner = node_of_kind(lock), outer = node_of_kind(held);
    char inner_text[192], outer_text[192];
    unsigned a, b;

    if (same(inner, outer)) {
        inner = node_of_address(lock);
        outer = node_of_address(held);
    }
    a = node_find(outer);
    b = node_find(inner);
    if (is_before(a, b))
        return;
    if (ordered(b, a))
        violation(rule, "the lock %s is taken while that %s is held; elsewhere the order is reversed",
                  node_text(inner, inner_text, sizeof inner_text), node_text(outer, outer_text, sizeof outer_text));
    before[a][b / 64] |= 1ull << (b % 64);
}

void lockorder_forget_range(const void *start, size_t bytes)
{
    unsigned i;

    for (i = 0; i < MAX_NODES; i++)
        if (nodes[i].used && nodes[i].site == NULL && nodes[i].place - (uintptr_t)start < bytes)
            forget_node(i);
}

void lockorder_forget(void)
{
    memset(nodes, 0, sizeof nodes);
    memset(before, 0, sizeof before);
}

/* ---- mutexes: KMUTEX, fast, guarded, resources ---- */

static unsigned find_mutex(const struct thread *thread, const void *mutex)
{
    unsigned i;

    for (i = 0; i < thread->held_mutex_count && thread->held_mutexes[i] != mutex; i++)
        ;
    return i;
}

void lockorder_mutex_asked(const void *mutex)
{
    const struct thread *thread = thread_current();
    unsigned i;

    if (find_mutex(thread, mutex) < thread->held_mutex_count)
        return; /* once more */
    for (i = 0; i < thread->held_mutex_count; i++)
        lockorder_asked(mutex, thread->held_mutexes[i], "MUTEX_ORDER");
}

void lockorder_mutex_owned(struct thread *thread, const void *mutex)
{
    if (find_mutex(thread, mutex) < thread->held_mutex_count)
        return;
    if (thread->held_mutex_count == LENGTH_OF(thread->held_mutexes))
        bench_bug("a thread holds more than %u mutexes", thread->held_mutex_count);
    thread->held_mutexes[thread->held_mutex_count++] = mutex;
}

void lockorder_mutex_released(struct thread *thread, const void *mutex)
{
    unsigned i = find_mutex(thread, mutex);

    if (i == thread->held_mutex_count)
        return;
    thread->held_mutex_count--;
    memmove(&thread->held_mutexes[i], &thread->held_mutexes[i + 1],
            (thread->held_mutex_count - i) * sizeof thread->held_mutexes[0]);
}
