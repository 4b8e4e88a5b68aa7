/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The line of a device that is there, that is gone, and that was forsaken. */
#include "unit.h"
#include "snd_device.h"
#include "virtio_pci_intx_wdm.h"

static VIRTIO_PCI_TRANSPORT transport;
static VIRTIO_PCI_INTX intx;
static unsigned served;

static VOID serve(PVOID context, UCHAR isr)
{
    assert_ptr_equal(context, &served);
    assert_int_equal(isr, VIRTIO_ISR_QUEUE);
    served++;
}

static void connect_line(void)
{
    CM_PARTIAL_RESOURCE_DESCRIPTOR line;

    memset(&line, 0, sizeof(line));
    line.ShareDisposition = CmResourceShareShared;
    served = 0;
    snd_device_create(&transport);
    assert_int_equal(VirtioPciIntxConnect(&intx, &line, &transport, serve, &served), STATUS_SUCCESS);
}

/* The device raises its line: whether the driver claims it, and how often it serves it. */
static void raise_line(BOOLEAN claimed, unsigned times)
{
    snd_device.isr = VIRTIO_ISR_QUEUE;
    assert_int_equal(wdk_interrupt(), claimed);
    wdk_run_dpcs();
    assert_int_equal(served, times);
}

static void a_line_is_claimed_and_served(void **state)
{
    (void)state;
    connect_line();
    raise_line(TRUE, 1);
    assert_int_equal(snd_device.isr, 0);
    assert_false(wdk_interrupt()); /* somebody else's */
    VirtioPciIntxDisconnect(&intx);
}

/* It was reset, forgot that and goes on: a level-triggered line that nobody claims would hold the machine up. */
static void a_forsaken_device_has_its_line_acknowledged_and_is_not_served(void **state)
{
    (void)state;
    connect_line();
    VirtioPciTransportForsake(&transport);
    assert_true(VirtioPciTransportIsForsaken(&transport));
    assert_true(VirtioPciTransportIsGone(&transport));
    raise_line(TRUE, 0);
    assert_int_equal(snd_device.isr, 0);
    assert_false(wdk_interrupt());
    VirtioPciIntxDisconnect(&intx);
}

static void a_forsaken_device_that_left_the_bus_has_no_line(void **state)
{
    (void)state;
    connect_line();
    VirtioPciTransportForsake(&transport);
    snd_device.isr = 0xFF;
    assert_false(wdk_interrupt());
    VirtioPciIntxDisconnect(&intx);
}

static void a_gone_device_is_not_asked_whether_it_interrupts(void **state)
{
    (void)state;
    connect_line();
    VirtioPciTransportGone(&transport);
    wdk.register_read = NULL; /* the fake kernel aborts on any access */
    raise_line(FALSE, 0);
    VirtioPciIntxDisconnect(&intx);
}

static const struct CMUnitTest tests[] = {
    UNIT_TEST(a_line_is_claimed_and_served),
    UNIT_TEST(a_forsaken_device_has_its_line_acknowledged_and_is_not_served),
    UNIT_TEST(a_forsaken_device_that_left_the_bus_has_no_line),
    UNIT_TEST(a_gone_device_is_not_asked_whether_it_interrupts),
};
UNIT_MAIN("intx", tests)
