/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The exports of the bench's kernel that PortCls itself uses, as portcls.sys does on Windows. */
#ifndef BENCH_NT_IMPORTS_H
#define BENCH_NT_IMPORTS_H

#include "../nt/kernel.h"
#include "../nt/api.h"

NTSTATUS NTAPI IoConnectInterrupt(PVOID *interrupt, PVOID routine, PVOID context, KSPIN_LOCK *lock, ULONG vector,
                                  KIRQL irql, KIRQL synchronize, ULONG mode, BOOLEAN share, KAFFINITY affinity,
                                  BOOLEAN floating);
VOID NTAPI IoDisconnectInterrupt(PVOID interrupt);
BOOLEAN NTAPI KeSynchronizeExecution(PVOID interrupt, PVOID routine, PVOID context);

#endif
