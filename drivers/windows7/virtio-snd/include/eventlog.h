/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * eventlog.h: serious failures go to the System event log.
 *
 * The texts are in res/messages.mc, compiled into the image's message table; the
 * generated header messages.h defines the AERO_SND_E_... identifiers.
 */
#ifndef EVENTLOG_H
#define EVENTLOG_H

#include "messages.h"
#include "wdk_compat.h"

/* PASSIVE_LEVEL (IoAllocateErrorLogEntry allows DISPATCH). Writes one entry about DeviceObject. Message: an identifier
 * of messages.h. Status: why, shown as dump data and final status. Detail: a number for whoever reads the log (see each
 * message). Best effort: out of memory loses the entry. */
VOID EventLogWrite(PDEVICE_OBJECT DeviceObject, NTSTATUS Message, NTSTATUS Status, ULONG Detail);

#endif
