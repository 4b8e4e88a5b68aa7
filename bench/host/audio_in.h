/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Sound files, brought to what an endpoint of the driver takes: S16, 48 kHz, 1 or 2 channels. */
#ifndef HOST_AUDIO_IN_H
#define HOST_AUDIO_IN_H

#include <stdbool.h>
#include <stdint.h>

#define ENDPOINT_RATE 48000u

/* Samples in a memory file, so that the guest can read the same ones. */
struct sound {
    int fd;           /* of the memory file, from its first byte */
    int16_t *samples; /* the same, mapped; frames * channels */
    uint64_t frames;
    unsigned channels;
    unsigned source_rate, source_channels; /* of the file; 0: generated */
    bool converted;                        /* the file's samples are not the endpoint's as they stand */
};

/* Reads at most `max_frames` 48 kHz frames of the file as `channels` channels. 16-bit 48 kHz samples stay what they
 * are; mono is doubled, more channels are mixed down; other rates go through libsamplerate. False: said why, nothing
 * is held. */
bool audio_in_read(struct sound *sound, const char *path, unsigned channels, uint64_t max_frames);
/* A deterministic test signal: a sine that sweeps from 200 Hz to 4 kHz and back every two seconds. */
bool audio_in_generate(struct sound *sound, unsigned channels, uint64_t frames);
/* These samples. */
bool audio_in_take(struct sound *sound, const int16_t *samples, unsigned channels, uint64_t frames);
void audio_in_free(struct sound *sound);

#endif
