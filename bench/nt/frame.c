/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What surrounds every call of driver code. */
#include "nt.h"
#include "steppoint.h"

__attribute__((noinline)) void driver_enter(struct driver_frame *frame, const char *name)
{
    struct thread *thread = thread_current();

    step_point();
    frame->name = name;
    frame->irql = irql_current();
    frame->locks = spinlock_held_count();
    frame->mutexes = thread->mutexes;
    frame->outer = g_frames;
    frame->stack = (uintptr_t)__builtin_frame_address(0);
    frame->caller = g_blame;
    if (thread->driver_stack_base == 0) {
        thread->driver_stack_base = frame->stack;
        thread_mark_stack(frame->stack);
    }
    g_frames = frame;
    if (g_steps_on)
        steps_enter();
}

__attribute__((noinline)) void driver_leave(struct driver_frame *frame)
{
    struct thread *thread = thread_current();

    if (g_steps_on)
        steps_leave();
    if (g_frames != frame)
        bench_bug("calls of driver code are not nested: %s", frame->name);
    cpu_check_call(frame->name);
    if ((uintptr_t)__builtin_frame_address(0) != frame->stack)
        violation("STACK_IMBALANCE", "%s changed the stack pointer by %td bytes: wrong calling convention or arguments",
                  frame->name, (ptrdiff_t)((uintptr_t)__builtin_frame_address(0) - frame->stack));
    if (irql_current() != frame->irql)
        violation("IRQL_NOT_RESTORED", "%s was entered at IRQL %u and returned at %u", frame->name, frame->irql,
                  irql_current());
    if (spinlock_held_count() > frame->locks)
        violation("SPINLOCK_HELD", "%s returned while %s", frame->name, spinlock_held_text());
    if (spinlock_held_count() < frame->locks)
        violation("SPINLOCK_NOT_OWNED", "%s released a spin lock of its caller", frame->name);
    if (thread->mutexes > frame->mutexes)
        violation("MUTEX_HELD", "%s returned while its thread owns %u mutex(es) more than before", frame->name,
                  thread->mutexes - frame->mutexes);
    g_frames = frame->outer;
    g_blame = frame->caller;
    if (thread->driver_stack_base == frame->stack) {
        thread->driver_stack_base = 0;
        if (!thread_mark_is_intact(frame->stack))
            violation("STACK_OVERFLOW", "%s used more kernel stack than Windows gives", frame->name);
    }
    step_point();
}
