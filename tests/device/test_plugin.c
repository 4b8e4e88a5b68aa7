/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The model as a plug-in, its options, and its audio ring by itself. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "audio_ring.h"
#include "guest.h"

/* Opens with stderr in a file; returns the device, and what was said in `said`. */
static void *open_with(const char *options, char *said, size_t said_bytes)
{
    static uint8_t ram[4096];
    struct pci_plugin_host host = {.ram = ram, .ram_size = sizeof(ram)};
    FILE *capture = tmpfile();
    assert_non_null(capture);
    fflush(stderr);
    int saved = dup(STDERR_FILENO);
    dup2(fileno(capture), STDERR_FILENO);
    void *dev = vsnd_pci_ops()->open(&host, options);
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(capture);
    said[fread(said, 1, said_bytes - 1, capture)] = '\0';
    fclose(capture);
    return dev;
}

static void good_options_open_silently(void **state)
{
    static const char *const options[] = {"", "aero", "specification", "aero,ring_ms=1", "ring_ms=10000",
                                          "specification,event_idx=on,tx_read=early,ring_ms=50", ",event_idx=off",
                                          "specification,tx_read=late"};
    char said[1024];
    (void)state;
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        void *dev = open_with(options[i], said, sizeof(said));
        assert_non_null(dev);
        assert_string_equal(said, "");
        vsnd_pci_ops()->close(dev);
    }
}

static void bad_options_fail_with_one_line(void **state)
{
    static const struct {
        const char *options;
        const char *named;
    } rows[] = {
        {"areo", "areo"},
        {"aero,", "''"},
        {"aero,specification", "specification"},
        {"aero,speed=3", "speed"},
        {"speed=3", "speed"},
        {"aero,ring_ms", "ring_ms"},
        {"aero,ring_ms=", "ring_ms"},
        {"aero,ring_ms=0", "ring_ms"},
        {"aero,ring_ms=10001", "ring_ms"},
        {"qemu,queue=3", "queue"},
        {"qemu,queue=2", "queue"},
        {"qemu,queue=65536", "queue"},
        {"qemu,ppm=fast", "ppm"},
        {"qemu,ppm=-", "ppm"},
        {"qemu,ppm=100001", "ppm"},
        {"qemu,completion=soon", "instant or paced or burst or late or never"},
        {"qemu,streams", "streams"},
        {"aero,ring_ms=-5", "ring_ms"},
        {"aero,ring_ms=5x", "ring_ms"},
        {"aero,ring_ms=99999999999999999999", "ring_ms"},
        {"aero,event_idx=yes", "event_idx"},
        {"aero,tx_read=never", "tx_read"},
        {"aero,ring=5", "ring"},
    };
    char said[1024];
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_null(open_with(rows[i].options, said, sizeof(said)));
        assert_non_null(strstr(said, rows[i].named));
        assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
    }
    char *huge = calloc(1, 5000);
    memset(huge, 'a', 4999);
    assert_null(open_with(huge, said, sizeof(said)));
    free(huge);
}

/* The same object file that a user would name, loaded as any other device is. */
static void the_shared_object_is_a_plugin(void **state)
{
    char path[4096];
    (void)state;
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 64);
    assert_true(length > 0);
    path[length] = '\0';
    strcpy(strrchr(path, '/'), "/../host/vsnd_plugin.so");
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!object)
        print_error("%s\n", dlerror());
    assert_non_null(object);
    const struct pci_plugin_ops *(*entry)(void);
    *(void **)&entry = dlsym(object, "pci_plugin");
    assert_non_null(entry);
    const struct pci_plugin_ops *ops = entry();
    assert_int_equal(ops->abi_version, PCI_PLUGIN_ABI_VERSION);
    uint8_t *ram = calloc(1, 4096);
    struct pci_plugin_host host = {.ram = ram, .ram_size = 4096};
    void *dev = ops->open(&host, "specification");
    assert_non_null(dev);
    assert_int_equal(ops->config_read(dev, 0, 4), 0x10591AF4);
    ops->config_write(dev, 4, 2, 2);
    assert_int_equal(ops->bar_read(dev, 0, COMMON(NUM_QUEUES), 2), 4);
    ops->advance(dev, MS);
    assert_int_equal(ops->intx(dev), 0);
    ops->close(dev);
    free(ram);
    assert_null(dlsym(object, "vsnd_pci_ops"));
    dlclose(object);
}

