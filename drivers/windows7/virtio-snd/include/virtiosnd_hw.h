/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * virtiosnd_hw.h: the virtio-snd function as a whole: bring-up, teardown, and
 * everything that lives in between.
 *
 * The adapter owns one VIRTIOSND_DEVICE in nonpaged memory, zeroed before
 * VirtIoSndDeviceInitialize, and keeps it until no stream is left. It may be
 * started and stopped any number of times.
 */
#ifndef VIRTIOSND_HW_H
#define VIRTIOSND_HW_H

#include "backend.h"
#include "virtio_pci_contract.h"
#include "virtio_pci_intx_wdm.h"
#include "virtio_pci_modern_transport.h"
#include "virtiosnd_control.h"
#include "virtiosnd_eventq.h"
#include "virtiosnd_pcm.h"

/* How far bring-up came; says in the event log what failed. */
typedef enum _VIRTIOSND_START_STAGE {
    VirtIoSndStageConfig = 0,  /* configuration space cannot be read */
    VirtIoSndStageIdentity,    /* another device or revision */
    VirtIoSndStageLayout,      /* capability list */
    VirtIoSndStageMap,         /* BARs and resources */
    VirtIoSndStageFeatures,    /* reset and negotiation */
    VirtIoSndStageQueues,      /* missing queue, unusable size, no memory */
    VirtIoSndStageInterrupt,   /* no usable interrupt, polling not allowed */
    VirtIoSndStageStreams,     /* PCM_INFO failed, or no usable stream */
    VirtIoSndStageStarted
} VIRTIOSND_START_STAGE;

/* What stands in the way of a start, when it is more than one can read off the stage. */
typedef enum _VIRTIOSND_START_PROBLEM {
    VirtIoSndProblemStage = 0, /* the stage says all; Detail is the stage */
    VirtIoSndProblemQueueSize, /* no power of two from 4 to 32768; Detail: number of the queue << 16 | its size */
    VirtIoSndProblemNoStream   /* none that plays or records; Detail: streams that the device says it has */
} VIRTIOSND_START_PROBLEM;

/* Flags of VirtIoSndStartHardware. */
#define VIRTIOSND_START_ALLOW_POLLING 0x1u /* AllowPollingOnly = 1: start without a usable interrupt */
#define VIRTIOSND_START_RECOVER 0x2u       /* the device broke its rules when it was last in use */

/* <= DISPATCH, perhaps with a queue's lock held. The running device broke its rules or asks for a reset. */
typedef VOID (*PVIRTIOSND_BROKE)(PVOID Context);

/* [I] immutable while started */
typedef struct _VIRTIOSND_DEVICE {
    VIRTIOSND_START_STAGE Stage;     /* where the last start ended */
    VIRTIOSND_START_PROBLEM Problem; /* and why, with Detail, when it failed */
    ULONG Detail;
    BOOLEAN Started;
    BOOLEAN PollingOnly;             /* [I] */
    BOOLEAN Mapped;                  /* Transport is usable */
    BOOLEAN WasBroken;               /* at the last teardown: the next start should have VIRTIOSND_START_RECOVER */
    UCHAR Config[VIRTIO_PCI_CONFIG_BYTES]; /* [I] copy of configuration space */
    VIRTIO_PCI_CAPS Caps;            /* [I] */
    VIRTIO_PCI_BAR Bars[VIRTIO_PCI_BAR_COUNT]; /* [I] */
    VIRTIO_PCI_TRANSPORT Transport;
    PCM_RESOURCE_LIST Raw;        /* [I] from start to stop, through every suspension: copies of START_DEVICE's lists */
    PCM_RESOURCE_LIST Translated; /* [I] */
    ULONG StartFlags;             /* [I] */
    VIRTIO_PCI_INTX Intx;
    VIRTIOSND_QUEUE Queues[VIRTIO_SND_QUEUE_COUNT];
    VIRTIOSND_CONTROL Control;
    VIRTIOSND_EVENTQ Eventq;
    PVIRTIOSND_BROKE Broke;          /* [I] from before the first start; NULL: nobody wants to know */
    PVOID BrokeContext;              /* [I] */
    volatile LONG Removed;           /* [a] 1: has left the bus, never to come back */
    const VIRTIOSND_DIALECT *Dialect; /* [I] */
    ULONG StreamCount;               /* [I] streams of the device configuration */
    VIRTIOSND_DMA Kept[VirtIoSndStreamCount]; /* messages of an earlier life that the device may still write to */
    VIRTIOSND_PCM Pcm[VirtIoSndStreamCount]; /* .Present says whether the device has it */
} VIRTIOSND_DEVICE, *PVIRTIOSND_DEVICE;

