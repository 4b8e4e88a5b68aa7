/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Who lives how long: the Wave miniport, its streams and the adapter context, in
 * every order in which clients and plug and play may let go of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "adapter_power.h"
#include "adapter_recovery.h"
#include "wavert.h"
#include "wavert_format.h"
#include "wavert_stream.h"
#include "wavert_tables.h"
#include "wdk.h"

const GUID IID_IUnknown = {0, 0, 0, {0xC0, 0, 0, 0, 0, 0, 0, 0x46}};
const GUID IID_IMiniport = {0xB4C90A24, 0x5791, 0x11D0, {0x86, 0xF9, 0x00, 0xA0, 0xC9, 0x11, 0xB5, 0x44}};
const GUID IID_IMiniportWaveRT = {0x0F9FC4D6, 0x6061, 0x4F3C, {0xB1, 0xFC, 0x07, 0x5E, 0x35, 0xF7, 0x96, 0x0A}};
const GUID IID_IAdapterPowerManagement = {
    0x793417D0, 0x35FE, 0x11D1, {0xAD, 0x08, 0x00, 0xA0, 0xC9, 0x0A, 0xB1, 0xB0}};
static const GUID IID_Unheard = {1, 2, 3, {4}};

const PCFILTER_DESCRIPTOR WaveRtFilterDescriptors[VIRTIOSND_STREAM_SETS] = {{0}};

/* ---- what surrounds the code under test: each notes that it was called ---- */

static char calls[64];
static VIRTIOSND_BACKEND backend; /* never looked into here */
static NTSTATUS create_status;

static void called(char what)
{
    calls[strlen(calls)] = what;
}

struct stream {
    PMINIPORTWAVERT_CONTEXT miniport;
    VIRTIOSND_STREAM_ID id;
    int quiesced;
};

NTSTATUS WaveRtStreamCreate(PMINIPORTWAVERT_CONTEXT Miniport, PPORTWAVERTSTREAM PortStream, ULONG Pin, BOOLEAN Capture,
                            PKSDATAFORMAT Format, PMINIPORTWAVERTSTREAM *Stream)
{
    struct stream *made = calloc(1, sizeof(*made));

    (void)PortStream;
    (void)Pin;
    (void)Format;
    *Stream = NULL;
    if (create_status != STATUS_SUCCESS) {
        free(made);
        return create_status;
    }
    assert_ptr_equal(WaveRtMiniportBackend(Miniport), &backend);
    made->miniport = Miniport;
    made->id = Capture ? VirtIoSndStreamCapture : VirtIoSndStreamRender;
    WaveRtMiniportReference(Miniport);
    *Stream = (PMINIPORTWAVERTSTREAM)made;
    return STATUS_SUCCESS;
}

VOID WaveRtStreamQuiesce(PMINIPORTWAVERTSTREAM Stream)
{
    struct stream *stream = (struct stream *)Stream;

    if (!stream->quiesced) {
        assert_ptr_equal(WaveRtMiniportBackend(stream->miniport), &backend);
        called('q');
    }
    stream->quiesced = 1;
}

VOID WaveRtStreamRest(PMINIPORTWAVERTSTREAM Stream)
{
    (void)Stream;
    called('r');
}

VOID WaveRtStreamGoOn(PMINIPORTWAVERTSTREAM Stream)
{
    (void)Stream;
    called('g');
}

static int timers; /* streams that hold the clock's tick */

VOID WaveRtStreamAcquireTime(VOID)
{
    timers++;
}

VOID WaveRtStreamReleaseTime(VOID)
{
    timers--;
}

static void stream_close(PMINIPORTWAVERTSTREAM Stream)
{
    struct stream *stream = (struct stream *)Stream;

    WaveRtMiniportStreamClosed(stream->miniport, stream->id);
    assert_true(stream->quiesced);
    WaveRtMiniportRelease(stream->miniport);
    WaveRtStreamReleaseTime();
    free(stream);
}

VOID VirtIoSndBackendDestroy(PVIRTIOSND_BACKEND Backend)
{
    if (Backend != NULL) {
        called('b');
    }
}

