/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Plain IoConnectInterrupt: it needs no PDO, and every NT kernel since 3.1 has
 * it. A line is all that contract v1 asks for.
 */
#include "virtio_pci_intx_wdm.h"

static KSERVICE_ROUTINE IntxIsr;
static KDEFERRED_ROUTINE IntxDpc;

/* DIRQL. Reading the ISR byte acknowledges the interrupt; 0: another device on the line. A device that forgot its reset
 * goes on interrupting: nobody wants to know, but the line must fall. */
static BOOLEAN NTAPI IntxIsr(PKINTERRUPT Interrupt, PVOID Context)
{
    PVIRTIO_PCI_INTX intx = Context;
    UCHAR isr = VirtioPciTransportReadIsr(intx->Transport);

    UNREFERENCED_PARAMETER(Interrupt);
    if (isr == 0) {
        return FALSE;
    }
    if (!VirtioPciTransportIsForsaken(intx->Transport)) {
        InterlockedOr(&intx->Pending, isr);
        KeInsertQueueDpc(&intx->Dpc, NULL, NULL);
    }
    return TRUE;
}

static VOID NTAPI IntxDpc(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    PVIRTIO_PCI_INTX intx = Context;
    UCHAR isr = (UCHAR)InterlockedExchange(&intx->Pending, 0);

    UNREFERENCED_PARAMETER(Dpc);
    UNREFERENCED_PARAMETER(Argument1);
    UNREFERENCED_PARAMETER(Argument2);
    if (isr != 0) {
        intx->Routine(intx->Context, isr);
    }
}

CODE_PAGE NTSTATUS VirtioPciIntxConnect(PVIRTIO_PCI_INTX Intx, const CM_PARTIAL_RESOURCE_DESCRIPTOR *Translated,
                                        PVIRTIO_PCI_TRANSPORT Transport, PVIRTIO_PCI_INTX_ROUTINE Routine,
                                        PVOID Context)
{
    KINTERRUPT_MODE mode;
    NTSTATUS status;

    PAGED_CODE();

    if ((Translated->Flags & CM_RESOURCE_INTERRUPT_MESSAGE) != 0) {
        return STATUS_NOT_SUPPORTED;
    }
    Intx->Interrupt = NULL;
    Intx->Pending = 0;
    Intx->Transport = Transport;
    Intx->Routine = Routine;
    Intx->Context = Context;
    KeInitializeDpc(&Intx->Dpc, IntxDpc, Intx);
    mode = (Translated->Flags & CM_RESOURCE_INTERRUPT_LATCHED) != 0 ? Latched : LevelSensitive;
    status = IoConnectInterrupt(&Intx->Interrupt, IntxIsr, Intx, NULL, Translated->u.Interrupt.Vector,
                                (KIRQL)Translated->u.Interrupt.Level, (KIRQL)Translated->u.Interrupt.Level, mode,
                                (BOOLEAN)(Translated->ShareDisposition == CmResourceShareShared),
                                Translated->u.Interrupt.Affinity, FALSE);
    if (!NT_SUCCESS(status)) {
        Intx->Interrupt = NULL;
    }
    return status;
}

CODE_PAGE VOID VirtioPciIntxDisconnect(PVIRTIO_PCI_INTX Intx)
{
    PAGED_CODE();

    if (Intx->Interrupt == NULL) {
        return;
    }
    IoDisconnectInterrupt(Intx->Interrupt);
    Intx->Interrupt = NULL;
    KeRemoveQueueDpc(&Intx->Dpc);
    KeFlushQueuedDpcs(); /* a DPC that was already taken from the queue may still run on another processor */
}
