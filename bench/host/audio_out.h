/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* WAV files that appear whole or not at all. */
#ifndef HOST_AUDIO_OUT_H
#define HOST_AUDIO_OUT_H

#include <stdbool.h>
#include <stdint.h>

#define AUDIO_OUT_PATH_BYTES 4096u

/* Creates the temporary file beside `path` now, so that a place that cannot be written to is known before the run. At
 * most AUDIO_OUT_MAX files may be open. False: said why. */
#define AUDIO_OUT_MAX 2u
struct audio_out {
    char path[AUDIO_OUT_PATH_BYTES];
    char temporary[AUDIO_OUT_PATH_BYTES + 8];
    int fd;
};
bool audio_out_open(struct audio_out *out, const char *path);
/* Writes S16 samples at 48 kHz and puts the file in its place. Ends `out`, whatever comes. False: said why. */
bool audio_out_commit(struct audio_out *out, const int16_t *samples, uint64_t frames, unsigned channels);
/* Gives up: nothing is left. Harmless after commit or on one that was never opened (all zero). */
void audio_out_discard(struct audio_out *out);
/* Removes the temporary files that are open; async-signal-safe. */
void audio_out_discard_all(void);

#endif
