/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _GNU_SOURCE
#include "audio_out.h"

#include <errno.h>
#include <signal.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audio_in.h"
#include "error.h"

static struct audio_out *volatile s_open[AUDIO_OUT_MAX];

static void forget(struct audio_out *out) {
    for (unsigned i = 0; i < AUDIO_OUT_MAX; i++) {
        if (s_open[i] == out) {
            s_open[i] = NULL;
        }
    }
    out->temporary[0] = '\0';
}

/* Creates the temporary file and remembers it in one go: a signal in between would leave it behind. */
static void create(struct audio_out *out) {
    sigset_t all, before;
    unsigned slot = 0;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    out->fd = mkstemp(out->temporary);
    int error = errno;
    while (slot < AUDIO_OUT_MAX - 1 && s_open[slot] != NULL) {
        slot++;
    }
    if (out->fd >= 0) {
        s_open[slot] = out;
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    errno = error;
}

bool audio_out_open(struct audio_out *out, const char *path) {
    struct stat status;

    memset(out, 0, sizeof *out);
    if (strlen(path) >= sizeof out->path) {
        return fail("%.60s...: the path is too long", path);
    }
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode)) {
        return fail("%s: is not a regular file", path);
    }
    strcpy(out->path, path);
    snprintf(out->temporary, sizeof out->temporary, "%s.XXXXXX", path);
    create(out);
    if (out->fd < 0) {
        out->temporary[0] = '\0';
        return fail("%s: cannot be written: %s", path, strerror(errno));
    }
    return true;
}

static bool write_wav(struct audio_out *out, const int16_t *samples, uint64_t frames, unsigned channels) {
    SF_INFO info = {.samplerate = (int)ENDPOINT_RATE, .channels = (int)channels};

    info.format = SF_FORMAT_WAV | SF_FORMAT_PCM_16;
    if (frames * channels * sizeof *samples > 0xFFFFFF00u) {
        return fail("%s: is too long for a WAV file", out->path);
    }
    SNDFILE *file = sf_open_fd(out->fd, SFM_WRITE, &info, 0);
    if (file == NULL) {
        return fail("%s: cannot be written: %s", out->path, sf_strerror(NULL));
    }
    sf_count_t written = sf_writef_short(file, samples, (sf_count_t)frames);
    if (sf_close(file) != 0 || written != (sf_count_t)frames) {
        return fail("%s: cannot be written completely", out->path);
    }
    return true;
}

bool audio_out_commit(struct audio_out *out, const int16_t *samples, uint64_t frames, unsigned channels) {
    mode_t mask = umask(0);

    umask(mask);
    bool good = write_wav(out, samples, frames, channels);
    if (good && (fchmod(out->fd, 0666 & ~mask) != 0 || rename(out->temporary, out->path) != 0)) {
        good = fail("%s: cannot be written: %s", out->path, strerror(errno));
    }
    if (good) {
        close(out->fd);
        forget(out);
    } else {
        audio_out_discard(out);
    }
    return good;
}

void audio_out_discard(struct audio_out *out) {
    if (out->temporary[0] != '\0') {
        unlink(out->temporary);
        close(out->fd);
        forget(out);
    }
}

void audio_out_discard_all(void) {
    for (unsigned i = 0; i < AUDIO_OUT_MAX; i++) {
        if (s_open[i] != NULL) {
            unlink(s_open[i]->temporary);
        }
    }
}
