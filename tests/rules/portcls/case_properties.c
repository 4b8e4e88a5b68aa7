/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Rules about the answers of property handlers and intersections. */
#include "port_rule.h"

static NTSTATUS NTAPI AnswerPending(PPCPROPERTY_REQUEST Request)
{
    UNUSED(Request);
    return STATUS_PENDING;
}

PORT_RULE(PROPERTY_PENDING, SHOW)
{
    Model->JackItems[0].Handler = AnswerPending;
}

static NTSTATUS NTAPI AnswerTooLong(PPCPROPERTY_REQUEST Request)
{
    NTSTATUS status = PortJack(Request);

    if (NT_SUCCESS(status)) {
        Request->ValueSize += 1000;
    }
    return status;
}

PORT_RULE(PROPERTY_ANSWER_SIZE, SHOW)
{
    Model->JackItems[0].Handler = AnswerTooLong;
}

static NTSTATUS NTAPI AnswerWrongSupport(PPCPROPERTY_REQUEST Request)
{
    NTSTATUS status = PortJack(Request);

    if (NT_SUCCESS(status) && (Request->Verb & KSPROPERTY_TYPE_BASICSUPPORT)) {
        *(PULONG)Request->Value = KSPROPERTY_TYPE_SET;
    }
    return status;
}

PORT_RULE(PROPERTY_BASICSUPPORT, property_sizes)
{
    Model->JackItems[0].Handler = AnswerWrongSupport;
}

static NTSTATUS(NTAPI *g_Intersect)(IMiniportWaveRT *This, ULONG Pin, PKSDATARANGE Client, PKSDATARANGE Mine,
                                    ULONG OutputLength, PVOID Result, PULONG ResultLength);

static NTSTATUS NTAPI IntersectTooLong(IMiniportWaveRT *This, ULONG Pin, PKSDATARANGE Client, PKSDATARANGE Mine,
                                       ULONG OutputLength, PVOID Result, PULONG ResultLength)
{
    NTSTATUS status = g_Intersect(This, Pin, Client, Mine, OutputLength, Result, ResultLength);

    if (NT_SUCCESS(status)) {
        *ResultLength += 1000;
    }
    return status;
}

PORT_RULE(INTERSECTION_SIZE, PLAY)
{
    g_Intersect = Model->WaveVtbl.DataRangeIntersection;
    Model->WaveVtbl.DataRangeIntersection = IntersectTooLong;
}

static NTSTATUS NTAPI AnswerWrongCount(PPCPROPERTY_REQUEST Request)
{
    NTSTATUS status = PortJack(Request);

    if (NT_SUCCESS(status) && (Request->Verb & KSPROPERTY_TYPE_GET)) {
        ((PKSMULTIPLE_ITEM)Request->Value)->Count = 2;
    }
    return status;
}

PORT_RULE(JACK_SIZE, SHOW)
{
    Model->JackItems[0].Handler = AnswerWrongCount;
}

static NTSTATUS NTAPI AnswerWrongJack(PPCPROPERTY_REQUEST Request)
{
    NTSTATUS status = PortJack(Request);

    if (NT_SUCCESS(status) && (Request->Verb & KSPROPERTY_TYPE_GET)) {
        ((PKSJACK_DESCRIPTION)((PKSMULTIPLE_ITEM)Request->Value + 1))->Color = 0xFF000000;
    }
    return status;
}

PORT_RULE(JACK_DESCRIPTION, SHOW)
{
    Model->JackItems[0].Handler = AnswerWrongJack;
}
