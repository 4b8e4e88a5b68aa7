/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Rules about registers, ports, interrupts, mappings, MDLs and DMA. */
#include "rule.h"

RULE(REGISTER_WIDTH, RuleAtStart)
{
    READ_REGISTER_ULONG((PULONG)(ULONG_PTR)(Device->Bar + 2));
}

RULE(REGISTER_RMW, RuleAtStart)
{
    __asm__ volatile("orb $1, %0" : "+m"(*(volatile UCHAR *)(Device->Bar + 0x14)));
}

RULE(REGISTER_AFTER_UNMAP, RuleAtStart)
{
    PUCHAR bar = Device->Bar;

    MmUnmapIoSpace(bar, Device->BarBytes);
    Device->Bar = NULL;
    READ_REGISTER_UCHAR(bar + 0x14);
}

RULE(REGISTER_OUT_OF_RANGE, RuleAtStart)
{
    READ_REGISTER_UCHAR(Device->Bar + Device->BarBytes);
}

RULE(POWER_STATE, RuleAtPowerDown)
{
    READ_REGISTER_UCHAR(Device->Bar + 0x14);
}

RULE(PORT_RULE, RuleAtStart)
{
    UNUSED(Device);
    READ_PORT_UCHAR((PUCHAR)(ULONG_PTR)0x61);
}

static BOOLEAN NTAPI NotMine(PKINTERRUPT Interrupt, PVOID Context)
{
    UNUSED(Interrupt);
    UNUSED(Context);
    return FALSE;
}

RULE(INTERRUPT_RULE, RuleAtStart)
{
    PKINTERRUPT interrupt;

    if (NT_SUCCESS(IoConnectInterrupt(&interrupt, NotMine, NULL, NULL, Device->Vector + 1, Device->Irql, Device->Irql,
                                      LevelSensitive, TRUE, Device->Affinity, FALSE))) {
        IoDisconnectInterrupt(interrupt);
    }
}

RULE(MAPPING_RULE, RuleAtStart)
{
    PVOID va = MmMapIoSpace(Device->BarPhysical, Device->BarBytes, MmNonCached);

    if (va != NULL) {
        MmUnmapIoSpace(va, Device->BarBytes / 2);
    }
}

RULE(BAD_FREE, RuleAtEntry)
{
    PVOID block = ExAllocatePoolWithTag(NonPagedPool, PAGE_SIZE, RULE_TAG);

    UNUSED(Device);
    if (block != NULL) {
        MmFreeContiguousMemorySpecifyCache(block, PAGE_SIZE, MmCached);
    }
}

RULE(MDL_RULE, RuleAtEntry)
{
    PVOID block = ExAllocatePoolWithTag(NonPagedPool, 64, RULE_TAG);
    PMDL mdl = block != NULL ? IoAllocateMdl(block, 64, FALSE, FALSE, NULL) : NULL;

    UNUSED(Device);
    if (mdl != NULL) {
        MmBuildMdlForNonPagedPool(mdl);
        MmUnlockPages(mdl); /* nobody locked them */
        IoFreeMdl(mdl);
    }
    if (block != NULL) {
        ExFreePoolWithTag(block, RULE_TAG);
    }
}

static PDMA_ADAPTER GetAdapter(PRULE_DEVICE Device)
{
    DEVICE_DESCRIPTION description;
    ULONG registers;

    RtlZeroMemory(&description, sizeof(description));
    description.Version = DEVICE_DESCRIPTION_VERSION;
    description.Master = TRUE;
    description.ScatterGather = TRUE;
    description.Dma32BitAddresses = TRUE;
    description.Dma64BitAddresses = TRUE;
    description.InterfaceType = PCIBus;
    description.MaximumLength = 0x100000;
    return IoGetDmaAdapter(Device->Pdo, &description, &registers);
}

RULE(DMA_RULE, RuleAtStart)
{
    PDMA_ADAPTER adapter = GetAdapter(Device);
    PHYSICAL_ADDRESS logical;
    PVOID va;

    if (adapter == NULL) {
        return;
    }
    va = adapter->DmaOperations->AllocateCommonBuffer(adapter, PAGE_SIZE * 2, &logical, TRUE);
    if (va != NULL) {
        adapter->DmaOperations->FreeCommonBuffer(adapter, PAGE_SIZE, logical, va, TRUE);
    }
    adapter->DmaOperations->PutDmaAdapter(adapter);
}
