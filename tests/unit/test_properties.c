/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The property handlers of both filters: answers, and the size rules of every answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "guids.h"
#include "topology_tables.h"
#include "wavert_format.h"
#include "wavert_tables.h"

#define NO_NODE 0xFFFFFFFFu

static UCHAR value[256];
static ULONG answered; /* ValueSize after the call */

static NTSTATUS ask(PCPFNPROPERTY_HANDLER handler, ULONG id, ULONG verb, ULONG node, const ULONG *pin, ULONG size)
{
    ULONG instance[2] = {pin ? *pin : 0, 0};
    PCPROPERTY_ITEM item = {NULL, id, KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_BASICSUPPORT, handler};
    PCPROPERTY_REQUEST request;
    NTSTATUS status;

    memset(&request, 0, sizeof(request));
    request.Node = node;
    request.PropertyItem = &item;
    request.Verb = verb;
    request.InstanceSize = pin ? sizeof(instance) : 0;
    request.Instance = pin ? instance : NULL;
    request.ValueSize = size;
    request.Value = size ? value : NULL;
    status = handler(&request);
    answered = request.ValueSize;
    return status;
}

/* A GET of `whole` bytes follows the conventions for every buffer size. */
static void get_keeps_the_size_rules(PCPFNPROPERTY_HANDLER handler, ULONG id, ULONG node, const ULONG *pin, ULONG whole)
{
    assert_int_equal(ask(handler, id, KSPROPERTY_TYPE_GET, node, pin, 0), STATUS_BUFFER_OVERFLOW);
    assert_int_equal(answered, whole);
    for (ULONG size = 1; size <= sizeof(value); size++) {
        memset(value, 0xA5, sizeof(value));
        assert_int_equal(ask(handler, id, KSPROPERTY_TYPE_GET, node, pin, size),
                         size < whole ? STATUS_BUFFER_TOO_SMALL : STATUS_SUCCESS);
        for (ULONG i = size < whole ? 0 : whole; i < sizeof(value); i++) {
            assert_int_equal(value[i], 0xA5);
        }
        if (size >= whole) {
            assert_int_equal(answered, whole);
        }
    }
}

static void basic_support_answers_flags_or_a_description(PCPFNPROPERTY_HANDLER handler, ULONG id, ULONG node,
                                                         const ULONG *pin)
{
    const ULONG flags = KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_BASICSUPPORT;
    const KSPROPERTY_DESCRIPTION *description = (const KSPROPERTY_DESCRIPTION *)value;

    assert_int_equal(ask(handler, id, KSPROPERTY_TYPE_BASICSUPPORT, node, pin, 0), STATUS_BUFFER_OVERFLOW);
    assert_int_equal(answered, sizeof(*description));
    assert_int_equal(ask(handler, id, KSPROPERTY_TYPE_BASICSUPPORT, node, pin, 3), STATUS_BUFFER_TOO_SMALL);
    for (ULONG size = 4; size < sizeof(*description); size++) {
        assert_int_equal(ask(handler, id, KSPROPERTY_TYPE_BASICSUPPORT, node, pin, size), STATUS_SUCCESS);
        assert_int_equal(answered, sizeof(ULONG));
        assert_memory_equal(value, &flags, sizeof(flags));
    }
    assert_int_equal(ask(handler, id, KSPROPERTY_TYPE_BASICSUPPORT, node, pin, sizeof(value)), STATUS_SUCCESS);
    assert_int_equal(answered, sizeof(*description));
    assert_int_equal(description->AccessFlags, flags);
    assert_int_equal(description->DescriptionSize, sizeof(*description));
    assert_int_equal(description->MembersListCount, 0);
}

/* ---- jacks ---- */

static void jacks_are_described_on_the_endpoint_pins_only(void **state)
{
    static const ULONG ids[] = {KSPROPERTY_JACK_DESCRIPTION, KSPROPERTY_JACK_DESCRIPTION2};

    (void)state;
    for (ULONG pin = 0; pin < TopologyPinCount + 2; pin++) {
        for (int i = 0; i < 2; i++) {
            ULONG whole = 8 + (i ? sizeof(KSJACK_DESCRIPTION2) : sizeof(KSJACK_DESCRIPTION));

            if (pin == TopologyPinSpeaker || pin == TopologyPinMicrophone) {
                get_keeps_the_size_rules(TopologyPropertyJack, ids[i], NO_NODE, &pin, whole);
                basic_support_answers_flags_or_a_description(TopologyPropertyJack, ids[i], NO_NODE, &pin);
            } else {
                assert_int_equal(ask(TopologyPropertyJack, ids[i], KSPROPERTY_TYPE_GET, NO_NODE, &pin, 64),
                                 STATUS_INVALID_DEVICE_REQUEST);
                assert_int_equal(ask(TopologyPropertyJack, ids[i], KSPROPERTY_TYPE_BASICSUPPORT, NO_NODE, &pin, 64),
                                 STATUS_INVALID_DEVICE_REQUEST);
            }
        }
    }
}

