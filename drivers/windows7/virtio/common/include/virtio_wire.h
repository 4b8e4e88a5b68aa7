/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What travels between a virtio-snd driver and its device: the virtio-pci
 * register layout, split rings and virtio-snd messages.
 *
 * This is the only header that the driver, the device model and the bench
 * share, so that any of them can prove another one wrong. It holds layouts and
 * constants, never behaviour. Everything is little-endian.
 *
 * Sources: virtio 1.2, sections 2.7 (split virtqueues), 4.1 (virtio over PCI)
 * and 5.14 (sound device); docs/windows7-virtio-driver-contract.md for the Aero
 * dialect.
 */
#ifndef VIRTIO_WIRE_H
#define VIRTIO_WIRE_H

typedef unsigned char vw_u8;
typedef unsigned short vw_u16;
typedef unsigned int vw_u32;
#if defined(_MSC_VER)
typedef unsigned __int64 vw_u64;
#else
__extension__ typedef unsigned long long vw_u64;
#endif

/* ---- PCI identity (4.1.2) ---- */
#define VIRTIO_PCI_VENDOR_ID 0x1AF4u
#define VIRTIO_PCI_MODERN_DEVICE_BASE 0x1040u
#define VIRTIO_ID_SOUND 25u
#define VIRTIO_SND_PCI_DEVICE_MODERN 0x1059u
#define VIRTIO_SND_PCI_DEVICE_TRANSITIONAL 0x1018u

/* ---- PCI capability list (4.1.4) ---- */
#define VIRTIO_PCI_CAP_ID_VENDOR 0x09u
#define VIRTIO_PCI_CAP_COMMON_CFG 1u
#define VIRTIO_PCI_CAP_NOTIFY_CFG 2u
#define VIRTIO_PCI_CAP_ISR_CFG 3u
#define VIRTIO_PCI_CAP_DEVICE_CFG 4u
#define VIRTIO_PCI_CAP_PCI_CFG 5u

/* Byte offsets inside one virtio capability, from its first byte. */
#define VIRTIO_PCI_CAP_OFF_VNDR 0u
#define VIRTIO_PCI_CAP_OFF_NEXT 1u
#define VIRTIO_PCI_CAP_OFF_LEN 2u
#define VIRTIO_PCI_CAP_OFF_CFG_TYPE 3u
#define VIRTIO_PCI_CAP_OFF_BAR 4u
#define VIRTIO_PCI_CAP_OFF_OFFSET 8u
#define VIRTIO_PCI_CAP_OFF_LENGTH 12u
#define VIRTIO_PCI_CAP_OFF_NOTIFY_MULTIPLIER 16u
#define VIRTIO_PCI_CAP_SIZE 16u
#define VIRTIO_PCI_NOTIFY_CAP_SIZE 20u

/* ---- common configuration structure (4.1.4.3), byte offsets ---- */
#define VIRTIO_COMMON_DEVICE_FEATURE_SELECT 0x00u /* u32 */
#define VIRTIO_COMMON_DEVICE_FEATURE 0x04u        /* u32 */
#define VIRTIO_COMMON_DRIVER_FEATURE_SELECT 0x08u /* u32 */
#define VIRTIO_COMMON_DRIVER_FEATURE 0x0Cu        /* u32 */
#define VIRTIO_COMMON_MSIX_CONFIG 0x10u           /* u16 */
#define VIRTIO_COMMON_NUM_QUEUES 0x12u            /* u16 */
#define VIRTIO_COMMON_DEVICE_STATUS 0x14u         /* u8 */
#define VIRTIO_COMMON_CONFIG_GENERATION 0x15u     /* u8 */
#define VIRTIO_COMMON_QUEUE_SELECT 0x16u          /* u16 */
#define VIRTIO_COMMON_QUEUE_SIZE 0x18u            /* u16 */
#define VIRTIO_COMMON_QUEUE_MSIX_VECTOR 0x1Au     /* u16 */
#define VIRTIO_COMMON_QUEUE_ENABLE 0x1Cu          /* u16 */
#define VIRTIO_COMMON_QUEUE_NOTIFY_OFF 0x1Eu      /* u16 */
#define VIRTIO_COMMON_QUEUE_DESC 0x20u            /* u64, written as two u32 */
#define VIRTIO_COMMON_QUEUE_DRIVER 0x28u          /* u64, available ring */
#define VIRTIO_COMMON_QUEUE_DEVICE 0x30u          /* u64, used ring */
#define VIRTIO_COMMON_CFG_SIZE 0x38u

