/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Rules about filter, pin and automation descriptors. */
#include "port_rule.h"

PORT_RULE(DESCRIPTOR_UNREADABLE, LOAD)
{
    Model->Wave.Pins = (const PCPIN_DESCRIPTOR *)(ULONG_PTR)0x23450;
}

PORT_RULE(DESCRIPTOR_PAGED, LOAD)
{
    PCPIN_DESCRIPTOR *paged = ExAllocatePoolWithTag(PagedPool, sizeof(Model->WavePins), RULE_TAG);

    if (paged != NULL) {
        RtlCopyMemory(paged, Model->WavePins, sizeof(Model->WavePins));
        Model->Wave.Pins = paged;
    }
}

PORT_RULE(FILTER_DESCRIPTOR, LOAD)
{
    Model->Wave.PinSize = 4;
}

PORT_RULE(FILTER_CATEGORY, LOAD)
{
    Model->WaveCategories[1] = Model->WaveCategories[0];
}

PORT_RULE(FILTER_CONNECTION, LOAD)
{
    Model->WaveConnections[0].ToNodePin = 9;
}

PORT_RULE(FILTER_ORPHAN, LOAD)
{
    Model->WavePins[2] = Model->WavePins[1];
    Model->Wave.PinCount = 3;
}

PORT_RULE(PIN_DESCRIPTOR, LOAD)
{
    Model->WavePins[0].KsPinDescriptor.DataFlow = (KSPIN_DATAFLOW)7;
}

PORT_RULE(PIN_INSTANCES, LOAD)
{
    Model->WavePins[0].MaxFilterInstanceCount = 5;
    Model->WavePins[0].MinFilterInstanceCount = 6;
}

PORT_RULE(DATA_RANGE, LOAD)
{
    Model->Range.MinimumBitsPerSample = 24;
}

PORT_RULE(DATA_RANGE_SIZE, LOAD)
{
    Model->Range.DataRange.FormatSize = sizeof(KSDATARANGE_AUDIO) - 4;
}

PORT_RULE(AUTOMATION_TABLE, LOAD)
{
    Model->JackTable.Reserved = 1;
}

PORT_RULE(AUTOMATION_ITEM_SIZE, LOAD)
{
    Model->JackTable.PropertyItemSize = sizeof(PCPROPERTY_ITEM) + 4;
}

PORT_RULE(AUTOMATION_HANDLER, LOAD)
{
    PVOID data = &Model->Range;

    RtlCopyMemory(&Model->JackItems[0].Handler, &data, sizeof(data));
}

PORT_RULE(AUTOMATION_FLAGS, LOAD)
{
    Model->JackItems[0].Flags = 0;
}

PORT_RULE(AUTOMATION_DUPLICATE, LOAD)
{
    Model->JackItems[1] = Model->JackItems[0];
    Model->JackTable.PropertyCount = 2;
}
