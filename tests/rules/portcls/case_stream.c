/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Rules about streams: creation, state, position, latency, registers and events. */
#include "port_rule.h"

static IMiniportWaveRTStreamNotificationVtbl g_Correct;

/* Keeps the correct vtable for the wrong methods to call. */
static VOID Keep(PPORT_MODEL Model)
{
    g_Correct = Model->StreamVtbl;
}

static NTSTATUS NTAPI SetStatePending(IMiniportWaveRTStreamNotification *This, KSSTATE State)
{
    g_Correct.SetState(This, State);
    return STATUS_PENDING;
}

PORT_RULE(STREAM_PENDING, PLAY)
{
    Keep(Model);
    Model->StreamVtbl.SetState = SetStatePending;
}

static NTSTATUS NTAPI FailWithStream(IMiniportWaveRT *This, PMINIPORTWAVERTSTREAM *Stream, PPORTWAVERTSTREAM PortStream,
                                     ULONG Pin, BOOLEAN Capture, PKSDATAFORMAT Format)
{
    static ULONG_PTR rest[4];

    UNUSED(This);
    UNUSED(PortStream);
    UNUSED(Pin);
    UNUSED(Capture);
    UNUSED(Format);
    *Stream = (PMINIPORTWAVERTSTREAM)(PVOID)rest;
    return STATUS_INSUFFICIENT_RESOURCES;
}

PORT_RULE(STREAM_ON_FAILURE, PLAY)
{
    Model->WaveVtbl.NewStream = FailWithStream;
}

static NTSTATUS NTAPI PositionAtEnd(IMiniportWaveRTStreamNotification *This, PKSAUDIO_POSITION Position)
{
    PPORT_STREAM stream = CONTAINING_RECORD(This, PORT_STREAM, Interface);

    g_Correct.GetPosition(This, Position);
    if (stream->State == KSSTATE_RUN) {
        Position->PlayOffset = stream->Bytes;
    }
    return STATUS_SUCCESS;
}

PORT_RULE(POSITION_RANGE, PLAY)
{
    Keep(Model);
    Model->StreamVtbl.GetPosition = PositionAtEnd;
}

static NTSTATUS NTAPI PositionInStop(IMiniportWaveRTStreamNotification *This, PKSAUDIO_POSITION Position)
{
    PPORT_STREAM stream = CONTAINING_RECORD(This, PORT_STREAM, Interface);

    g_Correct.GetPosition(This, Position);
    if (stream->State == KSSTATE_STOP && stream->Bytes > FRAME_BYTES) {
        Position->PlayOffset = FRAME_BYTES;
    }
    return STATUS_SUCCESS;
}

PORT_RULE(POSITION_IN_STOP, position_criteria)
{
    Keep(Model);
    Model->StreamVtbl.GetPosition = PositionInStop;
}

/* Every answer in PAUSE is one frame further. */
static NTSTATUS NTAPI PositionInPause(IMiniportWaveRTStreamNotification *This, PKSAUDIO_POSITION Position)
{
    PPORT_STREAM stream = CONTAINING_RECORD(This, PORT_STREAM, Interface);

    if (stream->State == KSSTATE_PAUSE) {
        stream->Frames++;
    }
    return g_Correct.GetPosition(This, Position);
}

PORT_RULE(POSITION_IN_PAUSE, position_criteria)
{
    Keep(Model);
    Model->StreamVtbl.GetPosition = PositionInPause;
}

/* Every answer in RUN is 5 ms further than the time. */
static NTSTATUS NTAPI PositionAhead(IMiniportWaveRTStreamNotification *This, PKSAUDIO_POSITION Position)
{
    PPORT_STREAM stream = CONTAINING_RECORD(This, PORT_STREAM, Interface);

    if (stream->State == KSSTATE_RUN) {
        stream->Frames += 240;
    }
    return g_Correct.GetPosition(This, Position);
}

PORT_RULE(POSITION_AHEAD, PLAY)
{
    Keep(Model);
    Model->StreamVtbl.GetPosition = PositionAhead;
}

static VOID NTAPI LongLatency(IMiniportWaveRTStreamNotification *This, KSRTAUDIO_HWLATENCY *Latency)
{
    UNUSED(This);
    RtlZeroMemory(Latency, sizeof(*Latency));
    Latency->CodecDelay = 20000000; /* 2 s */
}

PORT_RULE(LATENCY_RANGE, PLAY)
{
    Model->StreamVtbl.GetHWLatency = LongLatency;
}

static NTSTATUS NTAPI RegisterInPool(IMiniportWaveRTStreamNotification *This, KSRTAUDIO_HWREGISTER *Register)
{
    PPORT_STREAM stream = CONTAINING_RECORD(This, PORT_STREAM, Interface);

    RtlZeroMemory(Register, sizeof(*Register));
    Register->Register = &stream->Frames;
    Register->Width = 32;
    Register->Numerator = 1;
    Register->Denominator = 1;
    return STATUS_SUCCESS;
}

PORT_RULE(REGISTER_IN_MEMORY, PLAY)
{
    Model->StreamVtbl.GetPositionRegister = RegisterInPool;
}

static NTSTATUS NTAPI RegisterOddWidth(IMiniportWaveRTStreamNotification *This, KSRTAUDIO_HWREGISTER *Register)
{
    RegisterInPool(This, Register);
    Register->Register = (PVOID)(ULONG_PTR)0x23450; /* none of the driver's memory */
    Register->Width = 7;
    return STATUS_SUCCESS;
}

PORT_RULE(REGISTER_DESCRIPTION, PLAY)
{
    Model->StreamVtbl.GetPositionRegister = RegisterOddWidth;
}

static NTSTATUS NTAPI AcceptAnyEvent(IMiniportWaveRTStreamNotification *This, PKEVENT Event)
{
    UNUSED(This);
    UNUSED(Event);
    return STATUS_SUCCESS;
}

PORT_RULE(EVENT_TWICE, notification_events)
{
    Model->StreamVtbl.RegisterNotificationEvent = AcceptAnyEvent;
}

static NTSTATUS NTAPI ForgetAnyEvent(IMiniportWaveRTStreamNotification *This, PKEVENT Event)
{
    g_Correct.UnregisterNotificationEvent(This, Event);
    return STATUS_SUCCESS;
}

PORT_RULE(EVENT_UNREGISTER, notification_events)
{
    Keep(Model);
    Model->StreamVtbl.UnregisterNotificationEvent = ForgetAnyEvent;
}
