/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Interrupt request level of the one virtual processor. */
#include "nt.h"
#include "steppoint.h"

static KIRQL current;

KIRQL irql_current(void) { return current; }

void irql_set_raw(KIRQL irql) { current = irql; }

bool irql_in_interrupt(void) { return current > DISPATCH_LEVEL; }

KIRQL irql_raise(KIRQL irql)
{
    KIRQL old = current;

    if (irql < old)
        violation("IRQL_RAISE_LOWERS", "raise from IRQL %u to %u", old, irql);
    if (irql >= DISPATCH_LEVEL && old < DISPATCH_LEVEL) {
        arena_raise_to_dispatch();
        image_raise_to_dispatch();
    }
    current = irql;
    return old;
}

void irql_lower(KIRQL irql)
{
    if (irql > current)
        violation("IRQL_RAISE_LOWERS", "lower from IRQL %u to %u", current, irql);
    if (irql < DISPATCH_LEVEL && spinlock_held_count() != 0)
        violation("SPINLOCK_HELD", "IRQL lowered to %u while %s", irql, spinlock_held_text());
    current = irql;
    step_point();
    deliver_pending();
}

void irql_require_max(KIRQL max, const char *what)
{
    if (current > max)
        violation("IRQL_TOO_HIGH", "%s called at IRQL %u; the highest allowed is %u", what, current, max);
}

void deliver_pending(void)
{
    schedule_point();
    /* An interrupt may queue a DPC, a DPC may clear a mask that lets an interrupt through. */
    while (interrupt_pending() || (dpc_pending() && current < DISPATCH_LEVEL)) {
        if (interrupt_pending())
            interrupt_deliver();
        else
            dpc_deliver();
    }
}

/* ---- exports ---- */

static KIRQL NTAPI get_current(VOID) { return current; }
static KIRQL NTAPI raise_to_dpc(VOID) { return irql_raise(DISPATCH_LEVEL); }
static KIRQL FASTCALL kf_raise(KIRQL irql) { return irql_raise(irql); }
static VOID FASTCALL kf_lower(KIRQL irql) { irql_lower(irql); }

#if defined(__i386__)
static VOID NTAPI ke_raise(KIRQL irql, KIRQL *old) { *old = irql_raise(irql); }
static VOID NTAPI ke_lower(KIRQL irql) { irql_lower(irql); }
static KIRQL NTAPI raise_to_synch(VOID) { return irql_raise(CLOCK_LEVEL - 1); }
NT_EXPORT_AS(h1, "hal.dll", "KeGetCurrentIrql", get_current, HIGH_LEVEL);
NT_EXPORT_AS(h2, "hal.dll", "KeRaiseIrqlToDpcLevel", raise_to_dpc, HIGH_LEVEL);
NT_EXPORT_AS(h3, "hal.dll", "KeRaiseIrqlToSynchLevel", raise_to_synch, HIGH_LEVEL);
NT_EXPORT_AS(h4, "hal.dll", "KfRaiseIrql", kf_raise, HIGH_LEVEL);
NT_EXPORT_AS(h5, "hal.dll", "KfLowerIrql", kf_lower, HIGH_LEVEL);
NT_EXPORT_AS(h6, "hal.dll", "KeRaiseIrql", ke_raise, HIGH_LEVEL);
NT_EXPORT_AS(h7, "hal.dll", "KeLowerIrql", ke_lower, HIGH_LEVEL);
#else
NT_EXPORT_AS(n1, "ntoskrnl.exe", "KeGetCurrentIrql", get_current, HIGH_LEVEL);
NT_EXPORT_AS(n2, "ntoskrnl.exe", "KeRaiseIrqlToDpcLevel", raise_to_dpc, HIGH_LEVEL);
NT_EXPORT_AS(n4, "ntoskrnl.exe", "KfRaiseIrql", kf_raise, HIGH_LEVEL);
NT_EXPORT_AS(n5, "ntoskrnl.exe", "KeLowerIrql", kf_lower, HIGH_LEVEL);
#endif
