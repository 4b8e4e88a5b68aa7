/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Rules about the cyclic buffer and the port's pages. */
#include "port_rule.h"

static IMiniportWaveRTStreamNotificationVtbl g_Correct;

typedef NTSTATUS(NTAPI *PALLOCATE)(IMiniportWaveRTStreamNotification *This, ULONG Size, PMDL *Mdl, PULONG Actual,
                                   PULONG Offset, MEMORY_CACHING_TYPE *CacheType);

static VOID Replace(PPORT_MODEL Model, PALLOCATE Allocate)
{
    g_Correct = Model->StreamVtbl;
    Model->StreamVtbl.AllocateAudioBuffer = Allocate;
}

/* The port's object behind the stream, whose methods the cases misuse. */
static PPORTWAVERTSTREAM Port(IMiniportWaveRTStreamNotification *This)
{
    return CONTAINING_RECORD(This, PORT_STREAM, Interface)->Port;
}

/* AllocateBufferWithNotification beside it, for the scenario that asks for buffers so. */
static NTSTATUS NTAPI GiveHalfFrameNotified(IMiniportWaveRTStreamNotification *This, ULONG Count, ULONG Size, PMDL *Mdl,
                                            PULONG Actual, PULONG Offset, MEMORY_CACHING_TYPE *CacheType)
{
    UNUSED(Count);
    return This->lpVtbl->AllocateAudioBuffer(This, Size, Mdl, Actual, Offset, CacheType);
}

#define WRONG_ALLOCATE(name_)                                                                                          \
    static NTSTATUS NTAPI name_(IMiniportWaveRTStreamNotification *This, ULONG Size, PMDL *Mdl, PULONG Actual,         \
                                PULONG Offset, MEMORY_CACHING_TYPE *CacheType)

WRONG_ALLOCATE(MapForeign)
{
    static UCHAR block[64];
    PMDL foreign = IoAllocateMdl(block, sizeof(block), FALSE, FALSE, NULL);

    if (foreign != NULL) {
        MmBuildMdlForNonPagedPool(foreign);
        Port(This)->lpVtbl->MapAllocatedPages(Port(This), foreign, MmCached);
        IoFreeMdl(foreign);
    }
    return g_Correct.AllocateAudioBuffer(This, Size, Mdl, Actual, Offset, CacheType);
}

PORT_RULE(STREAM_FOREIGN_MDL, PLAY)
{
    Replace(Model, MapForeign);
}

WRONG_ALLOCATE(MapTwice)
{
    NTSTATUS status = g_Correct.AllocateAudioBuffer(This, Size, Mdl, Actual, Offset, CacheType);

    if (NT_SUCCESS(status)) {
        Port(This)->lpVtbl->MapAllocatedPages(Port(This), *Mdl, MmCached);
    }
    return status;
}

PORT_RULE(STREAM_MAPPED_TWICE, PLAY)
{
    Replace(Model, MapTwice);
}

WRONG_ALLOCATE(UnmapElsewhere)
{
    NTSTATUS status = g_Correct.AllocateAudioBuffer(This, Size, Mdl, Actual, Offset, CacheType);

    if (NT_SUCCESS(status)) {
        PPORT_STREAM stream = CONTAINING_RECORD(This, PORT_STREAM, Interface);

        stream->Va = (PUCHAR)stream->Va + PAGE_SIZE;
    }
    return status;
}

PORT_RULE(STREAM_BAD_UNMAP, PLAY)
{
    Replace(Model, UnmapElsewhere);
}

WRONG_ALLOCATE(FreeMapped)
{
    NTSTATUS status = g_Correct.AllocateAudioBuffer(This, Size, Mdl, Actual, Offset, CacheType);

    if (NT_SUCCESS(status)) {
        Port(This)->lpVtbl->FreePagesFromMdl(Port(This), *Mdl);
    }
    return STATUS_UNSUCCESSFUL;
}

