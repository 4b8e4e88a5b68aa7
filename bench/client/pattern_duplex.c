/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Duplex of any length: both streams carry the pattern, and nothing of it is kept. */
#include "client.h"

void pattern_duplex_start(struct pattern_duplex *duplex, uint64_t end_ns)
{
    *duplex = (struct pattern_duplex){.heard = {.channels = 1},
                                      .playing = {.endpoint = endpoint_require(false),
                                                  .options = engine_options_default(false),
                                                  .samples = pattern_samples(2),
                                                  .frames = PATTERN_FRAMES,
                                                  .until_ns = end_ns},
                                      .recording = {.endpoint = endpoint_require(true),
                                                    .options = engine_options_default(true),
                                                    .check = &duplex->heard,
                                                    .until_ns = end_ns}};
    duplex->player = thread_create("render client", render_run, &duplex->playing);
    duplex->recorder = thread_create("capture client", capture_run, &duplex->recording);
}

void pattern_duplex_join(struct pattern_duplex *duplex)
{
    thread_join(duplex->player);
    thread_join(duplex->recorder);
}
