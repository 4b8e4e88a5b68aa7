/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Requests of the control queue (virtio 1.2, 5.14.6). */
#include <string.h>

#include "le.h"
#include "model.h"

#define STATUS_BYTES 4u
#define MAX_REQUEST_BYTES sizeof(struct virtio_snd_pcm_set_params)
#define INFO_BYTES ((uint32_t)sizeof(struct virtio_snd_pcm_info))

/* A request as far as any handler needs it, and its answer behind the status. */
struct request {
    uint8_t bytes[MAX_REQUEST_BYTES];
    uint64_t length; /* bytes that the driver sent: may exceed the array */
    uint64_t room;   /* bytes for the answer, status included */
    const char *why; /* set with any status but OK */
    uint8_t answer[VSND_STREAM_COUNT * sizeof(struct virtio_snd_pcm_info)];
    uint32_t answer_bytes;
};

/* Instead of a status: the device is beyond answering. */
#define UNANSWERABLE UINT32_MAX

static uint32_t refuse(struct request *request, uint32_t status, const char *why)
{
    request->why = why;
    return status;
}

static bool has_length(const struct vsnd *dev, const struct request *request, uint32_t needed)
{
    return dev->personality->exact_requests ? request->length == needed : request->length >= needed;
}

static void put_info(const struct vsnd *dev, uint32_t stream_id, uint8_t *entry)
{
    uint32_t stream = pcm_stream_of_id(dev, stream_id);
    const struct stream_traits *traits = &dev->personality->streams[stream];
    memset(entry, 0, INFO_BYTES);
    le32_put(entry, dev->personality->info_names_stream ? stream_id : 0);
    le64_put(entry + 8, traits->formats);
    le64_put(entry + 16, traits->rates);
    entry[24] = traits->direction;
    entry[25] = traits->channels_min;
    entry[26] = dev->channels_max[stream];
}

static uint32_t pcm_info(struct vsnd *dev, struct request *request)
{
    if (!has_length(dev, request, dev->personality->info_request_bytes))
        return refuse(request, VIRTIO_SND_S_BAD_MSG, "PCM_INFO: wrong length");
    uint32_t start = le32_get(request->bytes + 4);
    uint32_t count = le32_get(request->bytes + 8);
    uint64_t end = (uint64_t)start + count;
    if (dev->personality->exact_requests && le32_get(request->bytes + 12) != INFO_BYTES)
        return refuse(request, VIRTIO_SND_S_BAD_MSG, "PCM_INFO: entry size is not 32");
    if (count == 0 && dev->personality->info_rejects_none)
        return refuse(request, VIRTIO_SND_S_BAD_MSG, "PCM_INFO: no entries asked for");
    if (end > dev->personality->stream_count && !dev->personality->info_range_may_exceed)
        return refuse(request, VIRTIO_SND_S_BAD_MSG, "PCM_INFO: streams that do not exist");
    for (uint32_t id = 0; id < dev->personality->stream_count; id++) {
        if (id < start || id >= end)
            continue;
        put_info(dev, id, request->answer + request->answer_bytes);
        request->answer_bytes += INFO_BYTES;
    }
    if (request->answer_bytes > request->room - STATUS_BYTES)
        return refuse(request, VIRTIO_SND_S_BAD_MSG, "PCM_INFO: no room for the entries");
    misbehaviour_discovered(dev);
    return VIRTIO_SND_S_OK;
}

/* The stream that a request names, or VSND_STREAM_COUNT when it names none. */
static uint32_t stream_of(const struct vsnd *dev, const struct request *request)
{
    return pcm_stream_of_id(dev, le32_get(request->bytes + 4));
}

static uint32_t no_such_stream(struct vsnd *dev, struct request *request)
{
    uint32_t code = le32_get(request->bytes);
    bool fatal = code == VIRTIO_SND_R_PCM_SET_PARAMS || code == VIRTIO_SND_R_PCM_RELEASE;
    if (!fatal || !dev->personality->bad_stream_is_fatal)
        return refuse(request, VIRTIO_SND_S_BAD_MSG, "stream command: no such stream");
    device_needs_reset(dev, "stream command: no such stream");
    return UNANSWERABLE;
}

static uint32_t set_params(struct vsnd *dev, struct request *request)
{
    static const char *const why[] = {
        [VIRTIO_SND_S_BAD_MSG] = "SET_PARAMS: the period does not fit the buffer",
        [VIRTIO_SND_S_NOT_SUPP] = "SET_PARAMS: channels, format, rate or features not supported",
        [VIRTIO_SND_S_IO_ERR] = "SET_PARAMS: not in this stream state",
    };
    const uint8_t *bytes = request->bytes;
    struct virtio_snd_pcm_set_params params;
    if (!has_length(dev, request, sizeof(params)))
        return refuse(request, VIRTIO_SND_S_BAD_MSG, "SET_PARAMS: wrong length");
    uint32_t stream_id = stream_of(dev, request);
    if (stream_id == VSND_STREAM_COUNT)
        return no_such_stream(dev, request);
    params.code = le32_get(bytes);
    params.stream_id = stream_id;
    params.buffer_bytes = le32_get(bytes + 8);
    params.period_bytes = le32_get(bytes + 12);
    params.features = le32_get(bytes + 16);
    params.channels = bytes[20];
    params.format = bytes[21];
    params.rate = bytes[22];
    params.padding = bytes[23];
    uint32_t status = pcm_set_params(dev, stream_id, &params);
    request->why = why[status];
    return status;
}

