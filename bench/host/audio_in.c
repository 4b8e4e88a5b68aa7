/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _GNU_SOURCE
#include "audio_in.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <samplerate.h>
#include <sndfile.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "mixdown.h"

#define CHUNK_FRAMES 4096u
#define MAX_RATIO 256.0 /* libsamplerate's own limit */
#define PI 3.14159265358979323846

/* The reader and what it carries from chunk to chunk. */
struct reader {
    const char *path;
    SNDFILE *file;
    SF_INFO info;
    SRC_STATE *resampler; /* NULL: the rates agree */
    struct sound *sound;
    uint64_t max_frames;
    uint64_t read; /* source frames */
    float in[CHUNK_FRAMES * 2];
    float out[CHUNK_FRAMES * 2];
};

static bool append(struct sound *sound, const int16_t *samples, uint64_t frames) {
    const char *at = (const char *)samples;
    size_t left = frames * sound->channels * sizeof *samples;

    while (left > 0) {
        ssize_t written = write(sound->fd, at, left);
        if (written <= 0) {
            return fail("out of memory for the sound (%s)", strerror(errno));
        }
        at += written;
        left -= (size_t)written;
    }
    sound->frames += frames;
    return true;
}

static bool append_float(struct reader *r, const float *samples, uint64_t frames) {
    int16_t exact[CHUNK_FRAMES * 2];

    if (frames > r->max_frames - r->sound->frames) {
        frames = r->max_frames - r->sound->frames;
    }
    for (uint64_t i = 0; i < frames * r->sound->channels; i++) {
        exact[i] = s16_from_float(samples[i]);
    }
    return append(r->sound, exact, frames);
}

static bool read_exact(struct reader *r) {
    int16_t samples[CHUNK_FRAMES * 2];
    sf_count_t got;

    while (r->sound->frames < r->max_frames && (got = sf_readf_short(r->file, samples, CHUNK_FRAMES)) > 0) {
        r->read += (uint64_t)got;
        uint64_t room = r->max_frames - r->sound->frames;
        if (!append(r->sound, samples, (uint64_t)got < room ? (uint64_t)got : room)) {
            return false;
        }
    }
    return true;
}

/* Feeds `frames` mixed frames through the resampler; `last`: and drains it. */
static bool resample(struct reader *r, uint64_t frames, bool last) {
    SRC_DATA data = {.data_in = r->in, .input_frames = (long)frames, .end_of_input = last};

    data.src_ratio = (double)ENDPOINT_RATE / r->info.samplerate;
    do {
        data.data_in = data.input_frames != 0 ? data.data_in : r->in; /* past its end it would seem to overlap `out` */
        data.data_out = r->out;
        data.output_frames = CHUNK_FRAMES;
        int error = src_process(r->resampler, &data);
        if (error != 0) {
            return fail("%s: cannot convert the rate: %s", r->path, src_strerror(error));
        }
        if (!append_float(r, r->out, (uint64_t)data.output_frames_gen)) {
            return false;
        }
        data.data_in += data.input_frames_used * r->sound->channels;
        data.input_frames -= data.input_frames_used;
    } while (r->sound->frames < r->max_frames && (data.input_frames > 0 || data.output_frames_gen > 0));
    return true;
}

static bool read_converted(struct reader *r) {
    float *raw = malloc(sizeof *raw * CHUNK_FRAMES * (size_t)r->info.channels);
    bool good = raw != NULL || fail("out of memory for the sound");
    bool last = false;

    while (good && !last && r->sound->frames < r->max_frames) {
        sf_count_t got = sf_readf_float(r->file, raw, CHUNK_FRAMES);
        last = got <= 0;
        got = last ? 0 : got;
        r->read += (uint64_t)got;
        mixdown(raw, (unsigned)r->info.channels, r->in, r->sound->channels, (uint64_t)got);
        good = r->resampler != NULL ? resample(r, (uint64_t)got, last) : append_float(r, r->in, (uint64_t)got);
    }
    free(raw);
    return good;
}

static uint32_t u32(const uint8_t *p, bool big) {
    return big ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]
               : (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

/* libsndfile silently shortens a file whose header promises more than is there; a user wants to know. */
static bool is_whole(const char *path, uint64_t bytes) {
    uint8_t chunk[12];
    bool whole = true;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || pread(fd, chunk, sizeof chunk, 0) != (ssize_t)sizeof chunk) {
        whole = false;
    } else if (memcmp(chunk, "FORM", 4) == 0) {
        whole = 8ull + u32(chunk + 4, true) <= bytes;
    } else if (memcmp(chunk, "RIFF", 4) == 0 && memcmp(chunk + 8, "WAVE", 4) == 0) {
        for (uint64_t at = 12; pread(fd, chunk, 8, (off_t)at) == 8;) {
            uint32_t size = u32(chunk + 4, false);
            if (memcmp(chunk, "data", 4) == 0) { /* a writer that cannot seek leaves the largest size there */
                whole = size >= 0x7FFFF000u || at + 8 + size <= bytes;
                break;
            }
            at += 8ull + size + (size & 1u);
        }
    }
    if (fd >= 0) {
        close(fd);
    }
    return whole;
}

