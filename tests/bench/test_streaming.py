#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Streaming in step with every kind of device: what completes at once, in bursts, late, in parts, or never."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "commands"))
from harness import (Folder, add_test, equal, main, noise, run_json, true,  # noqa: E402
                     write_wav)  # pylint: disable=wrong-import-position

FRAMES = 48017
EVENT_2 = ("--jitter-ms", "3")
EVENT_1 = ("--jitter-ms", "3", "--notifications", "1")
TIMER = ("--jitter-ms", "3", "--mode", "timer")
SMALL = ("--jitter-ms", "3", "--buffer-ms", "10")
POLLED = ("--jitter-ms", "3", "--polling-only", "--no-interrupt")
PACING = ("specification", "qemu8", "qemu", "crosvm", "vhost-device-sound", "acrn", "android")

# Name, device, verb, client: bit for bit.
EXACT = (
    *((f"one_notification_a_lap_leaves_no_gap_{device.replace('-', '_')}", device, verb, EVENT_1)
      for device in PACING for verb in ("play", "record")),
    *((f"{what}_device_is_found_out_{client}", f"specification,completion={what}", verb, options)
      for what in ("instant", "burst")
      for client, options in (("event_2", EVENT_2), ("event_1", EVENT_1), ("timer", TIMER))
      for verb in ("play", "record")),
    *((f"a_second_late_loses_nothing_{client}", "specification,completion=late", verb, options)
      for client, options in (("event_2", EVENT_2), ("timer", TIMER)) for verb in ("play", "record")),
    ("half_filled_periods_are_put_together_event_2", "specification,rx_partial=on", "record", EVENT_2),
    ("half_filled_periods_are_put_together_timer", "specification,rx_partial=on", "record", TIMER),
    *((f"a_status_among_the_samples_is_found_{client}", "specification,rx_partial=on,rx_status=data", "record", options)
      for client, options in (("event_2", EVENT_2), ("timer", TIMER))),
    *((f"a_ring_of_four_is_enough_{client}", "specification,queue=4,indirect=off", verb, options)
      for client, options in (("event_2", EVENT_2), ("event_1", EVENT_1), ("timer", TIMER))
      for verb in ("play", "record")),
    # Of a period that lies in three pieces of memory such a ring holds two at most.
    *((f"a_ring_of_four_takes_a_period_in_parts_{kind}", f"aero,{ring}", verb, (*TIMER, "--buffer-frames", "2099"))
      for kind, ring in (("tables", "queue=4"), ("chains", "queue=4,indirect=off")) for verb in ("play", "record")),
    *(("periods_of_five_milliseconds", "specification", verb, SMALL) for verb in ("play", "record")),
    *((f"every_transfer_is_a_period_{frames}_frames_{count}", device, verb,
       ("--jitter-ms", "3", "--buffer-frames", str(frames), "--notifications", str(count)))
      for frames, count in ((1001, 1), (4801, 1), (2002, 2)) for device in ("specification", "crosvm")
      for verb in ("play", "record")),
    *((f"a_period_has_two_pieces_at_most_{frames}_frames_{mode}", "acrn", verb,
       ("--jitter-ms", "3", "--buffer-frames", str(frames), "--mode", mode))
      for frames in (4414, 4422) for mode in ("event", "timer") for verb in ("play", "record")),
    *(("nothing_but_the_timer_tells_of_completions", device, verb, POLLED)
      for device in ("specification", "qemu") for verb in ("play", "record")),
)


def sounds(folder, verb):
    if verb == "play":
        return ["play", write_wav(folder("in.wav"), noise(FRAMES, 2, 5))]
    return ["record", "-i", write_wav(folder("in.wav"), noise(FRAMES, 1, 6), channels=1), "-o", folder("out.wav")]


def exact(arch, device, verb, client):
    with Folder() as folder:
        status, result, errors = run_json([*sounds(folder, verb), "--arch", arch, "--device", f"model:{device}",
                                           *client])
        equal((result["bit_exact"], result["gaps"]), (True, 0), f"bit for bit, gaps ({result} {errors})")
        equal((status, result["violations"], result["leaks"]), (0, 0, 0), f"status, violations, leaks {errors}")


def never(arch, verb, client):
    """A dead device: the stream ends in time, and the loss is told."""
    with Folder() as folder:
        status, result, errors = run_json([*sounds(folder, verb), "--arch", arch,
                                           "--device", "model:specification,completion=never", *client])
        equal((status, result["bit_exact"]), (1, False), f"the loss is told {errors} {result}")
        equal((result["violations"], result["leaks"]), (0, 0), f"violations and leaks {errors}")
        true(result["periods"] > 50, f"events fire all the same: {result}")
        # The sound, the second of patience, at most two for closing.
        true(result["virtual_seconds"] < FRAMES / 48000 + 1 + 2 + 0.5, f"it takes {result['virtual_seconds']} s")


for machine in ("x86", "x64"):
    for name, its_device, its_verb, its_client in EXACT:
        add_test(f"{name}_{its_verb}_{its_device.split(',', maxsplit=1)[0]}_{machine}",
                 lambda a=machine, d=its_device, v=its_verb, c=its_client: exact(a, d, v, c))
    for name, its_client in (("event_2", EVENT_2), ("event_1", EVENT_1), ("timer", TIMER)):
        for its_verb in ("play", "record"):
            add_test(f"a_device_that_never_completes_stops_nothing_{its_verb}_{name}_{machine}",
                     lambda a=machine, v=its_verb, c=its_client: never(a, v, c))

if __name__ == "__main__":
    main()
