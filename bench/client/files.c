/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The samples to play and the samples recorded, as files that the host passed on. */
#include "client.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

const int16_t *g_input;
uint64_t g_input_spare;

void files_open(void)
{
    uint64_t bytes = g_link->options.input_frames * 4;
    struct stat file;
    if (g_input_fd < 0 || bytes == 0)
        return;
    if (fstat(g_input_fd, &file) == 0 && (uint64_t)file.st_size > bytes) {
        g_input_spare = ((uint64_t)file.st_size - bytes) / 4;
        bytes = (uint64_t)file.st_size;
    }
    if (bytes > SIZE_MAX / 2)
        bench_bug("input of %llu bytes does not fit this address space", (unsigned long long)bytes);
    void *p = mmap(NULL, (size_t)bytes, PROT_READ, MAP_SHARED, g_input_fd, 0);
    if (p == MAP_FAILED)
        bench_bug("cannot map the input samples: %s", strerror(errno));
    g_input = p;
}

void files_write_output(const int16_t *samples, uint64_t frames)
{
    const char *p = (const char *)samples;
    uint64_t left = frames * 2;
    off_t at = 0;
    while (g_output_fd >= 0 && left) {
        ssize_t n = pwrite(g_output_fd, p, left > 1 << 20 ? 1 << 20 : (size_t)left, at);
        if (n <= 0)
            bench_bug("cannot write the recorded samples: %s", strerror(errno));
        p += n;
        at += n;
        left -= (uint64_t)n;
    }
}
