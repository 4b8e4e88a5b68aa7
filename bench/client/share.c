/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* One stream, used by its client and by others: a handle is closed when no call through it is under way. */
#include "client.h"

void share_init(struct stream_share *share)
{
    *share = (struct stream_share){0};
    KeInitializeEvent(&share->unused, SynchronizationEvent, FALSE);
    KeInitializeEvent(&share->closed, NotificationEvent, FALSE);
}

bool engine_enter(struct engine *engine)
{
    struct stream_share *share = engine->options.share;
    if (share && share->ending)
        return false;
    if (share)
        share->users++;
    return true;
}

void engine_leave(struct engine *engine)
{
    struct stream_share *share = engine->options.share;
    if (share && --share->users == 0 && share->ending)
        KeSetEvent(&share->unused, 0, FALSE);
}

uint64_t engine_wanted(const struct engine *engine, uint64_t own)
{
    const struct stream_share *share = engine->options.share;
    return own + (share ? share->more_frames * engine->frame_bytes : 0);
}

bool engine_step(struct engine *engine, const char *step, NTSTATUS status)
{
    struct stream_share *share = engine->options.share;
    if (NT_SUCCESS(status))
        return true;
    if (!share)
        scenario_failed("%s: %s answered %s", endpoint_name(&engine->endpoint), step, status_name(status));
    if (!share->refused) {
        share->refused = step;
        share->status = status;
    }
    return false;
}

bool engine_missed(struct engine *engine)
{
    const struct adapter *adapter = adapter_current();
    if (adapter && !adapter->removed && !engine->options.share->ending)
        engine_step(engine, "notification", STATUS_IO_TIMEOUT);
    return false;
}

void engine_finish(struct engine *engine)
{
    if (engine->options.share)
        share_close(engine->options.share);
    else
        engine_close(engine);
}

struct engine *share_enter(struct stream_share *share)
{
    return share->engine && engine_enter(share->engine) ? share->engine : NULL;
}

void share_end(struct stream_share *share)
{
    share->ending = true;
    if (share->engine)
        KeSetEvent(&share->engine->event, 0, FALSE);
}

void share_close(struct stream_share *share)
{
    struct engine *engine = share->engine;
    if (!engine)
        return;
    if (share->ended) {
        thread_wait(&share->closed, UINT64_MAX);
        return;
    }
    share->ended = true;
    share_end(share);
    while (share->users)
        thread_wait(&share->unused, UINT64_MAX);
    engine_close(engine);
    share->engine = NULL;
    KeSetEvent(&share->closed, 0, FALSE);
}
