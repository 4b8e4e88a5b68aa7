/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the contract and the transitional build have in common: registers in memory, found by the capability list. */
#include "trace.h"
#include "virtiosnd_hw.h"
#include "virtiosnd_pci.h"

#if defined(AERO_VIRTIO_STRICT)
#define FEATURES_REQUIRED (VIRTIO_FEATURE(VIRTIO_F_VERSION_1) | VIRTIO_FEATURE(VIRTIO_F_RING_INDIRECT_DESC))
#else
#define FEATURES_REQUIRED VIRTIO_FEATURE(VIRTIO_F_VERSION_1)
#endif

#if defined(AERO_VIRTIO_SND_TRANSITIONAL)
#define CONTRACT VirtioPciContractSoundTransitional
#else
#define CONTRACT VirtioPciContractSound
#endif

CODE_PAGE static NTSTATUS Locate(PVIRTIOSND_DEVICE Device)
{
    VIRTIO_PCI_CAP_RESULT layout;

    PAGED_CODE();

    layout = VirtioPciCapParse(Device->Config, VIRTIO_PCI_LAYOUT_DEFAULT, &Device->Caps);
    if (layout != VirtioPciCapOk) {
        VIRTIOSND_TRACE_ERROR("capability list: problem %d\n", layout);
        return STATUS_DEVICE_CONFIGURATION_ERROR;
    }
    return STATUS_SUCCESS;
}

CODE_PAGE static NTSTATUS Map(PVIRTIOSND_DEVICE Device, PCM_RESOURCE_LIST Raw, PCM_RESOURCE_LIST Translated)
{
    NTSTATUS status;

    PAGED_CODE();

    status = VirtIoSndPciMapBars(Device->Config, &Device->Caps, Raw, Translated, Device->Bars);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    return VirtioPciModernInit(&Device->Transport, &Device->Caps, Device->Bars);
}

CODE_PAGE static VOID Unmap(PVIRTIOSND_DEVICE Device)
{
    PAGED_CODE();

    VirtIoSndPciUnmapBars(Device->Bars);
}

const VIRTIOSND_BINDING VirtIoSndBinding = {&CONTRACT,
                                            PCI_COMMAND_MEMORY_SPACE | PCI_COMMAND_BUS_MASTER,
                                            FEATURES_REQUIRED,
                                            Locate,
                                            Map,
                                            Unmap};