static void jack_lists_hold_one_plugged_jack(void **state)
{
    struct {
        KSMULTIPLE_ITEM list;
        KSJACK_DESCRIPTION jack;
    } got;

    (void)state;
    for (ULONG pin = TopologyPinSpeaker; pin <= TopologyPinMicrophone; pin++) {
        assert_int_equal(
            ask(TopologyPropertyJack, KSPROPERTY_JACK_DESCRIPTION, KSPROPERTY_TYPE_GET, NO_NODE, &pin, sizeof(value)),
            STATUS_SUCCESS);
        memcpy(&got, value, sizeof(got));
        assert_int_equal(got.list.Size, 36);
        assert_int_equal(got.list.Count, 1);
        assert_int_equal(got.jack.ChannelMapping, pin == TopologyPinSpeaker ? KSAUDIO_SPEAKER_STEREO : 0);
        assert_int_equal(got.jack.IsConnected, 1);
        assert_int_equal(got.jack.Color >> 24, 0);
    }
}

static void jack_requests_without_a_pin_or_a_verb_are_refused(void **state)
{
    const ULONG pin = TopologyPinSpeaker;

    (void)state;
    assert_int_equal(ask(TopologyPropertyJack, KSPROPERTY_JACK_DESCRIPTION, KSPROPERTY_TYPE_GET, NO_NODE, NULL, 64),
                     STATUS_INVALID_PARAMETER);
    assert_int_equal(ask(TopologyPropertyJack, KSPROPERTY_JACK_DESCRIPTION, KSPROPERTY_TYPE_SET, NO_NODE, &pin, 64),
                     STATUS_INVALID_DEVICE_REQUEST);
}

/* ---- channel configuration ---- */

static NTSTATUS set_speakers(ULONG speakers, ULONG size)
{
    memcpy(value, &speakers, sizeof(speakers));
    return ask(TopologyPropertyChannelConfig, KSPROPERTY_AUDIO_CHANNEL_CONFIG, KSPROPERTY_TYPE_SET, TopologyNodeDac,
               NULL, size);
}

static void channel_config_gets_stereo(void **state)
{
    const ULONG stereo = 3;

    (void)state;
    get_keeps_the_size_rules(TopologyPropertyChannelConfig, KSPROPERTY_AUDIO_CHANNEL_CONFIG, TopologyNodeDac, NULL,
                             sizeof(stereo));
    assert_int_equal(ask(TopologyPropertyChannelConfig, KSPROPERTY_AUDIO_CHANNEL_CONFIG, KSPROPERTY_TYPE_GET,
                         TopologyNodeDac, NULL, sizeof(stereo)),
                     STATUS_SUCCESS);
    assert_memory_equal(value, &stereo, sizeof(stereo));
    basic_support_answers_flags_or_a_description(TopologyPropertyChannelConfig, KSPROPERTY_AUDIO_CHANNEL_CONFIG,
                                                 TopologyNodeDac, NULL);
}

static void channel_config_takes_nothing_but_stereo(void **state)
{
    (void)state;
    assert_int_equal(set_speakers(3, 4), STATUS_SUCCESS);
    assert_int_equal(set_speakers(3, 3), STATUS_BUFFER_TOO_SMALL);
    assert_int_equal(set_speakers(3, 0), STATUS_BUFFER_TOO_SMALL);
    assert_int_equal(set_speakers(4, 4), STATUS_INVALID_PARAMETER);    /* mono */
    assert_int_equal(set_speakers(0x3F, 4), STATUS_INVALID_PARAMETER); /* 5.1 */
}

static void channel_config_belongs_to_the_dac_node(void **state)
{
    (void)state;
    assert_int_equal(ask(TopologyPropertyChannelConfig, KSPROPERTY_AUDIO_CHANNEL_CONFIG, KSPROPERTY_TYPE_GET, NO_NODE,
                         NULL, 4),
                     STATUS_INVALID_DEVICE_REQUEST);
}

/* ---- proposed format ---- */

static void proposed_format_gets_the_fixed_format(void **state)
{
    static const ULONG pins[] = {WaveRtPinRenderStream, WaveRtPinCaptureStream};

    (void)state;
    for (int i = 0; i < 2; i++) {
        WAVERT_FORMAT wanted;
        ULONG bytes = WaveRtFormatDefault((VIRTIOSND_STREAM_ID)i, &wanted);

        get_keeps_the_size_rules(WaveRtPropertyProposedFormat, KSPROPERTY_PIN_PROPOSEDATAFORMAT, NO_NODE, &pins[i],
                                 bytes);
        assert_int_equal(ask(WaveRtPropertyProposedFormat, KSPROPERTY_PIN_PROPOSEDATAFORMAT, KSPROPERTY_TYPE_GET,
                             NO_NODE, &pins[i], bytes),
                         STATUS_SUCCESS);
        assert_memory_equal(value, &wanted, bytes);
        basic_support_answers_flags_or_a_description(WaveRtPropertyProposedFormat, KSPROPERTY_PIN_PROPOSEDATAFORMAT,
                                                     NO_NODE, &pins[i]);
    }
}