/* Layout of the contract device inside BAR0 (contract v1, "Modern transport"). */
#define VIRTIO_CONTRACT_COMMON_OFFSET 0x0000u
#define VIRTIO_CONTRACT_COMMON_LENGTH 0x100u
#define VIRTIO_CONTRACT_NOTIFY_OFFSET 0x1000u
#define VIRTIO_CONTRACT_NOTIFY_LENGTH 0x100u
#define VIRTIO_CONTRACT_ISR_OFFSET 0x2000u
#define VIRTIO_CONTRACT_ISR_LENGTH 0x20u
#define VIRTIO_CONTRACT_DEVICE_OFFSET 0x3000u
#define VIRTIO_CONTRACT_DEVICE_LENGTH 0x100u
#define VIRTIO_CONTRACT_NOTIFY_MULTIPLIER 4u
#define VIRTIO_CONTRACT_BAR0_SIZE 0x4000u
#define VIRTIO_CONTRACT_REVISION 0x01u

/* ---- legacy register file in an I/O BAR (4.1.4.8), byte offsets ---- */
#define VIRTIO_LEGACY_HOST_FEATURES 0u   /* u32 */
#define VIRTIO_LEGACY_GUEST_FEATURES 4u  /* u32 */
#define VIRTIO_LEGACY_QUEUE_PFN 8u       /* u32, guest address >> 12 */
#define VIRTIO_LEGACY_QUEUE_SIZE 12u     /* u16 */
#define VIRTIO_LEGACY_QUEUE_SELECT 14u   /* u16 */
#define VIRTIO_LEGACY_QUEUE_NOTIFY 16u   /* u16 */
#define VIRTIO_LEGACY_STATUS 18u         /* u8 */
#define VIRTIO_LEGACY_ISR 19u            /* u8 */
#define VIRTIO_LEGACY_DEVICE_CONFIG 20u
#define VIRTIO_LEGACY_DEVICE_CONFIG_MSIX 24u
#define VIRTIO_LEGACY_RING_ALIGN 4096u

/* ---- device status (2.1) and ISR (4.1.4.5) ---- */
#define VIRTIO_STATUS_ACKNOWLEDGE 0x01u
#define VIRTIO_STATUS_DRIVER 0x02u
#define VIRTIO_STATUS_DRIVER_OK 0x04u
#define VIRTIO_STATUS_FEATURES_OK 0x08u
#define VIRTIO_STATUS_NEEDS_RESET 0x40u
#define VIRTIO_STATUS_FAILED 0x80u
#define VIRTIO_ISR_QUEUE 0x01u
#define VIRTIO_ISR_CONFIG 0x02u

/* ---- feature bits (6), as bit numbers ---- */
#define VIRTIO_F_RING_INDIRECT_DESC 28u
#define VIRTIO_F_RING_EVENT_IDX 29u
#define VIRTIO_F_VERSION_1 32u
#define VIRTIO_F_ACCESS_PLATFORM 33u
#define VIRTIO_F_RING_PACKED 34u

/* ---- split virtqueue (2.7) ---- */
#define VRING_DESC_F_NEXT 1u
#define VRING_DESC_F_WRITE 2u
#define VRING_DESC_F_INDIRECT 4u
#define VRING_AVAIL_F_NO_INTERRUPT 1u
#define VRING_USED_F_NO_NOTIFY 1u
#define VRING_DESC_ALIGN 16u
#define VRING_AVAIL_ALIGN 2u
#define VRING_USED_ALIGN 4u
#define VRING_MAX_SIZE 32768u

struct vring_desc {
    vw_u64 addr;
    vw_u32 len;
    vw_u16 flags;
    vw_u16 next;
};

struct vring_used_elem {
    vw_u32 id;
    vw_u32 len;
};

/* avail: flags u16, idx u16, ring[N] u16, used_event u16; used: flags u16, idx u16, ring[N] elem, avail_event u16 */
#define VRING_AVAIL_OFF_FLAGS 0u
#define VRING_AVAIL_OFF_IDX 2u
#define VRING_AVAIL_OFF_RING 4u
#define VRING_USED_OFF_FLAGS 0u
#define VRING_USED_OFF_IDX 2u
#define VRING_USED_OFF_RING 4u
#define VRING_DESC_BYTES(n) (16u * (n))
#define VRING_AVAIL_BYTES(n) (6u + 2u * (n))
#define VRING_USED_BYTES(n) (6u + 8u * (n))
#define VRING_AVAIL_OFF_USED_EVENT(n) (4u + 2u * (n)) /* with EVENT_IDX, as the next */
#define VRING_USED_OFF_AVAIL_EVENT(n) (4u + 8u * (n))

/* ---- virtio-snd (5.14) ---- */
#define VIRTIO_SND_QUEUE_CONTROL 0u
#define VIRTIO_SND_QUEUE_EVENT 1u
#define VIRTIO_SND_QUEUE_TX 2u
#define VIRTIO_SND_QUEUE_RX 3u
#define VIRTIO_SND_QUEUE_COUNT 4u