PORT_RULE(STREAM_FREE_MAPPED, PLAY)
{
    Replace(Model, FreeMapped);
}

WRONG_ALLOCATE(AskPhysicalAddress)
{
    NTSTATUS status = g_Correct.AllocateAudioBuffer(This, Size, Mdl, Actual, Offset, CacheType);

    if (NT_SUCCESS(status)) {
        Port(This)->lpVtbl->GetPhysicalPageAddress(Port(This), *Mdl, 0);
    }
    return status;
}

PORT_RULE(HIDDEN_RESULT_ABI, PLAY)
{
    Replace(Model, AskPhysicalAddress);
}

WRONG_ALLOCATE(GiveForeign)
{
    static UCHAR block[PAGE_SIZE];
    NTSTATUS status = g_Correct.AllocateAudioBuffer(This, Size, Mdl, Actual, Offset, CacheType);

    if (NT_SUCCESS(status)) {
        *Mdl = IoAllocateMdl(block, sizeof(block), FALSE, FALSE, NULL);
        MmBuildMdlForNonPagedPool(*Mdl);
    }
    return status;
}

PORT_RULE(BUFFER_FOREIGN_MDL, PLAY)
{
    Replace(Model, GiveForeign);
}

WRONG_ALLOCATE(GiveNoCacheType)
{
    MEMORY_CACHING_TYPE kept;

    UNUSED(CacheType);
    return g_Correct.AllocateAudioBuffer(This, Size, Mdl, Actual, Offset, &kept);
}

PORT_RULE(BUFFER_UNSET, PLAY)
{
    Replace(Model, GiveNoCacheType);
}

WRONG_ALLOCATE(GiveLess)
{
    NTSTATUS status = g_Correct.AllocateAudioBuffer(This, Size, Mdl, Actual, Offset, CacheType);

    *Actual -= FRAME_BYTES;
    return status;
}

PORT_RULE(BUFFER_SIZE, PLAY)
{
    Replace(Model, GiveLess);
}

/* Grants what was asked for even when it ends within a frame. */
WRONG_ALLOCATE(GiveHalfFrame)
{
    PPORT_STREAM stream = CONTAINING_RECORD(This, PORT_STREAM, Interface);
    NTSTATUS status = g_Correct.AllocateAudioBuffer(This, (Size + FRAME_BYTES - 1) / FRAME_BYTES * FRAME_BYTES, Mdl,
                                                    Actual, Offset, CacheType);

    if (NT_SUCCESS(status)) {
        stream->Bytes = Size;
        *Actual = Size;
    }
    return status;
}

PORT_RULE(BUFFER_FRAMES, bad_buffers_are_refused)
{
    Replace(Model, GiveHalfFrame);
    Model->StreamVtbl.AllocateBufferWithNotification = GiveHalfFrameNotified;
}

WRONG_ALLOCATE(GiveBeyond)
{
    NTSTATUS status = g_Correct.AllocateAudioBuffer(This, Size, Mdl, Actual, Offset, CacheType);

    *Offset = PAGE_SIZE;
    return status;
}

PORT_RULE(BUFFER_BEYOND_MDL, PLAY)
{
    Replace(Model, GiveBeyond);
}

WRONG_ALLOCATE(GiveOtherCache)
{
    NTSTATUS status = g_Correct.AllocateAudioBuffer(This, Size, Mdl, Actual, Offset, CacheType);

    *CacheType = MmWriteCombined; /* the driver mapped it MmCached */
    return status;
}

PORT_RULE(BUFFER_CACHE_TYPE, PLAY)
{
    Replace(Model, GiveOtherCache);
}

WRONG_ALLOCATE(FailWithPages)
{
    g_Correct.AllocateAudioBuffer(This, Size, Mdl, Actual, Offset, CacheType);
    return STATUS_INSUFFICIENT_RESOURCES;
}

PORT_RULE(BUFFER_LEFT_ON_FAILURE, PLAY)
{
    Replace(Model, FailWithPages);
}
