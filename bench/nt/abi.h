/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Base types with Windows' widths and Windows' calling conventions, for a bench
 * that is itself an ordinary Linux program. Built with -fshort-wchar, so that
 * L"text" is UTF-16 as the driver expects; never call libc's wide functions.
 *
 * x86: i386 Linux aligns 8-byte fields to 4, Windows to 8: the typedefs below
 * carry the alignment. Linux returns small structures in memory, Windows in
 * edx:eax: functions that Windows declares as returning LARGE_INTEGER are
 * declared here as returning LONGLONG.
 */
#ifndef BENCH_ABI_H
#define BENCH_ABI_H

#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)
#define NTAPI __attribute__((ms_abi))
#define FASTCALL __attribute__((ms_abi))
#define CDECL __attribute__((ms_abi))
typedef __builtin_ms_va_list MS_VA_LIST;
#define MS_VA_START(list, last) __builtin_ms_va_start(list, last)
#define MS_VA_END(list) __builtin_ms_va_end(list)
#elif defined(__i386__)
#define NTAPI __attribute__((stdcall))
#define FASTCALL __attribute__((fastcall))
#define CDECL __attribute__((cdecl))
typedef __builtin_va_list MS_VA_LIST;
#define MS_VA_START(list, last) __builtin_va_start(list, last)
#define MS_VA_END(list) __builtin_va_end(list)
#else
#error "the guest runs on x86 and x64 only"
#endif

#ifndef VOID
#define VOID void
#endif
#define IN
#define OUT
#define OPTIONAL
#define CONST const

typedef void *PVOID;
typedef char CHAR, *PCHAR;
typedef const char *PCSTR;
typedef unsigned char UCHAR, *PUCHAR, BOOLEAN, *PBOOLEAN;
typedef int16_t SHORT, CSHORT;
typedef uint16_t USHORT, *PUSHORT, WORD;
typedef int32_t LONG, *PLONG, NTSTATUS, *PNTSTATUS, BOOL;
typedef uint32_t ULONG, *PULONG, DWORD, UINT;
typedef int64_t LONGLONG __attribute__((aligned(8)));
typedef uint64_t ULONGLONG __attribute__((aligned(8)));
typedef LONGLONG LONG64;
typedef ULONGLONG ULONG64, QUOTA64;
typedef intptr_t LONG_PTR, SSIZE_T;
typedef uintptr_t ULONG_PTR, SIZE_T, *PSIZE_T, *PULONG_PTR, KAFFINITY, PFN_NUMBER, *PPFN_NUMBER, KSPIN_LOCK,
    *PKSPIN_LOCK, ERESOURCE_THREAD;
typedef uint16_t WCHAR, *PWSTR, *PWCHAR;
typedef const WCHAR *PCWSTR;
typedef UCHAR KIRQL, *PKIRQL;
typedef CHAR KPROCESSOR_MODE, CCHAR;
typedef LONG KPRIORITY;
typedef PVOID HANDLE, *PHANDLE;
typedef ULONG ACCESS_MASK;
typedef ULONG DEVICE_TYPE;
typedef UCHAR KEY_BYTE;

#define TRUE 1
#define FALSE 0

#define PAGE_SIZE 0x1000u
#define PAGE_SHIFT 12
#define BYTES_TO_PAGES(bytes) (((size_t)(bytes) + PAGE_SIZE - 1) >> PAGE_SHIFT)
#define BYTE_OFFSET(va) ((ULONG)((ULONG_PTR)(va) & (PAGE_SIZE - 1)))
#define PAGE_ALIGN(va) ((PVOID)((ULONG_PTR)(va) & ~(ULONG_PTR)(PAGE_SIZE - 1)))
#define SPAN_PAGES(va, bytes) BYTES_TO_PAGES((size_t)BYTE_OFFSET(va) + (bytes))

#define PASSIVE_LEVEL 0
#define APC_LEVEL 1
#define DISPATCH_LEVEL 2
#if defined(__x86_64__)
#define CLOCK_LEVEL 13
#define HIGH_LEVEL 15
#else
#define CLOCK_LEVEL 28
#define HIGH_LEVEL 31
#endif

#define NT_SUCCESS(status) ((NTSTATUS)(status) >= 0)