#define VIRTIO_SND_CFG_JACKS 0u   /* u32 */
#define VIRTIO_SND_CFG_STREAMS 4u /* u32 */
#define VIRTIO_SND_CFG_CHMAPS 8u  /* u32 */

#define VIRTIO_SND_R_JACK_INFO 0x0001u
#define VIRTIO_SND_R_JACK_REMAP 0x0002u
#define VIRTIO_SND_R_PCM_INFO 0x0100u
#define VIRTIO_SND_R_PCM_SET_PARAMS 0x0101u
#define VIRTIO_SND_R_PCM_PREPARE 0x0102u
#define VIRTIO_SND_R_PCM_RELEASE 0x0103u
#define VIRTIO_SND_R_PCM_START 0x0104u
#define VIRTIO_SND_R_PCM_STOP 0x0105u
#define VIRTIO_SND_R_CHMAP_INFO 0x0200u

#define VIRTIO_SND_EVT_JACK_CONNECTED 0x1000u
#define VIRTIO_SND_EVT_JACK_DISCONNECTED 0x1001u
#define VIRTIO_SND_EVT_PCM_PERIOD_ELAPSED 0x1100u
#define VIRTIO_SND_EVT_PCM_XRUN 0x1101u

/* Status values: the Aero dialect counts from 0, the specification from 0x8000. */
#define VIRTIO_SND_S_AERO_BASE 0x0000u
#define VIRTIO_SND_S_SPEC_BASE 0x8000u
#define VIRTIO_SND_S_OK 0u
#define VIRTIO_SND_S_BAD_MSG 1u
#define VIRTIO_SND_S_NOT_SUPP 2u
#define VIRTIO_SND_S_IO_ERR 3u

#define VIRTIO_SND_D_OUTPUT 0u
#define VIRTIO_SND_D_INPUT 1u
#define VIRTIO_SND_PCM_FMT_S16 5u
#define VIRTIO_SND_PCM_RATE_48000 7u

struct virtio_snd_hdr { /* every control request; every answer begins with a status in its place */
    vw_u32 code;
};

struct virtio_snd_query_info { /* the Aero dialect needs the first 12 bytes only */
    vw_u32 code;
    vw_u32 start_id;
    vw_u32 count;
    vw_u32 size;
};

struct virtio_snd_pcm_info {
    vw_u32 hda_fn_nid; /* Aero dialect: the stream id */
    vw_u32 features;
    vw_u64 formats;
    vw_u64 rates;
    vw_u8 direction;
    vw_u8 channels_min;
    vw_u8 channels_max;
    vw_u8 padding[5];
};

struct virtio_snd_pcm_hdr {
    vw_u32 code;
    vw_u32 stream_id;
};

struct virtio_snd_pcm_set_params {
    vw_u32 code;
    vw_u32 stream_id;
    vw_u32 buffer_bytes;
    vw_u32 period_bytes;
    vw_u32 features;
    vw_u8 channels;
    vw_u8 format;
    vw_u8 rate;
    vw_u8 padding;
};

struct virtio_snd_event {
    vw_u32 code;
    vw_u32 data;
};

#define VIRTIO_SND_XFER_BYTES_AERO 8u /* stream_id, reserved */
#define VIRTIO_SND_XFER_BYTES_SPEC 4u /* stream_id */
struct virtio_snd_pcm_xfer {
    vw_u32 stream_id;
    vw_u32 reserved; /* Aero dialect only */
};

struct virtio_snd_pcm_status {
    vw_u32 status;
    vw_u32 latency_bytes;
};

/* Largest PCM payload of one transfer, in bytes (contract v1, "virtio-snd"). */
#define VIRTIO_SND_MAX_PCM_BYTES (256u * 1024u)

/* Compile-time proof of the layouts, on every compiler that reads this file. */
#define VIRTIO_WIRE_ASSERT(name, cond) typedef char virtio_wire_assert_##name[(cond) ? 1 : -1]
VIRTIO_WIRE_ASSERT(u64, sizeof(vw_u64) == 8);
VIRTIO_WIRE_ASSERT(desc, sizeof(struct vring_desc) == 16);
VIRTIO_WIRE_ASSERT(used_elem, sizeof(struct vring_used_elem) == 8);
VIRTIO_WIRE_ASSERT(query_info, sizeof(struct virtio_snd_query_info) == 16);
VIRTIO_WIRE_ASSERT(pcm_info, sizeof(struct virtio_snd_pcm_info) == 32);
VIRTIO_WIRE_ASSERT(set_params, sizeof(struct virtio_snd_pcm_set_params) == 24);
VIRTIO_WIRE_ASSERT(event, sizeof(struct virtio_snd_event) == 8);
VIRTIO_WIRE_ASSERT(xfer, sizeof(struct virtio_snd_pcm_xfer) == 8);
VIRTIO_WIRE_ASSERT(status, sizeof(struct virtio_snd_pcm_status) == 8);

#endif