VOID NTAPI AdapterPowerChangeState(IAdapterPowerManagement *This, POWER_STATE NewState)
{
    (void)This;
    (void)NewState;
}

NTSTATUS NTAPI AdapterPowerQueryChangeState(IAdapterPowerManagement *This, POWER_STATE NewState)
{
    (void)This;
    (void)NewState;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI AdapterPowerQueryDeviceCapabilities(IAdapterPowerManagement *This, PDEVICE_CAPABILITIES Capabilities)
{
    (void)This;
    (void)Capabilities;
    return STATUS_SUCCESS;
}

NTSTATUS AdapterRecoveryInitialize(PADAPTER_CONTEXT Context)
{
    (void)Context;
    return STATUS_SUCCESS;
}

VOID AdapterRecoveryUninitialize(PADAPTER_CONTEXT Context)
{
    (void)Context;
}

VOID VirtIoSndDeviceInitialize(PVIRTIOSND_DEVICE Device)
{
    Device->Started = FALSE;
}

VOID VirtIoSndStopHardware(PVIRTIOSND_DEVICE Device, BOOLEAN Powered)
{
    (void)Powered;
    if (Device->Started) {
        called('h');
    }
    Device->Started = FALSE;
}

/* ---- set-up ---- */

static PADAPTER_CONTEXT adapter;
static PMINIPORTWAVERT miniport;

static int start(void **state)
{
    (void)state;
    wdk_reset();
    memset(calls, 0, sizeof(calls));
    timers = 0;
    create_status = STATUS_SUCCESS;
    assert_int_equal(AdapterContextCreate(NULL, NULL, &adapter), STATUS_SUCCESS);
    adapter->Backend = &backend;
    adapter->StreamSet = VIRTIOSND_STREAM_SETS;
    adapter->Device.Started = TRUE;
    assert_int_equal(WaveRtMiniportCreate(adapter, &miniport), STATUS_SUCCESS);
    return 0;
}

static void stop_adapter(void)
{
    AdapterContextRetire(adapter);
    AdapterContextRelease(adapter);
}

static NTSTATUS open_pin(ULONG pin, BOOLEAN capture, VIRTIOSND_STREAM_ID format_of, PMINIPORTWAVERTSTREAM *stream)
{
    WAVERT_FORMAT format;

    WaveRtFormatDefault(format_of, &format);
    return miniport->lpVtbl->NewStream(miniport, stream, NULL, pin, capture, &format.DataFormat);
}

static PMINIPORTWAVERTSTREAM open_render(void)
{
    PMINIPORTWAVERTSTREAM stream;

    assert_int_equal(open_pin(WaveRtPinRenderStream, FALSE, VirtIoSndStreamRender, &stream), STATUS_SUCCESS);
    return stream;
}

static PMINIPORTWAVERTSTREAM open_capture(void)
{
    PMINIPORTWAVERTSTREAM stream;

    assert_int_equal(open_pin(WaveRtPinCaptureStream, TRUE, VirtIoSndStreamCapture, &stream), STATUS_SUCCESS);
    return stream;
}

/* ---- tests ---- */

static void retirement_quiesces_streams_then_backend_then_hardware(void **state)
{
    PMINIPORTWAVERTSTREAM render = open_render();
    PMINIPORTWAVERTSTREAM capture = open_capture();

    (void)state;
    AdapterContextRetire(adapter);
    assert_string_equal(calls, "qqbh");
    AdapterContextRetire(adapter);
    assert_string_equal(calls, "qqbh");
    AdapterContextRelease(adapter);
    stream_close(render);
    stream_close(capture);
    miniport->lpVtbl->Release(miniport);
    assert_int_equal(wdk.pool_blocks, 0);
}

static void handles_held_past_removal_keep_only_memory(void **state)
{
    PMINIPORTWAVERTSTREAM render = open_render();

    (void)state;
    stop_adapter();
    miniport->lpVtbl->Release(miniport); /* the port lets go as well */
    assert_int_equal(wdk.pool_blocks, 2); /* context and miniport: the stream holds them */
    assert_true(WaveRtMiniportGone(((struct stream *)render)->miniport));
    stream_close(render);
    assert_int_equal(wdk.pool_blocks, 0);
    assert_string_equal(calls, "qbh");
}

static void closing_a_stream_frees_its_direction(void **state)
{
    PMINIPORTWAVERTSTREAM first = open_render();
    PMINIPORTWAVERTSTREAM second;

    (void)state;
    assert_int_equal(open_pin(WaveRtPinRenderStream, FALSE, VirtIoSndStreamRender, &second), STATUS_DEVICE_BUSY);
    assert_null(second);
    stream_close(first);
    assert_string_equal(calls, "q");
    stream_close(open_render());
    miniport->lpVtbl->Release(miniport);
    stop_adapter();
    assert_int_equal(wdk.pool_blocks, 0);
}

static void no_stream_opens_after_removal(void **state)
{
    PMINIPORTWAVERTSTREAM stream = (PMINIPORTWAVERTSTREAM)&backend;

    (void)state;
    AdapterContextRetire(adapter);
    assert_int_equal(open_pin(WaveRtPinRenderStream, FALSE, VirtIoSndStreamRender, &stream),
                     STATUS_DEVICE_NOT_CONNECTED);
    assert_null(stream);
    miniport->lpVtbl->Release(miniport);
    AdapterContextRelease(adapter);
    assert_int_equal(wdk.pool_blocks, 0);
}

static void failed_creation_leaves_the_direction_free(void **state)
{
    PMINIPORTWAVERTSTREAM stream;

    (void)state;
    create_status = STATUS_INSUFFICIENT_RESOURCES;
    assert_int_equal(open_pin(WaveRtPinCaptureStream, TRUE, VirtIoSndStreamCapture, &stream),
                     STATUS_INSUFFICIENT_RESOURCES);
    assert_null(stream);
    create_status = STATUS_SUCCESS;
    stream_close(open_capture());
    miniport->lpVtbl->Release(miniport);
    stop_adapter();
    assert_int_equal(wdk.pool_blocks, 0);
}

static void pin_direction_and_format_must_agree(void **state)
{
    PMINIPORTWAVERTSTREAM stream;

    (void)state;
    assert_int_equal(open_pin(WaveRtPinRenderStream, TRUE, VirtIoSndStreamRender, &stream), STATUS_INVALID_PARAMETER);
    assert_int_equal(open_pin(WaveRtPinCaptureStream, FALSE, VirtIoSndStreamCapture, &stream),
                     STATUS_INVALID_PARAMETER);
    assert_int_equal(open_pin(WaveRtPinRenderBridge, FALSE, VirtIoSndStreamRender, &stream), STATUS_INVALID_PARAMETER);
    assert_int_equal(open_pin(WaveRtPinCount, FALSE, VirtIoSndStreamRender, &stream), STATUS_INVALID_PARAMETER);
    assert_int_equal(open_pin(WaveRtPinRenderStream, FALSE, VirtIoSndStreamCapture, &stream), STATUS_NO_MATCH);
    miniport->lpVtbl->Release(miniport);
    stop_adapter();
}

/* A filter that only records begins with its own pins; one that only plays has no others. */
static void pins_of_one_stream_are_counted_from_nought(void **state)
{
    PMINIPORTWAVERTSTREAM stream;
    PPCFILTER_DESCRIPTOR filter;

    (void)state;
    adapter->StreamSet = VIRTIOSND_STREAM_BIT(VirtIoSndStreamCapture);
    assert_int_equal(open_pin(1, TRUE, VirtIoSndStreamCapture, &stream), STATUS_SUCCESS);
    stream_close(stream);
    assert_int_equal(open_pin(0, FALSE, VirtIoSndStreamRender, &stream), STATUS_INVALID_PARAMETER);
    assert_int_equal(open_pin(WaveRtPinCaptureStream, TRUE, VirtIoSndStreamCapture, &stream),
                     STATUS_INVALID_PARAMETER);
    assert_int_equal(miniport->lpVtbl->GetDescription(miniport, &filter), STATUS_SUCCESS);
    assert_ptr_equal(filter, &WaveRtFilterDescriptors[1]);
    adapter->StreamSet = VIRTIOSND_STREAM_BIT(VirtIoSndStreamRender);
    assert_int_equal(open_pin(0, FALSE, VirtIoSndStreamRender, &stream), STATUS_SUCCESS);
    stream_close(stream);
    assert_int_equal(open_pin(WaveRtPinCaptureStream, TRUE, VirtIoSndStreamCapture, &stream),
                     STATUS_INVALID_PARAMETER);
    assert_int_equal(miniport->lpVtbl->GetDescription(miniport, &filter), STATUS_SUCCESS);
    assert_ptr_equal(filter, &WaveRtFilterDescriptors[0]);
    miniport->lpVtbl->Release(miniport);
    stop_adapter();
}

static void resting_streams_go_on_and_none_opens_meanwhile(void **state)
{
    PMINIPORTWAVERTSTREAM render = open_render();
    PMINIPORTWAVERTSTREAM stream;

    (void)state;
    assert_int_equal(timers, 1);
    adapter->Asleep = TRUE;
    AdapterContextRestStreams(adapter);
    assert_int_equal(open_pin(WaveRtPinCaptureStream, TRUE, VirtIoSndStreamCapture, &stream),
                     STATUS_DEVICE_NOT_READY);
    assert_int_equal(timers, 1);
    AdapterContextStreamsGoOn(adapter);
    assert_string_equal(calls, "rg");
    stream_close(render);
    assert_int_equal(timers, 0);
    miniport->lpVtbl->Release(miniport);
    stop_adapter();
    assert_int_equal(wdk.pool_blocks, 0);
}

static void query_interface_knows_its_faces_and_no_others(void **state)
{
    static const GUID *const faces[] = {&IID_IUnknown, &IID_IMiniport, &IID_IMiniportWaveRT};
    PVOID face;

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(miniport->lpVtbl->QueryInterface(miniport, faces[i], &face), STATUS_SUCCESS);
        assert_ptr_equal(face, miniport);
        assert_int_equal(miniport->lpVtbl->Release(face), 1);
    }
    face = miniport;
    assert_int_equal(miniport->lpVtbl->QueryInterface(miniport, &IID_Unheard, &face), STATUS_INVALID_PARAMETER);
    assert_null(face);
    assert_int_equal(miniport->lpVtbl->Release(miniport), 0);
    stop_adapter();
    assert_int_equal(wdk.pool_blocks, 0);
}

