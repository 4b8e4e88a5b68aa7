/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "virtiosnd_wait.h"

#define ONE_TICK (-10000LL) /* 1 ms in 100 ns; the system rounds it up to its clock tick */

VOID VirtIoSndDeadlineStart(VIRTIOSND_DEADLINE *Deadline, ULONG Duration)
{
    LARGE_INTEGER frequency;
    LONGLONG now = KeQueryPerformanceCounter(&frequency).QuadPart;

    Deadline->Counter = now + (frequency.QuadPart >> 10) * (LONGLONG)Duration;
}

VOID VirtIoSndDeadlineLimit(VIRTIOSND_DEADLINE *Deadline, const VIRTIOSND_DEADLINE *Other)
{
    if (Other->Counter < Deadline->Counter) {
        Deadline->Counter = Other->Counter;
    }
}

BOOLEAN VirtIoSndDeadlinePassed(const VIRTIOSND_DEADLINE *Deadline)
{
    return (BOOLEAN)(KeQueryPerformanceCounter(NULL).QuadPart >= Deadline->Counter);
}

CODE_PAGE VOID VirtIoSndPause(PKEVENT Event)
{
    LARGE_INTEGER interval;

    PAGED_CODE();

    interval.QuadPart = ONE_TICK;
    if (Event != NULL) {
        KeWaitForSingleObject(Event, Executive, KernelMode, FALSE, &interval);
    } else {
        KeDelayExecutionThread(KernelMode, FALSE, &interval);
    }
}
