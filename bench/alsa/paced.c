/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * An ALSA sound card made of a file: `pcm_type.paced`. What is played is appended to the file that `file` names, or
 * what is recorded comes from it, at the pace of CLOCK_MONOTONIC. It never loses a frame: where a real card would run
 * dry or over, this one waits. S16_LE, stereo, 48 kHz.
 * Source: alsa-lib reference, "External PCM I/O plugin".
 */
#define _GNU_SOURCE
#include <alsa/asoundlib.h>
#include <alsa/pcm_external.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define RATE 48000u
#define CHANNELS 2u
#define FRAME_BYTES 4u
#define NS_PER_SECOND 1000000000ull
#define PERIOD_BYTES_MIN 256u
#define PERIOD_BYTES_MAX 65536u
#define PERIODS_MIN 2u
#define PERIODS_MAX 64u

struct card {
    snd_pcm_ioplug_t io;
    int fd;
    uint64_t clock_frames; /* of the clock, at the last look */
    snd_pcm_uframes_t hardware; /* frames that the card has played or recorded since prepare */
    snd_pcm_uframes_t client;   /* frames that were handed over since prepare */
};

/* Entry points that alsa-lib finds by name. */
SND_PCM_PLUGIN_DEFINE_FUNC(paced);

static uint64_t clock_frames(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * RATE + (uint64_t)t.tv_nsec * RATE / NS_PER_SECOND;
}

/* Moves the card on by the time that has passed, up to one frame before it would have nothing to play or no room to
 * record: at the very end alsa-lib would call it an xrun and stop the card. */
static void move_on(struct card *card)
{
    uint64_t now = clock_frames(), passed = now - card->clock_frames;
    snd_pcm_uframes_t limit = card->client;

    if (card->io.stream == SND_PCM_STREAM_CAPTURE) {
        limit += card->io.buffer_size;
    }
    if (card->io.state == SND_PCM_STATE_RUNNING && limit > card->hardware) {
        limit--;
    }
    card->clock_frames = now;
    card->hardware += passed < limit - card->hardware ? passed : limit - card->hardware;
}

static int prepare(snd_pcm_ioplug_t *io)
{
    struct card *card = io->private_data;

    card->hardware = card->client = 0;
    card->clock_frames = clock_frames();
    return 0;
}

static int start(snd_pcm_ioplug_t *io)
{
    ((struct card *)io->private_data)->clock_frames = clock_frames();
    return 0;
}

static int stop(snd_pcm_ioplug_t *io)
{
    (void)io;
    return 0;
}

static snd_pcm_sframes_t pointer(snd_pcm_ioplug_t *io)
{
    struct card *card = io->private_data;

    if (io->state == SND_PCM_STATE_RUNNING || io->state == SND_PCM_STATE_DRAINING) {
        move_on(card);
    }
    return (snd_pcm_sframes_t)(card->hardware % io->buffer_size);
}

static snd_pcm_sframes_t transfer(snd_pcm_ioplug_t *io, const snd_pcm_channel_area_t *areas, snd_pcm_uframes_t offset,
                                  snd_pcm_uframes_t size)
{
    struct card *card = io->private_data;
    char *at = (char *)areas->addr + areas->first / 8 + offset * (areas->step / 8);
    size_t bytes = size * FRAME_BYTES;

    if (io->stream == SND_PCM_STREAM_PLAYBACK) {
        if (write(card->fd, at, bytes) != (ssize_t)bytes) {
            return -EIO;
        }
    } else {
        ssize_t got = read(card->fd, at, bytes);
        if (got < 0) {
            return -errno;
        }
        memset(at + got, 0, bytes - (size_t)got); /* silence follows the signal */
    }
    card->client += size;
    return (snd_pcm_sframes_t)size;
}

static int close_card(snd_pcm_ioplug_t *io)
{
    struct card *card = io->private_data;

    close(card->fd);
    free(card);
    return 0;
}

static const snd_pcm_ioplug_callback_t s_callbacks = {
    .start = start,
    .stop = stop,
    .pointer = pointer,
    .transfer = transfer,
    .close = close_card,
    .prepare = prepare,
};

static int constrain(snd_pcm_ioplug_t *io)
{
    static const unsigned access[] = {SND_PCM_ACCESS_RW_INTERLEAVED}, format[] = {SND_PCM_FORMAT_S16_LE};
    int error = snd_pcm_ioplug_set_param_list(io, SND_PCM_IOPLUG_HW_ACCESS, 1, access);

    error = error < 0 ? error : snd_pcm_ioplug_set_param_list(io, SND_PCM_IOPLUG_HW_FORMAT, 1, format);
    error = error < 0 ? error : snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_CHANNELS, CHANNELS, CHANNELS);
    error = error < 0 ? error : snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_RATE, RATE, RATE);
    error = error < 0 ? error
                      : snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_PERIOD_BYTES, PERIOD_BYTES_MIN,
                                                        PERIOD_BYTES_MAX);
    return error < 0 ? error
                     : snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_PERIODS, PERIODS_MIN, PERIODS_MAX);
}

static int make_card(snd_pcm_t **pcm, const char *name, const char *file, snd_pcm_stream_t stream, int mode)
{
    struct card *card = calloc(1, sizeof *card);
    int error;

    if (card == NULL) {
        return -ENOMEM;
    }
    card->fd = open(file, stream == SND_PCM_STREAM_PLAYBACK ? O_WRONLY | O_APPEND : O_RDONLY);
    if (card->fd < 0) {
        error = -errno;
        free(card);
        return error;
    }
    card->io.version = SND_PCM_IOPLUG_VERSION;
    card->io.name = "a file at the pace of the clock";
    card->io.callback = &s_callbacks;
    card->io.private_data = card;
    card->io.poll_fd = -1;
    error = snd_pcm_ioplug_create(&card->io, name, stream, mode);
    if (error < 0) {
        close(card->fd);
        free(card);
        return error;
    }
    error = constrain(&card->io);
    if (error < 0) {
        snd_pcm_ioplug_delete(&card->io); /* calls close_card */
        return error;
    }
    *pcm = card->io.pcm;
    return 0;
}

SND_PCM_PLUGIN_DEFINE_FUNC(paced)
{
    snd_config_iterator_t i, next;
    const char *file = NULL;

    (void)root;
    snd_config_for_each(i, next, conf) {
        snd_config_t *node = snd_config_iterator_entry(i);
        const char *id;
        if (snd_config_get_id(node, &id) < 0 || strcmp(id, "file") != 0) {
            continue; /* "type", "comment" and the like */
        }
        if (snd_config_get_string(node, &file) < 0) {
            return -EINVAL;
        }
    }
    return file != NULL ? make_card(pcmp, name, file, stream, mode) : -EINVAL;
}

SND_PCM_PLUGIN_SYMBOL(paced);