static void two_devices_do_not_share_anything(void **state)
{
    (void)state;
    struct guest *one = guest_open("aero");
    struct guest *other = guest_open("specification");
    guest_bring_up(one);
    guest_start(one, 0);
    guest_enable_pci(other);
    assert_int_equal(guest_status(other), 0);
    assert_int_equal(guest_stats(other).control_requests, 0);
    guest_bring_up(other);
    guest_close(one);
    guest_start(other, 0);
    guest_close(other);
}

static void push_numbers(struct audio_ring *ring, int first, int count, size_t dropped)
{
    struct frame frames[64];
    for (int i = 0; i < count; i++)
        frames[i] = (struct frame){(int16_t)(first + i), (int16_t)-(first + i)};
    assert_int_equal(audio_ring_push(ring, frames, (size_t)count), dropped);
}

static void pop_numbers(struct audio_ring *ring, int first, int count)
{
    struct frame frames[64];
    assert_int_equal(audio_ring_pop(ring, frames, 64), count);
    for (int i = 0; i < count; i++) {
        assert_int_equal(frames[i].left, first + i);
        assert_int_equal(frames[i].right, -(first + i));
    }
}

static void ring_keeps_the_newest_across_its_end(void **state)
{
    struct audio_ring ring;
    (void)state;
    assert_true(audio_ring_init(&ring, 7, false));
    push_numbers(&ring, 0, 5, 0);
    pop_numbers(&ring, 0, 5);
    push_numbers(&ring, 10, 7, 0);
    push_numbers(&ring, 17, 3, 3);
    pop_numbers(&ring, 13, 7);
    push_numbers(&ring, 30, 20, 13);
    pop_numbers(&ring, 43, 7);
    push_numbers(&ring, 0, 0, 0);
    pop_numbers(&ring, 0, 0);
    push_numbers(&ring, 1, 4, 0);
    assert_int_equal(audio_ring_clear(&ring), 4);
    pop_numbers(&ring, 0, 0);
    audio_ring_free(&ring);
}

static void growing_ring_drops_nothing(void **state)
{
    struct audio_ring ring;
    (void)state;
    assert_true(audio_ring_init(&ring, 4, true));
    push_numbers(&ring, 0, 3, 0);
    pop_numbers(&ring, 0, 3);
    for (int i = 0; i < 10; i++)
        push_numbers(&ring, 5 * i, 5, 0);
    pop_numbers(&ring, 0, 50);
    audio_ring_free(&ring);
}

static void sample_clock_is_exact(void **state)
{
    static const struct {
        uint64_t start;
        uint64_t now;
        uint64_t frames;
    } rows[] = {
        {0, 0, 0},
        {0, 20833, 0},
        {0, 20834, 1},
        {5, 4, 0},
        {1000000000, 1000999999, 47},
        {1000000000, 1001000000, 48},
        {7, 1000000007, 48000},
        {0, 86400000000000ull, 4147200000ull},          /* a day */
        {0, 31536000000000000ull, 1513728000000ull},    /* a year: the plain product overflows 64 bits */
        {0, 31536000000020833ull, 1513728000000ull},
        {0, 31536000000020834ull, 1513728000001ull},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(sample_clock_frames(rows[i].start, rows[i].now), rows[i].frames);
}

static void samples_survive_the_way_through_float(void **state)
{
    (void)state;
    for (int i = INT16_MIN; i <= INT16_MAX; i++)
        assert_int_equal(sample_from_float(sample_to_float((int16_t)i)), i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_options_open_silently),
        cmocka_unit_test(bad_options_fail_with_one_line),
        cmocka_unit_test(the_shared_object_is_a_plugin),
        cmocka_unit_test(two_devices_do_not_share_anything),
        cmocka_unit_test(ring_keeps_the_newest_across_its_end),
        cmocka_unit_test(growing_ring_drops_nothing),
        cmocka_unit_test(sample_clock_is_exact),
        cmocka_unit_test(samples_survive_the_way_through_float),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
