/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "sweep.h"

#include <string.h>

#include "image.h"
#include "report.h"

static bool fill_input(const struct sweep *sweep, const struct sweep_life *life, struct session_input *input) {
    char directory[4096];

    if (!program_directory(directory, sizeof directory)) {
        return false;
    }
    *strrchr(directory, '/') = '\0'; /* from out/host to out */
    if (snprintf(input->sys, sizeof input->sys, "%s/drivers/windows7/virtio-snd/%s/%s.sys", directory, life->arch,
                 life->image->base) >= (int)sizeof input->sys) {
        return fail("%s: the path is too long", directory);
    }
    input->scenario = life->scenario;
    input->on_line = life->on_line;
    input->line_opaque = life->opaque;
    input->record_frames = sweep->ops->sound_frames + sweep->ops->around_frames + 2 * sweep->options->buffer_frames;
    return image_arch(input->sys, life->arch, &input->arch);
}

static void say_lost(const struct report_stream *stream) {
    const struct comparison *c = &stream->comparison;

    if (stream->present && !(c->bit_exact && c->gaps == 0)) {
        fail("the last life %s %llu frames of %llu, first difference at frame %llu, %llu gaps", stream->verb,
             (unsigned long long)stream->frames_out, (unsigned long long)stream->frames_in,
             (unsigned long long)c->first_difference, (unsigned long long)c->gaps);
    }
}

static enum exit_status live(struct session *session, struct sweep_life *life) {
    struct report report;

    if (life->prepare != NULL) {
        life->prepare(session, life->opaque);
    }
    enum exit_status status = session_run(session);
    report_evaluate(&report, session);
    if (status == EXIT_GOOD && !report_good(&report, session)) {
        say_lost(&report.render);
        say_lost(&report.capture);
        fail("the last life did not play or record what it should, or left something behind");
        status = EXIT_NOT_GOOD;
    }
    if (status == EXIT_VIOLATION) {
        fprintf(stderr, "violation: %s\n  %s\n  in %s, in life %u\n", session->violation.rule,
                session->violation.message, session->violation.function, life->lives + 1);
    }
    return status;
}

enum exit_status sweep_live(struct sweep *sweep, struct sweep_life *life) {
    static struct session session;
    struct options options = *sweep->options;
    struct sound render = sweep->render, microphone = sweep->microphone;
    struct session_input input = {.options = &options, .render = &render, .microphone = &microphone};

    render.frames = microphone.frames = sweep->ops->sound_frames;
    life->session = &session;
    options.device = life->image->device;
    if (!fill_input(sweep, life, &input)) {
        return EXIT_BAD_INPUT;
    }
    enum exit_status status = session_open(&session, &input);
    if (status == EXIT_GOOD) {
        status = live(&session, life);
    }
    session_close(&session);
    return status;
}
