/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The legacy register file lies in BAR 0, which is an I/O BAR (virtio 1.2,
 * 4.1.4.10 and 4.1.5.1.1.1). Ports need no mapping: the translated start is what
 * the port instructions take.
 */
#include "aero_virtio_snd_ioport_hw.h"
#include "virtio_pci_legacy.h"
#include "virtiosnd_pci.h"

#define REGISTER_BAR 0u
#define PCI_BAR0_OFFSET 0x10u
#define PCI_BAR_IO 0x1u
#define PCI_STATUS_OFFSET 0x06u
#define PCI_STATUS_CAP_LIST 0x10u
#define PCI_CAP_POINTER 0x34u
#define PCI_HEADER_BYTES 0x40u
#define PCI_CAP_MSIX 0x11u
#define PCI_MSIX_CONTROL_HIGH 3u /* upper byte of Message Control */
#define PCI_MSIX_ENABLE 0x80u
#define PCI_MAX_CAPS 48u         /* as many as fit: ends a list that runs in a circle */

/* Is MSI-X on? Windows 7 turns it on before START_DEVICE when the INF asks for it; ours does not. */
CODE_PAGE static BOOLEAN MsixEnabled(const UCHAR *Config)
{
    ULONG at = Config[PCI_CAP_POINTER] & ~3u;
    ULONG i;

    PAGED_CODE();

    if ((Config[PCI_STATUS_OFFSET] & PCI_STATUS_CAP_LIST) == 0) {
        return FALSE;
    }
    for (i = 0; i < PCI_MAX_CAPS && at >= PCI_HEADER_BYTES; i++) { /* a multiple of 4 below 256: 4 bytes are there */
        if (Config[at] == PCI_CAP_MSIX) {
            return (BOOLEAN)((Config[at + PCI_MSIX_CONTROL_HIGH] & PCI_MSIX_ENABLE) != 0);
        }
        at = Config[at + 1u] & ~3u;
    }
    return FALSE;
}

CODE_PAGE NTSTATUS AeroVirtIoSndIoPortLocate(PVIRTIOSND_DEVICE Device)
{
    PAGED_CODE();

    return (Device->Config[PCI_BAR0_OFFSET] & PCI_BAR_IO) != 0 ? STATUS_SUCCESS : STATUS_DEVICE_CONFIGURATION_ERROR;
}

CODE_PAGE NTSTATUS AeroVirtIoSndIoPortMap(PVIRTIOSND_DEVICE Device, PCM_RESOURCE_LIST Raw, PCM_RESOURCE_LIST Translated)
{
    const CM_PARTIAL_RESOURCE_DESCRIPTOR *ports;
    BOOLEAN io;

    PAGED_CODE();

    ports = VirtIoSndPciFindBar(Device->Config, REGISTER_BAR, Raw, Translated, &io);
    if (ports == NULL || !io) {
        return STATUS_DEVICE_CONFIGURATION_ERROR;
    }
    return VirtioPciLegacyInit(&Device->Transport, (ULONG)ports->u.Port.Start.QuadPart, ports->u.Port.Length,
                               MsixEnabled(Device->Config));
}