static uint32_t stream_command(struct vsnd *dev, struct request *request)
{
    if (!has_length(dev, request, sizeof(struct virtio_snd_pcm_hdr)))
        return refuse(request, VIRTIO_SND_S_BAD_MSG, "stream command: wrong length");
    uint32_t stream_id = stream_of(dev, request);
    if (stream_id == VSND_STREAM_COUNT)
        return no_such_stream(dev, request);
    enum pcm_command command = (enum pcm_command)(le32_get(request->bytes) - VIRTIO_SND_R_PCM_SET_PARAMS);
    bool start = command == PCM_PREPARE || command == PCM_START;
    request->why = "stream command: not in this stream state";
    uint32_t status = pcm_command(dev, stream_id, command);
    if (command == PCM_RELEASE) {
        misbehaviour_released(dev, stream_id);
        claims_released(dev, stream_id);
    }
    if (status == VIRTIO_SND_S_OK || !start || !dev->personality->illegal_start_is_fatal)
        return status;
    device_needs_reset(dev, request->why);
    return UNANSWERABLE;
}

static uint32_t not_supported(struct vsnd *dev, struct request *request)
{
    (void)dev;
    return refuse(request, VIRTIO_SND_S_NOT_SUPP, "control: this request is not supported");
}

static uint32_t unknown(struct vsnd *dev, struct request *request)
{
    return refuse(request, dev->personality->unknown, "control: there is no such request");
}

static const struct {
    uint32_t code;
    uint32_t (*handle)(struct vsnd *dev, struct request *request);
} handlers[] = {
    {VIRTIO_SND_R_PCM_INFO, pcm_info},          {VIRTIO_SND_R_PCM_SET_PARAMS, set_params},
    {VIRTIO_SND_R_PCM_PREPARE, stream_command}, {VIRTIO_SND_R_PCM_RELEASE, stream_command},
    {VIRTIO_SND_R_PCM_START, stream_command},   {VIRTIO_SND_R_PCM_STOP, stream_command},
    {VIRTIO_SND_R_JACK_INFO, not_supported},    {VIRTIO_SND_R_JACK_REMAP, not_supported},
    {VIRTIO_SND_R_CHMAP_INFO, not_supported},
};

static uint32_t dispatch(struct vsnd *dev, const struct vq_chain *chain, struct request *request)
{
    uint64_t part = request->length < MAX_REQUEST_BYTES ? request->length : MAX_REQUEST_BYTES;
    if (!vq_chain_read(chain, &dev->memory, 0, request->bytes, part) || part < sizeof(struct virtio_snd_hdr))
        return refuse(request, VIRTIO_SND_S_BAD_MSG, "control: no readable request code");
    uint32_t code = le32_get(request->bytes);
    for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {
        if (handlers[i].code == code)
            return handlers[i].handle(dev, request);
    }
    return unknown(dev, request);
}

/* ACRN takes request, status and entries from the first, second and third descriptor. */
static bool has_expected_descriptors(const struct vsnd *dev, const struct vq_chain *chain)
{
    uint8_t code[4] = {0};
    if (!dev->personality->exact_descriptors)
        return true;
    if (!vq_chain_read(chain, &dev->memory, 0, code, sizeof(code)))
        return false;
    return chain->readable == 1 && chain->writable == (le32_get(code) == VIRTIO_SND_R_PCM_INFO ? 2 : 1);
}

static uint32_t control_length(const struct vsnd *dev, const struct vq_chain *chain, uint32_t written)
{
    const uint32_t lengths[] = {
        [CONTROL_LENGTH_EXACT] = written,
        [CONTROL_LENGTH_STATUS] = STATUS_BYTES,
        [CONTROL_LENGTH_WHOLE] = (uint32_t)chain->writable_bytes,
        [CONTROL_LENGTH_HUGE] = (uint32_t)chain->writable_bytes + 0x10000u,
    };
    return lengths[dev->personality->control_length];
}

void control_request(struct vsnd *dev, const struct vq_chain *chain)
{
    struct request request = {.length = chain->readable_bytes, .room = chain->writable_bytes};
    uint8_t status_bytes[STATUS_BYTES];
    dev->stats.control_requests++;
    /* A request whose answer has no place is not carried out: the driver could not know of it. */
    if (request.room < STATUS_BYTES || !vq_chain_is_writable(chain, &dev->memory) ||
        !has_expected_descriptors(dev, chain)) {
        dev->stats.unanswered++;
        dev->stats.last_error = "control: no room for an answer";
        queue_complete(dev, VIRTIO_SND_QUEUE_CONTROL, chain->head, 0);
        return;
    }
    bool silent = vsnd_fault_due(&dev->faults, VSND_FAULT_CONTROL_SILENT);
    bool error = vsnd_fault_due(&dev->faults, VSND_FAULT_CONTROL_ERROR);
    uint32_t status = silent  ? UNANSWERABLE
                      : error ? refuse(&request, VIRTIO_SND_S_IO_ERR, "control: a planned failure")
                              : dispatch(dev, chain, &request);
    if (status == UNANSWERABLE) {
        dev->stats.unanswered++;
        return;
    }
    if (status != VIRTIO_SND_S_OK)
        request.answer_bytes = 0;
    le32_put(status_bytes, device_answer(dev, status, request.why));
    vq_chain_write(chain, &dev->memory, 0, status_bytes, STATUS_BYTES);
    vq_chain_write(chain, &dev->memory, STATUS_BYTES, request.answer, request.answer_bytes);
    queue_complete(dev, VIRTIO_SND_QUEUE_CONTROL, chain->head,
                   control_length(dev, chain, STATUS_BYTES + request.answer_bytes));
}
