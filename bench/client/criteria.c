/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The arithmetic of Microsoft's position tests: a line through (time, position), and how far the reads lie off it. */
#include "client.h"

#include <math.h>

struct criteria_fit criteria_fit(const double *time_ms, const double *position_ms, unsigned count)
{
    double sx = 0, sy = 0, sxx = 0, sxy = 0, n = count;
    for (unsigned i = 0; i < count; i++) {
        sx += time_ms[i];
        sy += position_ms[i];
        sxx += time_ms[i] * time_ms[i];
        sxy += time_ms[i] * position_ms[i];
    }
    double slope = (n * sxy - sx * sy) / (n * sxx - sx * sx);
    double intercept = (sy - slope * sx) / n;
    double mean = 0, square = 0;
    struct criteria_fit fit = {.slope = slope, .rate_error_percent = (slope - 1) * 100};
    for (unsigned i = 0; i < count; i++) {
        double jitter = time_ms[i] - (position_ms[i] - intercept);
        mean += jitter / n;
        square += jitter * jitter / n;
        fit.jitter_max_ms = fabs(jitter) > fit.jitter_max_ms ? fabs(jitter) : fit.jitter_max_ms;
        if (fabs(position_ms[i] - intercept - slope * time_ms[i]) > CRITERIA_GLITCH_MS)
            fit.glitches++;
    }
    fit.jitter_mean_ms = mean;
    fit.jitter_std_ms = sqrt(fmax(0, square - mean * mean));
    return fit;
}

static double lost_ms(const double *time_ms, const double *position_ms, unsigned i)
{
    return time_ms[i] - time_ms[i - 1] - (position_ms[i] - position_ms[i - 1]);
}

double criteria_mend_grain(const double *time_ms, double *position_ms, unsigned count)
{
    double largest = 0;
    unsigned at = 0;
    for (unsigned i = 1; i + 1 < count; i++) { /* a read may come in the midst of it */
        double lost = lost_ms(time_ms, position_ms, i) + lost_ms(time_ms, position_ms, i + 1);
        if (lost > largest) {
            largest = lost;
            at = i;
        }
    }
    if (largest < CRITERIA_GRAIN_MS / 2 || largest > CRITERIA_GRAIN_MS + CRITERIA_FRAME_MS)
        return 0;
    position_ms[at] += lost_ms(time_ms, position_ms, at);
    for (unsigned i = at + 1; i < count; i++)
        position_ms[i] += largest;
    return largest;
}

uint64_t criteria_linear(struct engine *engine)
{
    KSAUDIO_POSITION position;
    NTSTATUS status = ks_pin_position(engine->pin, &position);
    EXPECT(NT_SUCCESS(status), "%s: GetPosition answered %s", endpoint_name(&engine->endpoint), status_name(status));
    return engine->pin->linear;
}

void criteria_read(struct engine *engine, double *time_ms, double *position_ms, unsigned count)
{
    thread_sleep_until(clock_now_ns() + 100 * NS_PER_MS_CLIENT);
    uint64_t begin = clock_now_ns();
    for (unsigned i = 0; i < count; i++) {
        thread_sleep_until(clock_now_ns() + 10 * NS_PER_MS_CLIENT + clock_jitter_ns(engine->options.jitter_stream));
        uint64_t linear = criteria_linear(engine);
        time_ms[i] = (double)(clock_now_ns() - begin) / 1e6;
        position_ms[i] = (double)linear / engine->frame_bytes / 48.0;
    }
}