static NTSTATUS propose(ULONG pin, VIRTIOSND_STREAM_ID format_of, ULONG size)
{
    WAVERT_FORMAT format;

    WaveRtFormatDefault(format_of, &format);
    memcpy(value, &format, sizeof(format));
    return ask(WaveRtPropertyProposedFormat, KSPROPERTY_PIN_PROPOSEDATAFORMAT, KSPROPERTY_TYPE_SET, NO_NODE, &pin,
               size);
}

static void proposed_format_judges_the_format_for_its_pin(void **state)
{
    (void)state;
    assert_int_equal(propose(WaveRtPinRenderStream, VirtIoSndStreamRender, 82), STATUS_SUCCESS);
    assert_int_equal(propose(WaveRtPinRenderStream, VirtIoSndStreamRender, 104), STATUS_SUCCESS);
    assert_int_equal(propose(WaveRtPinRenderStream, VirtIoSndStreamCapture, 82), STATUS_NO_MATCH);
    assert_int_equal(propose(WaveRtPinCaptureStream, VirtIoSndStreamCapture, 82), STATUS_SUCCESS);
    assert_int_equal(propose(WaveRtPinCaptureStream, VirtIoSndStreamRender, 82), STATUS_NO_MATCH);
    assert_int_equal(propose(WaveRtPinRenderStream, VirtIoSndStreamRender, 81), STATUS_INVALID_PARAMETER);
    assert_int_equal(propose(WaveRtPinRenderStream, VirtIoSndStreamRender, 63), STATUS_BUFFER_TOO_SMALL);
    assert_int_equal(propose(WaveRtPinRenderStream, VirtIoSndStreamRender, 0), STATUS_BUFFER_TOO_SMALL);
}

static void proposed_format_is_refused_on_bridge_pins(void **state)
{
    static const ULONG pins[] = {WaveRtPinRenderBridge, WaveRtPinCaptureBridge, WaveRtPinCount, NO_NODE};

    (void)state;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(propose(pins[i], VirtIoSndStreamRender, 82), STATUS_INVALID_DEVICE_REQUEST);
        assert_int_equal(ask(WaveRtPropertyProposedFormat, KSPROPERTY_PIN_PROPOSEDATAFORMAT, KSPROPERTY_TYPE_GET,
                             NO_NODE, &pins[i], sizeof(value)),
                         STATUS_INVALID_DEVICE_REQUEST);
    }
    assert_int_equal(ask(WaveRtPropertyProposedFormat, KSPROPERTY_PIN_PROPOSEDATAFORMAT, KSPROPERTY_TYPE_GET, NO_NODE,
                         NULL, sizeof(value)),
                     STATUS_INVALID_PARAMETER);
}

/* Filters with one of the streams: the same answers on their pins, none on pins that they lack. */
static void filters_of_one_stream_answer_for_their_own_pins(void **state)
{
    static const struct {
        PCPFNPROPERTY_HANDLER jack, format;
        ULONG jack_pin, format_pin;
        LONG mapping, channels;
    } filters[] = {
        {TopologyPropertyJackRender, WaveRtPropertyProposedFormatRender, 1, 0, KSAUDIO_SPEAKER_STEREO, 2},
        {TopologyPropertyJackCapture, WaveRtPropertyProposedFormatCapture, 0, 1, 0, 1},
    };

    (void)state;
    for (int i = 0; i < 2; i++) {
        for (ULONG pin = 0; pin < 6; pin++) {
            NTSTATUS jack = ask(filters[i].jack, KSPROPERTY_JACK_DESCRIPTION, KSPROPERTY_TYPE_GET, NO_NODE, &pin,
                                sizeof(value));
            assert_int_equal(jack, pin == filters[i].jack_pin ? STATUS_SUCCESS : STATUS_INVALID_DEVICE_REQUEST);
            if (NT_SUCCESS(jack)) {
                assert_int_equal(((KSJACK_DESCRIPTION *)(value + 8))->ChannelMapping, filters[i].mapping);
            }
            NTSTATUS format = ask(filters[i].format, KSPROPERTY_PIN_PROPOSEDATAFORMAT, KSPROPERTY_TYPE_GET, NO_NODE,
                                  &pin, sizeof(value));
            assert_int_equal(format, pin == filters[i].format_pin ? STATUS_SUCCESS : STATUS_INVALID_DEVICE_REQUEST);
            if (NT_SUCCESS(format)) {
                assert_int_equal(((WAVERT_FORMAT *)value)->WaveFormat.WaveFormatEx.nChannels, filters[i].channels);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jacks_are_described_on_the_endpoint_pins_only),
        cmocka_unit_test(jack_lists_hold_one_plugged_jack),
        cmocka_unit_test(jack_requests_without_a_pin_or_a_verb_are_refused),
        cmocka_unit_test(channel_config_gets_stereo),
        cmocka_unit_test(channel_config_takes_nothing_but_stereo),
        cmocka_unit_test(channel_config_belongs_to_the_dac_node),
        cmocka_unit_test(proposed_format_gets_the_fixed_format),
        cmocka_unit_test(proposed_format_judges_the_format_for_its_pin),
        cmocka_unit_test(proposed_format_is_refused_on_bridge_pins),
        cmocka_unit_test(filters_of_one_stream_answer_for_their_own_pins),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
