/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The one place that knows which kit compiles the driver.
 *
 * Include this instead of <ntddk.h>. A file that talks to PortCls says
 *
 *      #define WDK_COMPAT_PORTCLS
 *      #include "wdk_compat.h"
 *
 * Under WDK 10 and WinDDK 7600 this header only includes the kit's own headers
 * and names the code sections. Under mingw-w64's DDK headers it also adds what
 * they lack and mends what they get wrong for Windows 7; every value comes from
 * the kit's documentation (the page is named beside each).
 *
 * GUIDs: mingw-w64 leaves the kernel streaming GUIDs extern and ships no library
 * that has them all, and the kits want ksguid.lib. So give a GUID storage of your
 * own name, which is right everywhere:
 *
 *      static const GUID VirtIoSndJackSet = { STATIC_KSPROPSETID_Jack };
 *
 * Interface ids of portcls.h come from one file that includes <initguid.h> first.
 */
#ifndef WDK_COMPAT_H
#define WDK_COMPAT_H

#if defined(__MINGW32__)
#define WDK_COMPAT_MINGW 1
#else
#define WDK_COMPAT_MINGW 0
#endif

#if WDK_COMPAT_MINGW
/* winnt.h defines these two inline and wdm.h defines them again, which makes clang emit them as global functions in
 * every object. Give the second pair names and linkage of its own; wdm.h itself then points the real names at
 * intrinsics. */
#include <excpt.h>
#include <ntdef.h>
#include <intrin.h>
#ifndef InterlockedBitTestAndSet
#define InterlockedBitTestAndSet WdkCompatBitTestAndSet
#define InterlockedBitTestAndReset WdkCompatBitTestAndReset
#endif
#endif

#include <ntddk.h>

#if WDK_COMPAT_MINGW && defined(_AMD64_) && !defined(KeMemoryBarrier)
/* wdm.h has it for x86 only. A full fence for compiler and processor. */
#define KeMemoryBarrier() __sync_synchronize()
#endif

/*
 * Code sections. Each goes in front of the function's definition:
 *
 *      CODE_INIT NTSTATUS NTAPI DriverEntry(...)
 *      CODE_PAGE static NTSTATUS Foo(...)
 *      CODE_RESIDENT static VOID Bar(...)
 *
 * INIT is discarded once DriverEntry returned; PAGE is pageable, so its functions
 * run at IRQL < DISPATCH_LEVEL only and begin with PAGED_CODE(). noinline keeps
 * the code where it was put: a function that takes a spin lock would be pageable
 * if it were inlined into PAGE, so static ones that are called from there say
 * CODE_RESIDENT. clang ignores #pragma alloc_text, so an attribute does it there.
 * cl of WinDDK 7600 has no such attribute: its image keeps everything resident,
 * which is always correct.
 */

/* In place of `static __inline`: inlined wherever it is called, because that is on the way of every period. */
#if defined(__GNUC__)
#define CODE_INLINE static __inline __attribute__((always_inline))
#else
#define CODE_INLINE static __forceinline
#endif

#if defined(__clang__)
#define CODE_SMALL , minsize, cold /* runs seldom; cold: not aligned either */
#else
#define CODE_SMALL
#endif
#if defined(__GNUC__)
#define CODE_INIT __attribute__((section("INIT"), noinline CODE_SMALL))
#define CODE_PAGE __attribute__((section("PAGE"), noinline CODE_SMALL))
#define CODE_RESIDENT __attribute__((noinline CODE_SMALL))
#elif defined(_MSC_VER) && _MSC_VER >= 1700
#define CODE_INIT __declspec(code_seg("INIT")) __declspec(noinline)
#define CODE_PAGE __declspec(code_seg("PAGE")) __declspec(noinline)
#define CODE_RESIDENT __declspec(noinline)
#else
#define CODE_INIT
#define CODE_PAGE
#define CODE_RESIDENT
#endif

#endif

/* Outside the guard: a header may have included this one without PortCls before. */
#ifdef WDK_COMPAT_PORTCLS
#include "wdk_compat_portcls.h"
#endif