/* Status values that the bench uses, and their names for messages (status_name() in text.c). */
#define NT_STATUS_TABLE(X)                                                                                             \
    X(STATUS_SUCCESS, 0x00000000)                                                                                      \
    X(STATUS_WAIT_1, 0x00000001)                                                                                       \
    X(STATUS_USER_APC, 0x000000C0)                                                                                     \
    X(STATUS_ALERTED, 0x00000101)                                                                                      \
    X(STATUS_TIMEOUT, 0x00000102)                                                                                      \
    X(STATUS_PENDING, 0x00000103)                                                                                      \
    X(STATUS_SOME_NOT_MAPPED, 0x00000107)                                                                              \
    X(STATUS_OBJECT_NAME_EXISTS, 0x40000000)                                                                           \
    X(STATUS_BUFFER_OVERFLOW, 0x80000005)                                                                              \
    X(STATUS_NO_MORE_FILES, 0x80000006)                                                                                \
    X(STATUS_DEVICE_BUSY, 0x80000011)                                                                                  \
    X(STATUS_NO_MORE_ENTRIES, 0x8000001A)                                                                              \
    X(STATUS_UNSUCCESSFUL, 0xC0000001)                                                                                 \
    X(STATUS_NOT_IMPLEMENTED, 0xC0000002)                                                                              \
    X(STATUS_INFO_LENGTH_MISMATCH, 0xC0000004)                                                                         \
    X(STATUS_ACCESS_VIOLATION, 0xC0000005)                                                                             \
    X(STATUS_INVALID_HANDLE, 0xC0000008)                                                                               \
    X(STATUS_INVALID_PARAMETER, 0xC000000D)                                                                            \
    X(STATUS_NO_SUCH_DEVICE, 0xC000000E)                                                                               \
    X(STATUS_INVALID_DEVICE_REQUEST, 0xC0000010)                                                                       \
    X(STATUS_MORE_PROCESSING_REQUIRED, 0xC0000016)                                                                     \
    X(STATUS_NO_MEMORY, 0xC0000017)                                                                                    \
    X(STATUS_ACCESS_DENIED, 0xC0000022)                                                                                \
    X(STATUS_BUFFER_TOO_SMALL, 0xC0000023)                                                                             \
    X(STATUS_OBJECT_TYPE_MISMATCH, 0xC0000024)                                                                         \
    X(STATUS_OBJECT_NAME_INVALID, 0xC0000033)                                                                          \
    X(STATUS_OBJECT_NAME_NOT_FOUND, 0xC0000034)                                                                        \
    X(STATUS_OBJECT_NAME_COLLISION, 0xC0000035)                                                                        \
    X(STATUS_DATA_OVERRUN, 0xC000003C)                                                                                 \
    X(STATUS_DATA_ERROR, 0xC000003E)                                                                                   \
    X(STATUS_CRC_ERROR, 0xC000003F)                                                                                    \
    X(STATUS_REVISION_MISMATCH, 0xC0000059)                                                                            \
    X(STATUS_INSUFFICIENT_RESOURCES, 0xC000009A)                                                                       \
    X(STATUS_DEVICE_NOT_CONNECTED, 0xC000009D)                                                                         \
    X(STATUS_DEVICE_POWER_FAILURE, 0xC000009E)                                                                         \
    X(STATUS_DEVICE_NOT_READY, 0xC00000A3)                                                                             \
    X(STATUS_IO_TIMEOUT, 0xC00000B5)                                                                                   \
    X(STATUS_NOT_SUPPORTED, 0xC00000BB)                                                                                \
    X(STATUS_DEVICE_DOES_NOT_EXIST, 0xC00000C0)                                                                        \
    X(STATUS_ADAPTER_HARDWARE_ERROR, 0xC00000C2)                                                                       \
    X(STATUS_INVALID_NETWORK_RESPONSE, 0xC00000C3)                                                                     \
    X(STATUS_INTERNAL_ERROR, 0xC00000E5)                                                                               \
    X(STATUS_DELETE_PENDING, 0xC0000056)                                                                               \
    X(STATUS_CANCELLED, 0xC0000120)                                                                                    \
    X(STATUS_DEVICE_CONFIGURATION_ERROR, 0xC0000182)                                                                   \
    X(STATUS_DEVICE_DATA_ERROR, 0xC000009C)                                                                            \
    X(STATUS_DEVICE_PROTOCOL_ERROR, 0xC0000186)                                                                        \
    X(STATUS_INVALID_DEVICE_STATE, 0xC0000184)                                                                         \
    X(STATUS_IO_DEVICE_ERROR, 0xC0000185)                                                                              \
    X(STATUS_INVALID_BUFFER_SIZE, 0xC0000206)                                                                          \
    X(STATUS_NOT_FOUND, 0xC0000225)                                                                                    \
    X(STATUS_NO_MATCH, 0xC0000272)                                                                                     \
    X(STATUS_RESOURCE_NOT_OWNED, 0xC0000264)                                                                           \
    X(STATUS_PROPSET_NOT_FOUND, 0xC0000230)                                                                            \
    X(STATUS_DEVICE_REMOVED, 0xC00002B6)

#define NT_STATUS_ENUM(name_, value_) name_ = (NTSTATUS)(value_##u),
enum nt_status { NT_STATUS_TABLE(NT_STATUS_ENUM) STATUS_WAIT_0 = 0 };

#endif
