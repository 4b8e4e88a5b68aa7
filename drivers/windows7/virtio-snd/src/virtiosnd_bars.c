/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Maps the memory BARs in which the capabilities of a modern function lie. */
#include "virtiosnd_pci.h"

/* Bytes of BAR Index that the regions reach; 0: none lies in it. */
CODE_PAGE static ULONG BytesNeeded(const VIRTIO_PCI_CAPS *Caps, ULONG Index)
{
    const VIRTIO_PCI_REGION *regions[4];
    ULONG needed = 0;
    ULONG i;

    PAGED_CODE();

    regions[0] = &Caps->Common;
    regions[1] = &Caps->Notify;
    regions[2] = &Caps->Isr;
    regions[3] = &Caps->Device;
    for (i = 0; i < 4u; i++) {
        if (regions[i]->Bar == Index && regions[i]->Offset + regions[i]->Length > needed) {
            needed = regions[i]->Offset + regions[i]->Length;
        }
    }
    return needed;
}

CODE_PAGE static NTSTATUS MapBar(const CM_PARTIAL_RESOURCE_DESCRIPTOR *Memory, BOOLEAN Io, ULONG Needed,
                                 VIRTIO_PCI_BAR *Bar)
{
    PAGED_CODE();

    if (Memory == NULL || Io || Memory->u.Memory.Length < Needed) {
        return STATUS_DEVICE_CONFIGURATION_ERROR;
    }
    Bar->Va = MmMapIoSpace(Memory->u.Memory.Start, Needed, MmNonCached);
    if (Bar->Va == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Bar->Length = Needed;
    return STATUS_SUCCESS;
}

CODE_PAGE NTSTATUS VirtIoSndPciMapBars(const UCHAR *Config, const VIRTIO_PCI_CAPS *Caps, PCM_RESOURCE_LIST Raw,
                                       PCM_RESOURCE_LIST Translated, VIRTIO_PCI_BAR *Bars)
{
    NTSTATUS status = STATUS_SUCCESS;
    const CM_PARTIAL_RESOURCE_DESCRIPTOR *memory;
    BOOLEAN io;
    ULONG needed;
    ULONG i;

    PAGED_CODE();

    RtlZeroMemory(Bars, VIRTIO_PCI_BAR_COUNT * sizeof(*Bars));
    for (i = 0; i < VIRTIO_PCI_BAR_COUNT && NT_SUCCESS(status); i++) {
        needed = BytesNeeded(Caps, i);
        if (needed == 0) {
            continue;
        }
        memory = VirtIoSndPciFindBar(Config, i, Raw, Translated, &io);
        status = MapBar(memory, io, needed, &Bars[i]);
    }
    if (!NT_SUCCESS(status)) {
        VirtIoSndPciUnmapBars(Bars);
    }
    return status;
}

CODE_PAGE VOID VirtIoSndPciUnmapBars(VIRTIO_PCI_BAR *Bars)
{
    ULONG i;

    PAGED_CODE();

    for (i = 0; i < VIRTIO_PCI_BAR_COUNT; i++) {
        if (Bars[i].Va != NULL) {
            MmUnmapIoSpace(Bars[i].Va, Bars[i].Length);
            Bars[i].Va = NULL;
        }
    }
}