static void creation_without_memory_leaves_nothing(void **state)
{
    PADAPTER_CONTEXT other;
    PMINIPORTWAVERT second;

    (void)state;
    wdk.fail_at = 1;
    assert_int_equal(AdapterContextCreate(NULL, NULL, &other), STATUS_INSUFFICIENT_RESOURCES);
    assert_null(other);
    wdk.fail_at = 1;
    assert_int_equal(WaveRtMiniportCreate(adapter, &second), STATUS_INSUFFICIENT_RESOURCES);
    assert_null(second);
    miniport->lpVtbl->Release(miniport);
    stop_adapter();
    assert_int_equal(wdk.pool_blocks, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(retirement_quiesces_streams_then_backend_then_hardware, start),
        cmocka_unit_test_setup(handles_held_past_removal_keep_only_memory, start),
        cmocka_unit_test_setup(closing_a_stream_frees_its_direction, start),
        cmocka_unit_test_setup(no_stream_opens_after_removal, start),
        cmocka_unit_test_setup(failed_creation_leaves_the_direction_free, start),
        cmocka_unit_test_setup(pin_direction_and_format_must_agree, start),
        cmocka_unit_test_setup(pins_of_one_stream_are_counted_from_nought, start),
        cmocka_unit_test_setup(resting_streams_go_on_and_none_opens_meanwhile, start),
        cmocka_unit_test_setup(query_interface_knows_its_faces_and_no_others, start),
        cmocka_unit_test_setup(creation_without_memory_leaves_nothing, start),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