/* What a build binds to and how it finds the registers. Each variant links one: virtiosnd_hw_modern.c or
 * backend_virtio_legacy.c. */
typedef struct _VIRTIOSND_BINDING {
    const VIRTIO_PCI_CONTRACT *Contract;
    USHORT PciCommand;           /* bits of the command register without which the registers are dead */
    ULONGLONG FeaturesRequired;  /* beside those of the ring, which are accepted when offered */
    /* PASSIVE. Device->Config is filled. Judges the layout without touching the device. */
    NTSTATUS (*Locate)(PVIRTIOSND_DEVICE Device);
    /* PASSIVE. Makes Device->Transport usable. Unmap undoes it, also when it failed half-way; NULL: nothing to undo. */
    NTSTATUS (*Map)(PVIRTIOSND_DEVICE Device, PCM_RESOURCE_LIST Raw, PCM_RESOURCE_LIST Translated);
    VOID (*Unmap)(PVIRTIOSND_DEVICE Device);
} VIRTIOSND_BINDING;

extern const VIRTIOSND_BINDING VirtIoSndBinding;

/* PASSIVE. Once, before the first start. */
VOID VirtIoSndDeviceInitialize(PVIRTIOSND_DEVICE Device);

/*
 * PASSIVE, in IRP_MN_START_DEVICE after the lower drivers. BusDevice: the PDO, or a device above it that passes
 * IRP_MN_QUERY_INTERFACE on; must not be the adapter's own FDO. Raw, Translated: the assigned resources, same order.
 * On failure nothing is left behind; Device->Stage, Problem and Detail say what was wrong.
 */
NTSTATUS VirtIoSndStartHardware(PVIRTIOSND_DEVICE Device, PDEVICE_OBJECT BusDevice, PCM_RESOURCE_LIST Raw,
                                PCM_RESOURCE_LIST Translated, ULONG Flags);

/* PASSIVE. The exact reverse; streams that are still open get all their periods back (STATUS_DEVICE_NOT_CONNECTED)
 * and fail from then on. Not started: only what the device still owned is settled, for which it must be Powered; a
 * device without power keeps it for ever. */
VOID VirtIoSndStopHardware(PVIRTIOSND_DEVICE Device, BOOLEAN Powered);

/* PASSIVE. The device is about to lose its power, or has lost its mind: as VirtIoSndStopHardware, but the resources are
 * kept. VirtIoSndResumeHardware brings it up again, and fails as VirtIoSndStartHardware does; then it stays suspended.
 * Streams are opened anew. */
VOID VirtIoSndSuspendHardware(PVIRTIOSND_DEVICE Device);
NTSTATUS VirtIoSndResumeHardware(PVIRTIOSND_DEVICE Device);

/* PASSIVE, not started. Broke is called whenever the device breaks while it is started. */
VOID VirtIoSndDeviceWatch(PVIRTIOSND_DEVICE Device, PVIRTIOSND_BROKE Broke, PVOID Context);
/* Any IRQL. TRUE: it is started, and only a reset helps. */
BOOLEAN VirtIoSndIsBroken(const VIRTIOSND_DEVICE *Device);
/* PASSIVE, started. Resets a device that broke and gives all streams their periods back, without waiting for them:
 * after a reset that was seen to finish it owns nothing. Everything fails until the hardware was suspended, which is to
 * follow, and resumed. */
VOID VirtIoSndForsakeHardware(PVIRTIOSND_DEVICE Device);

/* Any IRQL. Surprise removal: no register is touched from now on and everything fails fast. Follow it by
 * VirtIoSndStopHardware. */
VOID VirtIoSndHardwareGone(PVIRTIOSND_DEVICE Device);

#endif