static bool check_file(const char *path) {
    struct stat status;

    if (stat(path, &status) != 0) {
        return fail("%s: %s", path, strerror(errno));
    }
    if (S_ISDIR(status.st_mode)) {
        return fail("%s: is a directory", path);
    }
    if (!S_ISREG(status.st_mode)) {
        return fail("%s: is not a regular file", path);
    }
    if (access(path, R_OK) != 0) {
        return fail("%s: %s", path, strerror(errno));
    }
    return status.st_size != 0 || fail("%s: is empty", path);
}

static bool sound_open(struct sound *sound, unsigned channels) {
    memset(sound, 0, sizeof *sound);
    sound->channels = channels;
    sound->fd = memfd_create("sound", MFD_CLOEXEC);
    return sound->fd >= 0 || fail("out of memory for the sound (%s)", strerror(errno));
}

static bool sound_map(struct sound *sound) {
    size_t bytes = sound->frames * sound->channels * sizeof *sound->samples;
    void *map = mmap(NULL, bytes, PROT_READ, MAP_SHARED, sound->fd, 0);
    if (map == MAP_FAILED || lseek(sound->fd, 0, SEEK_SET) != 0) {
        return fail("out of memory for the sound (%s)", strerror(errno));
    }
    sound->samples = map;
    return true;
}

/* Reads the open file and judges the result. */
static bool read_file(struct reader *r) {
    struct sound *sound = r->sound;
    bool sixteen = (r->info.format & SF_FORMAT_SUBMASK) == SF_FORMAT_PCM_16;
    bool same = r->info.samplerate == (int)ENDPOINT_RATE && r->info.channels == (int)sound->channels;
    int error = 0;

    sound->source_rate = (unsigned)r->info.samplerate;
    sound->source_channels = (unsigned)r->info.channels;
    sound->converted = !(sixteen && same);
    if (r->info.samplerate != (int)ENDPOINT_RATE) {
        double ratio = (double)ENDPOINT_RATE / r->info.samplerate;
        if (ratio > MAX_RATIO || ratio < 1.0 / MAX_RATIO) {
            return fail("%s: a rate of %d Hz cannot be converted", r->path, r->info.samplerate);
        }
        r->resampler = src_new(SRC_SINC_MEDIUM_QUALITY, (int)sound->channels, &error);
        if (r->resampler == NULL) {
            return fail("%s: cannot convert the rate: %s", r->path, src_strerror(error));
        }
    }
    if (!(sound->converted ? read_converted(r) : read_exact(r))) {
        return false;
    }
    if (sf_error(r->file) != 0) {
        return fail("%s: is damaged: %s", r->path, sf_strerror(r->file));
    }
    if (sound->frames < r->max_frames && r->info.frames > 0 && r->read < (uint64_t)r->info.frames) {
        return fail("%s: is truncated: %llu of %lld frames", r->path, (unsigned long long)r->read,
                    (long long)r->info.frames);
    }
    return sound->frames != 0 || fail("%s: holds no sound (0 frames)", r->path);
}

bool audio_in_read(struct sound *sound, const char *path, unsigned channels, uint64_t max_frames) {
    struct stat status;
    struct reader *r;

    if (!check_file(path) || !sound_open(sound, channels)) {
        return false;
    }
    bool good = (r = calloc(1, sizeof *r)) != NULL || fail("out of memory for the sound");
    if (good) {
        r->path = path;
        r->sound = sound;
        r->max_frames = max_frames;
        r->file = sf_open(path, SFM_READ, &r->info);
        if (r->file == NULL) {
            good = fail("%s: is not a sound file that can be read (%s)", path, sf_strerror(NULL));
        } else if (stat(path, &status) != 0 || !is_whole(path, (uint64_t)status.st_size)) {
            good = fail("%s: is truncated: its header promises more sound than is there", path);
        } else {
            good = read_file(r) && sound_map(sound);
        }
        if (r->resampler != NULL) {
            src_delete(r->resampler);
        }
        if (r->file != NULL) {
            sf_close(r->file);
        }
        free(r);
    }
    if (!good) {
        audio_in_free(sound);
    }
    return good;
}

bool audio_in_generate(struct sound *sound, unsigned channels, uint64_t frames) {
    const double low = 200.0, high = 4000.0, half = ENDPOINT_RATE;
    double phase = 0.25;
    bool good = sound_open(sound, channels);

    for (uint64_t i = 0; good && i < frames; i++) {
        uint64_t at = i % (2 * ENDPOINT_RATE);
        double up = at < ENDPOINT_RATE ? (double)at / half : 2.0 - (double)at / half;
        int16_t frame[2];
        frame[0] = (int16_t)lrint(12000.0 * sin(2.0 * PI * phase));
        frame[1] = (int16_t)(frame[0] / 2 + 1);
        phase += (low + (high - low) * up) / ENDPOINT_RATE;
        phase -= floor(phase);
        good = append(sound, frame, 1);
    }
    if (!good || !sound_map(sound)) {
        audio_in_free(sound);
        return false;
    }
    return true;
}

bool audio_in_take(struct sound *sound, const int16_t *samples, unsigned channels, uint64_t frames) {
    if (!sound_open(sound, channels) || !append(sound, samples, frames) || !sound_map(sound)) {
        audio_in_free(sound);
        return false;
    }
    return true;
}

void audio_in_free(struct sound *sound) {
    if (sound->samples != NULL) {
        munmap(sound->samples, sound->frames * sound->channels * sizeof *sound->samples);
        sound->samples = NULL;
    }
    if (sound->fd >= 0) {
        close(sound->fd);
        sound->fd = -1;
    }
}
